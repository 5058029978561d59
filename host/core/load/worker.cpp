#include "core/load/worker.hpp"

#include <algorithm>

namespace core::load {

namespace {

constexpr std::int64_t kStarvedRetry_ns = 100'000;
constexpr int kSendsInARow = 32;  // then answers get a turn

}  // namespace

Worker::Worker(StageShared& shared, unsigned number)
    : shared_(shared), setup_(shared.setup), number_(number), buffer_(64 * 1024) {
  poller_.set_spin_ns(setup_.spin_ns);
}

void Worker::run() {
  net::sharpen_timers();
  open_warm_connections();
  shared_.line.arrive_and_wait();
  epoch_ = shared_.epoch_ns;
  set_hard_end();
  const ThreadUsage before = thread_usage();
  const std::int64_t began = now_ = in_flight_since_ = net::now_ns();
  begin_planned();
  begin_users();
  loop();
  const ThreadUsage after = thread_usage();
  report_.usage = {after.cpu_ns - before.cpu_ns, after.involuntary_switches - before.involuntary_switches};
  report_.wall_ns = net::now_ns() - began;
  for (Channel* channel : idle_) channel->connection.close();
}

void Worker::set_hard_end() {
  const Schedule& schedule = setup_.schedule;
  std::int64_t length = setup_.stage_timeout_ns;
  if (schedule.open_loop || schedule.duration_s > 0) {
    const auto window_end = schedule.open_loop
                                ? shared_.plan.window_end_ns
                                : static_cast<std::int64_t>((schedule.warmup_s + schedule.duration_s) * 1e9);
    length = std::min(length, window_end + setup_.drain_ns);
  }
  hard_end_ = length == net::kNever ? net::kNever : epoch_ + length;
}

void Worker::begin_planned() { next_planned_ = number_; }

// Users are dealt out to the workers like cards.
void Worker::begin_users() {
  const Schedule& schedule = setup_.schedule;
  if (schedule.open_loop) return;
  for (std::uint32_t user = number_; user < schedule.concurrency; user += setup_.threads) {
    const double offset = schedule.ramp_s * user / schedule.concurrency;
    users_due_.push(epoch_ + static_cast<std::int64_t>(offset * 1e9));
  }
}

bool Worker::finished() const {
  return next_due() == net::kNever && waiting_.empty() && starved_.empty() && in_flight_ == 0;
}

// Users who have not begun yet need not begin once all requests of the stage are taken.
bool Worker::used_up() const {
  const std::uint64_t requests = setup_.schedule.requests;
  return requests && shared_.measured.load(std::memory_order_relaxed) >= requests;
}

// When the next request of the plan, or of a user who is free, is due.
std::int64_t Worker::next_due() const {
  if (closing_) return net::kNever;
  if (!setup_.schedule.open_loop) return users_due_.empty() || used_up() ? net::kNever : users_due_.top();
  const auto& plan = shared_.plan.at_ns;
  return next_planned_ < plan.size() ? epoch_ + plan[next_planned_] : net::kNever;
}

std::int64_t Worker::next_deadline() const {
  std::int64_t deadline = std::min(next_due(), closing_ ? net::kNever : hard_end_);
  if (oldest_) deadline = std::min(deadline, epoch_ + oldest_->record.started_ns + setup_.request_timeout_ns);
  if (!starved_.empty()) deadline = std::min(deadline, now_ + kStarvedRetry_ns);
  if (granted_.load(std::memory_order_relaxed)) deadline = now_;
  return deadline;
}

void Worker::loop() {
  std::int64_t woke = now_;
  for (;;) {
    if (!closing_ && (shared_.stop.load(std::memory_order_relaxed) || now_ >= hard_end_)) close_stage();
    send_due();
    use_granted();
    use_starved();
    expire();
    if (finished()) return;
    report_.loop_lag.record(static_cast<std::uint64_t>(net::now_ns() - woke));
    const auto ready = poller_.wait(next_deadline());
    woke = now_ = net::now_ns();
    for (const net::Ready& one : ready) {
      if (!one.owner) continue;
      serve(one);
      if (next_due() <= now_) send_due();
      if (granted_.load(std::memory_order_relaxed)) use_granted();
    }
  }
}

void Worker::send_due() {
  std::int64_t due = next_due();
  for (int sends = 0; due <= now_ && sends < kSendsInARow; ++sends, due = next_due()) {
    if (setup_.schedule.open_loop) {
      const std::size_t index = next_planned_;
      next_planned_ += setup_.threads;
      admit(index, due);
    } else {
      users_due_.pop();
      send_for_user(due);
    }
  }
}

// The user's next request, unless the stage has no more for it.
void Worker::send_for_user(std::int64_t due) {
  const Schedule& schedule = setup_.schedule;
  const double at_s = static_cast<double>(due - epoch_) / 1e9;
  if (schedule.duration_s > 0 && at_s >= schedule.warmup_s + schedule.duration_s) return;
  const std::uint64_t index = shared_.next_index.fetch_add(1, std::memory_order_relaxed);
  if (schedule.requests && !is_warmup(index, due - epoch_)) {
    const std::uint64_t taken = shared_.measured.fetch_add(1, std::memory_order_relaxed);
    if (taken >= schedule.requests) return;
    if (taken + 1 == schedule.requests)  // the others need not wait for users of theirs
      for (auto& worker : shared_.workers) worker->wake();
  }
  admit(index, due);
}

bool Worker::is_warmup(std::uint64_t index, std::int64_t planned_ns) const {
  const Schedule& schedule = setup_.schedule;
  if (schedule.open_loop) return index < shared_.plan.warmup_count;
  return index < schedule.warmup_requests || static_cast<double>(planned_ns) < schedule.warmup_s * 1e9;
}

void Worker::admit(std::uint64_t index, std::int64_t planned_ns) {
  if (shared_.gate.enter(number_)) {
    start({index, planned_ns, 0});
  } else {
    waiting_.push_back({index, planned_ns, 0});
    live_.waiting.store(waiting_.size(), std::memory_order_relaxed);
  }
}

void Worker::use_granted() {
  for (std::uint32_t slots = granted_.exchange(0, std::memory_order_acquire); slots > 0; --slots) {
    if (waiting_.empty()) {
      leave_gate();
      continue;
    }
    Pending pending = waiting_.front();
    waiting_.pop_front();
    live_.waiting.store(waiting_.size(), std::memory_order_relaxed);
    now_ = net::now_ns();
    pending.cap_wait_ns = now_ - pending.planned_ns;
    start(pending);
  }
}

void Worker::use_starved() {
  for (std::size_t n = starved_.size(); n > 0; --n) {
    const Pending pending = starved_.front();
    starved_.pop_front();
    start(pending);
  }
}

void Worker::start(const Pending& pending) {
  const ReadyRequest request = shared_.feed.get(pending.index);
  if (request.bytes.empty()) {
    ++report_.starved;
    starved_.push_back(pending);
    return;
  }
  now_ = net::now_ns();
  Channel* channel = idle_channel();
  const bool reused = channel != nullptr;
  if (!channel) channel = &new_channel();
  channel->request = request;
  channel->has_request = true;
  channel->reused = reused;
  Record& record = channel->record = Record();
  record.index = pending.index;
  record.planned_ns = pending.planned_ns - epoch_;
  record.cap_wait_ns = pending.cap_wait_ns;
  record.started_ns = now_ - epoch_;
  if (is_warmup(record.index, record.planned_ns)) record.flags = kWarmup;
  record.requested_input = request.lengths.input;
  record.requested_output = request.lengths.output;
  channel->reader.begin(setup_.target.streaming, pool_);
  append_in_flight(*channel);
  count_in_flight(1, now_);
  LiveCounters::bump(live_.sent);
  if (reused)
    transmit(*channel);
  else
    open(*channel);
}

void Worker::expire() {
  while (oldest_ && now_ >= epoch_ + oldest_->record.started_ns + setup_.request_timeout_ns)
    fail(*oldest_, Failure::kTimeout, "no complete answer within the request timeout");
}

// Gives up everything that is not done: the stage is over or was cancelled.
void Worker::close_stage() {
  closing_ = true;
  if (setup_.schedule.open_loop) {
    for (; next_planned_ < shared_.plan.at_ns.size(); next_planned_ += setup_.threads)
      record_not_sent(next_planned_, shared_.plan.at_ns[next_planned_], 0);
  }
  for (const Pending& p : waiting_) record_not_sent(p.index, p.planned_ns - epoch_, now_ - p.planned_ns);
  for (const Pending& p : starved_) record_not_sent(p.index, p.planned_ns - epoch_, p.cap_wait_ns);
  waiting_.clear();
  starved_.clear();
  live_.waiting.store(0, std::memory_order_relaxed);
  while (oldest_) fail(*oldest_, Failure::kCancelled, "in flight when the stage ended", kInFlight);
}

void Worker::record_not_sent(std::uint64_t index, std::int64_t planned_ns, std::int64_t cap_wait_ns) {
  Record record;
  record.index = index;
  record.planned_ns = planned_ns;
  record.cap_wait_ns = std::max<std::int64_t>(0, cap_wait_ns);
  record.failure = Failure::kCancelled;
  record.flags = is_warmup(index, planned_ns) ? kNotSent | kWarmup : static_cast<std::uint32_t>(kNotSent);
  records_.add(record, TokenLog(), epoch_);
}

}  // namespace core::load
