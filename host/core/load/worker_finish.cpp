// The end of a request: its record, its slot, its connection, its user.
#include <algorithm>

#include "core/load/worker.hpp"

namespace core::load {

namespace {

constexpr std::int64_t kRest_ns = 100'000'000;  // of a user whose request failed
constexpr int kSamples = 3;

}  // namespace

void Worker::fail(Channel& channel, Failure failure, const std::string& detail, std::uint32_t flags) {
  now_ = net::now_ns();
  Record& record = channel.record;
  record.end_ns = now_ - epoch_;
  record.flags |= flags;
  channel.reader.fill(record, epoch_);
  record.failure = failure;
  keep_sample(record, detail);
  release(channel);
  drop(channel);
}

void Worker::finish(Channel& channel) {
  Record& record = channel.record;
  record.end_ns = std::max(channel.connection.arrived_ns() - epoch_, record.sent_ns);
  channel.reader.fill(record, epoch_);
  if (!record.succeeded()) keep_sample(record, channel.reader.detail());
  if (channel.reused) stale_in_a_row_ = 0;
  const bool kept = setup_.keep_alive && !report_.drops_connections;
  const bool reuse = channel.reader.keep_alive() && kept && !closing_;
  release(channel);
  if (!reuse) return drop(channel);
  channel.link = Link::kIdle;
  watch(channel);
  idle_.push_back(&channel);
}

void Worker::release(Channel& channel) {
  const Record& record = channel.record;
  LiveCounters::bump(record.succeeded() ? live_.succeeded : live_.failed);
  LiveCounters::bump(live_.tokens, channel.reader.tokens().tokens());
  records_.add(record, channel.reader.tokens(), epoch_);
  channel.reader.tokens().clear(pool_);
  channel.has_request = false;
  shared_.feed.release(record.index);
  remove_in_flight(channel);
  count_in_flight(-1, epoch_ + record.end_ns);
  leave_gate();
  if (setup_.schedule.open_loop || closing_) return;
  users_due_.push(record.succeeded() ? now_ : now_ + kRest_ns);
}

void Worker::leave_gate() {
  const int next = shared_.gate.leave();
  if (next < 0) return;
  if (static_cast<unsigned>(next) == number_)
    granted_.fetch_add(1, std::memory_order_relaxed);  // the loop is awake: it is us
  else
    shared_.workers[static_cast<std::size_t>(next)]->grant();
}

void Worker::keep_sample(const Record& record, const std::string& detail) {
  if (++sampled_[{record.failure, record.status}] > kSamples) return;
  report_.samples.push_back({record.failure, record.status, detail});
}

// Moments may come out of order (an answer has arrived before it is read); the sum is the same.
void Worker::count_in_flight(int change, std::int64_t at_ns) {
  report_.in_flight_ns += static_cast<double>(in_flight_) * static_cast<double>(at_ns - in_flight_since_);
  in_flight_since_ = at_ns;
  in_flight_ += static_cast<std::uint64_t>(change);
  live_.in_flight.store(in_flight_, std::memory_order_relaxed);
}

void Worker::append_in_flight(Channel& channel) {
  channel.older = newest_;
  channel.newer = nullptr;
  (newest_ ? newest_->newer : oldest_) = &channel;
  newest_ = &channel;
}

void Worker::remove_in_flight(Channel& channel) {
  (channel.older ? channel.older->newer : oldest_) = channel.newer;
  (channel.newer ? channel.newer->older : newest_) = channel.older;
  channel.older = channel.newer = nullptr;
}

}  // namespace core::load
