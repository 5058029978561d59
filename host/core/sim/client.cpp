#include "core/sim/client.hpp"

#include <algorithm>

#include "core/net/monotonic.hpp"
#include "core/net/poller.hpp"
#include "core/sim/api_error.hpp"
#include "core/sim/generator.hpp"
#include "core/sim/routes.hpp"
#include "core/sim/shared.hpp"
#include "core/sim/worker.hpp"

namespace core::sim {

namespace {

constexpr std::size_t kMaxLeftover = 1 << 20;  // bytes read ahead of the answer; beyond that reading stops
constexpr std::size_t kMaxPending = 16 << 20;  // bytes the client has not taken; beyond that it is given up
constexpr std::size_t kKeptBody = 64 << 10;    // room that is kept for the next body
constexpr std::int64_t kIdleLimit = 600'000'000'000, kLingerLimit = 5'000'000'000;  // ns

net::HttpParser::Limits limits_of(const Options& options) {
  net::HttpParser::Limits limits;
  limits.body_bytes = static_cast<std::uint64_t>(options.max_request_body_size_mb) << 20;
  return limits;
}

}  // namespace

Client::Client(Worker& worker, net::Fd fd)
    : worker_(worker),
      connection_(std::move(fd)),
      parser_(net::HttpParser::Kind::kRequest, limits_of(worker.shared().options)),
      last_activity_ns_(net::now_ns()) {
  if (const auto& tls = worker.shared().tls)
    connection_.start_tls_server(tls);
  else if (worker.shared().truth)
    connection_.stamp_arrivals();
}

Client::~Client() = default;

unsigned Client::wants() const {
  const unsigned wanted = connection_.wants();
  return leftover_.size() >= kMaxLeftover ? wanted & ~net::kRead : wanted;
}

void Client::on_ready(unsigned what) {
  if (!handshaken_) {
    const auto io = connection_.handshake();
    if (io == net::Io::kBlocked) return;
    if (io != net::Io::kOk) return lose();
    handshaken_ = true;
  }
  if (connection_.pending_bytes() > 0) {
    const auto io = connection_.flush();
    if (io == net::Io::kFailed || io == net::Io::kClosed) return lose();
    if (io == net::Io::kOk && closing_) hang_up();
    if (dead_) return;
  }
  if (what & net::kRead) receive();
}

void Client::receive() {
  const auto buffer = worker_.buffer();
  while (!dead_) {
    std::size_t got = 0;
    const auto io = connection_.read(buffer.data(), buffer.size(), got);
    if (io == net::Io::kBlocked) return;
    if (io != net::Io::kOk) return lose();
    last_activity_ns_ = net::now_ns();
    arrived_ns_ = connection_.arrived_ns();
    const std::string_view input(buffer.data(), got);
    if (exchange_) {
      keep_for_later(input);
    } else if (!closing_) {
      consume(input);
    }
    if (got < buffer.size()) return;
  }
}

void Client::keep_for_later(std::string_view input) { leftover_.append(input); }

void Client::resume() {
  if (dead_ || exchange_ || leftover_.empty()) return;
  std::string input;
  input.swap(leftover_);
  arrived_ns_ = net::now_ns();
  consume(input);
}

void Client::consume(std::string_view input) {
  using Event = net::HttpParser::Event;
  for (;;) {
    switch (parser_.next(input)) {
      case Event::kNeedMore:
        return;
      case Event::kHead:
        begin_request();
        break;
      case Event::kBody:
        body_.append(parser_.body());
        break;
      case Event::kBad:
        return refuse(parser_.status_for_problem(), parser_.problem());
      case Event::kDone:
        dispatch();
        if (dead_ || closing_) return;
        if (exchange_) return keep_for_later(input);
        break;
    }
  }
}

void Client::begin_request() {
  const auto& head = parser_.head();
  keep_alive_ = head.keep_alive;
  minor_version_ = head.minor_version;
  head_only_ = head.method == "HEAD";
  reply_headers_.clear();
  body_.clear();
  if (head.content_length)
    body_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*head.content_length, 1 << 20)));
  if (head.expects_continue && minor_version_ == 1) {
    const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    send(std::span(&go_on, 1));
  }
}

void Client::dispatch() {
  const auto& head = parser_.head();
  const auto question = head.target.find('?');
  HttpRequest request;
  request.method = head.method;
  request.path = head.target.substr(0, question);
  if (question != std::string_view::npos) request.query = head.target.substr(question + 1);
  request.head = &head;
  request.body = body_;
  if (worker_.shared().options.log_http) {
    log_label_ = std::string(request.method) + ' ' + std::string(head.target);
  }
  handle_request(worker_, *this, request);
  if (body_.capacity() > kKeptBody) std::string().swap(body_);
}

void Client::refuse(int status, const std::string& message) {
  keep_alive_ = false;
  head_only_ = false;
  reply_headers_.clear();
  lingering_ = true;
  reply({status, error_body({status, message, ""})});
}

std::string Client::head_lines(int status) const {
  std::string lines = "HTTP/1.1 " + std::to_string(status) + ' ' + reason_phrase(status) + "\r\n";
  lines += worker_.shared().pod_headers;
  lines += reply_headers_;
  if (!keep_alive_) {
    lines += "Connection: close\r\n";
  } else if (minor_version_ == 0) {
    lines += "Connection: keep-alive\r\n";
  }
  return lines;
}

std::string Client::stream_head(const char* content_type) {
  if (!chunks()) keep_alive_ = false;  // the end of the connection is the end of the answer
  std::string lines = head_lines(200) + "Content-Type: " + content_type + "\r\nCache-Control: no-cache\r\n";
  if (chunks()) lines += "Transfer-Encoding: chunked\r\n";
  return lines + "\r\n";
}

void Client::note_status(int status) {
  worker_.count_reply(status);
  if (!log_label_.empty()) worker_.shared().log(log_label_ + ' ' + std::to_string(status));
  log_label_.clear();
}

void Client::reply(const HttpReply& reply) {
  note_status(reply.status);
  const auto head = head_lines(reply.status) + reply.headers + "Content-Type: " + reply.content_type +
                    "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n";
  const std::string_view parts[] = {head, head_only_ ? std::string_view() : std::string_view(reply.body)};
  if (send(parts)) finish_reply();
}

bool Client::send(std::span<const std::string_view> parts) {
  if (dead_) return false;
  const auto io = connection_.send(parts);
  if (io == net::Io::kOk) return true;
  if (io == net::Io::kBlocked && connection_.pending_bytes() <= kMaxPending) {
    worker_.watch(*this);
    return true;
  }
  lose();
  return false;
}

void Client::begin(std::unique_ptr<Exchange> exchange) { exchange_ = std::move(exchange); }

void Client::finish_reply() {
  exchange_.reset();
  last_activity_ns_ = net::now_ns();
  if (!keep_alive_) return close_after_flush();
  if (!leftover_.empty()) worker_.resume_later(*this);
}

void Client::close_after_flush() {
  closing_ = true;
  if (connection_.pending_bytes() == 0) hang_up();
}

void Client::hang_up() {
  if (!lingering_) return lose();
  connection_.shut_down_sending();
}

bool Client::expired(std::int64_t now_ns) const {
  const auto idle_ns = now_ns - last_activity_ns_;
  return !exchange_ && idle_ns > (closing_ ? kLingerLimit : kIdleLimit);
}

void Client::lose() {
  if (dead_) return;
  dead_ = true;
  if (exchange_) worker_.generator().cancel(*exchange_);
  exchange_.reset();
  worker_.bury(*this);
  connection_.close();
}

}  // namespace core::sim
