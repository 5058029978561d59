// The connections of a worker: opening, reusing, reading, losing.
#include <algorithm>

#include "core/load/worker.hpp"
#include "core/net/socket.hpp"

namespace core::load {

namespace {

constexpr std::int64_t kWarmLimit_ns = 2'000'000'000;
// A kept-alive connection that dies later than this after a request was not dead when the request came.
constexpr std::int64_t kStale_ns = 250'000'000;
constexpr int kStaleLimit = 3;  // then each request gets a connection of its own

}  // namespace

void Worker::open_warm_connections() {
  const std::uint32_t all = setup_.warm_connections;
  const std::uint32_t mine = all / setup_.threads + (number_ < all % setup_.threads ? 1 : 0);
  for (std::uint32_t i = 0; i < mine; ++i) open(new_channel());
  const std::int64_t limit = net::now_ns() + kWarmLimit_ns;
  const auto connecting = [this] {
    return std::any_of(channels_.begin(), channels_.end(),
                       [](const Channel& channel) { return channel.link == Link::kConnecting; });
  };
  while (connecting() && net::now_ns() < limit && !shared_.stop) {
    for (const net::Ready& ready : poller_.wait(limit))
      if (ready.owner) serve(ready);
  }
  for (Channel& channel : channels_)
    if (channel.link == Link::kConnecting) drop(channel);
}

void Worker::serve(const net::Ready& ready) {
  Channel& channel = *static_cast<Channel*>(ready.owner);
  switch (channel.link) {
    case Link::kConnecting:
      return on_connecting(channel);
    case Link::kBusy:
      return on_busy(channel, ready.what);
    case Link::kIdle:
      return on_idle(channel);
    case Link::kClosed:
      return;
  }
}

// The connection used last is the warmest, and the one least likely to have been closed by the server.
Worker::Channel* Worker::idle_channel() {
  if (idle_.empty()) return nullptr;
  Channel* channel = idle_.back();
  idle_.pop_back();
  return channel;
}

Worker::Channel& Worker::new_channel() {
  Channel* channel = nullptr;
  if (unused_.empty()) {
    channel = &channels_.emplace_back();
  } else {
    channel = unused_.back();
    unused_.pop_back();
  }
  channel->has_request = false;
  channel->tries = 0;
  return *channel;
}

void Worker::open(Channel& channel) {
  const auto& addresses = shared_.addresses;
  auto fd = net::connect_tcp(addresses[(good_address_ + channel.tries) % addresses.size()]);
  if (!fd) return connect_failed(channel, fd.error().message, false);
  ++report_.connections;
  channel.connection = net::Connection(std::move(fd).value());
  if (shared_.tls) channel.connection.start_tls_client(shared_.tls, setup_.target.host);
  channel.link = Link::kConnecting;
  channel.watched = net::kRead | net::kWrite;
  if (!poller_.add(channel.connection.fd(), channel.watched, &channel))
    return connect_failed(channel, "the system refuses to watch another socket", false);
  on_connecting(channel);
}

void Worker::on_connecting(Channel& channel) {
  switch (channel.connection.handshake()) {
    case net::Io::kOk:
      return become_ready(channel);
    case net::Io::kBlocked:
      return watch(channel);
    default:
      return connect_failed(channel, channel.connection.problem(),
                            channel.connection.is_tls() && channel.connection.is_connected());
  }
}

void Worker::connect_failed(Channel& channel, std::string why, bool in_tls) {
  const bool again = !in_tls && ++channel.tries < shared_.addresses.size();
  if (again) {
    if (channel.connection.is_open()) {
      poller_.remove(channel.connection.fd(), &channel);
      channel.connection.close();
    }
    return open(channel);
  }
  if (channel.has_request) return fail(channel, in_tls ? Failure::kTls : Failure::kConnect, why);
  drop(channel);
}

void Worker::become_ready(Channel& channel) {
  good_address_ = (good_address_ + channel.tries) % shared_.addresses.size();
  channel.connection.stamp_arrivals();
  channel.tries = 0;
  channel.reader.reset_connection();
  if (channel.has_request) {
    channel.record.flags |= kNewConnection;
    return transmit(channel);
  }
  channel.link = Link::kIdle;
  watch(channel);
  idle_.push_back(&channel);
}

void Worker::transmit(Channel& channel) {
  now_ = net::now_ns();
  channel.link = Link::kBusy;
  channel.record.sent_ns = now_ - epoch_;
  channel.record.sent_bytes = channel.request.bytes.size();
  const net::Io io = channel.connection.send(channel.request.bytes);
  if (io == net::Io::kFailed || io == net::Io::kClosed) return lost(channel, false);
  watch(channel);
}

void Worker::on_busy(Channel& channel, unsigned what) {
  if ((what & net::kWrite) && channel.connection.pending_bytes() > 0) {
    const net::Io io = channel.connection.flush();
    if (io == net::Io::kFailed || io == net::Io::kClosed) return lost(channel, false);
    watch(channel);
  }
  if (what & net::kRead) read_answer(channel);
}

void Worker::read_answer(Channel& channel) {
  for (;;) {
    std::size_t got = 0;
    switch (channel.connection.read(buffer_.data(), buffer_.size(), got)) {
      case net::Io::kBlocked:
        return watch(channel);
      case net::Io::kClosed:
        now_ = net::now_ns();
        return lost(channel, true);
      case net::Io::kFailed:
        now_ = net::now_ns();
        return lost(channel, false);
      case net::Io::kOk:
        break;
    }
    now_ = net::now_ns();
    // The wall clock, which the stamps are of, may be set meanwhile: no answer comes before its request.
    const std::int64_t arrived = std::max(channel.connection.arrived_ns(), epoch_ + channel.record.sent_ns);
    const bool first = !channel.reader.tokens().chunks();
    const auto state = channel.reader.feed({buffer_.data(), got}, arrived);
    if (first && channel.reader.tokens().chunks())
      live_.record_ttft(arrived - epoch_ - channel.record.sent_ns);
    if (state == ResponseReader::State::kEnded) return finish(channel);
    if (got < buffer_.size()) return;
  }
}

// Something happened on a connection without a request: its end, or TLS bookkeeping.
void Worker::on_idle(Channel& channel) {
  std::size_t got = 0;
  if (channel.connection.read(buffer_.data(), buffer_.size(), got) == net::Io::kBlocked) return;
  idle_.erase(std::find(idle_.begin(), idle_.end(), &channel));
  drop(channel);
}

void Worker::lost(Channel& channel, bool orderly) {
  const bool at_once = channel.record.sent_ns < 0 || now_ - epoch_ - channel.record.sent_ns < kStale_ns;
  const bool stale = channel.reused && !channel.reader.got_anything() && at_once;
  if (stale) {  // the server closed the kept-alive connection just before the request came
    poller_.remove(channel.connection.fd(), &channel);
    channel.connection.close();
    channel.reused = false;
    channel.record.flags |= kRetried;
    if (++stale_in_a_row_ >= kStaleLimit) report_.drops_connections = true;
    return open(channel);
  }
  if (orderly) {
    channel.reader.end();
    return finish(channel);
  }
  fail(channel, Failure::kTruncated, channel.connection.problem());
}

void Worker::watch(Channel& channel) {
  const unsigned wants = channel.connection.wants();
  if (wants == channel.watched) return;
  channel.watched = wants;
  poller_.change(channel.connection.fd(), wants, &channel);
}

void Worker::drop(Channel& channel) {
  if (channel.connection.is_open()) {
    poller_.remove(channel.connection.fd(), &channel);
    channel.connection.close();
  }
  channel.link = Link::kClosed;
  unused_.push_back(&channel);
}

}  // namespace core::load
