// One connection of the server: bytes in, requests out; bytes of answers in, bytes out.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/net/connection.hpp"
#include "core/net/http_parser.hpp"

namespace core::sim {

class Worker;
struct Exchange;

/// A whole request. Views live until its answer has been sent.
struct HttpRequest {
  std::string_view method, path, query;
  const net::HttpHead* head = nullptr;
  std::string_view body;
};

/// A whole answer.
struct HttpReply {
  int status = 200;
  std::string body;
  const char* content_type = "application/json";
  std::string headers;  // more header lines, each with its line end
};

/// Belongs to one worker and is used on its thread only. One request at a time: while one is being answered,
/// what the client sends further is kept.
class Client {
 public:
  Client(Worker& worker, net::Fd fd);
  ~Client();

  int fd() const { return connection_.fd(); }
  /// What the poller should wait for.
  unsigned wants() const;
  unsigned watched = 0;  // what it waits for now; kept by the worker

  /// When the request that is being read was there; see `net::Connection::arrived_ns`. One that came while
  /// another was answered arrives when its turn comes.
  std::int64_t arrived_ns() const { return arrived_ns_; }

  /// The poller found the socket ready.
  void on_ready(unsigned what);
  /// Goes on with requests that came while another one was answered.
  void resume();

  // For whoever answers.

  /// Sends a whole answer and ends the exchange.
  void reply(const HttpReply& reply);
  /// Sends parts of an answer. False if the client is gone or does not keep up; `lose` has been called then.
  bool send(std::span<const std::string_view> parts);
  /// An answer with this status begins: counted, and printed with log-http.
  void note_status(int status);
  /// The answer is complete: the next request may begin, or the connection ends.
  void finish_reply();
  /// Header lines that every answer of this request carries, e.g. X-Request-Id.
  void set_reply_headers(std::string lines) { reply_headers_ = std::move(lines); }
  /// The head of a streamed answer.
  std::string stream_head(const char* content_type);
  /// True if streamed answers are chunked (HTTP/1.1); otherwise they end with the connection.
  bool chunks() const { return minor_version_ == 1; }
  /// Closes without a word; an exchange in progress is cancelled.
  void lose();

  void begin(std::unique_ptr<Exchange> exchange);
  Exchange* exchange() const { return exchange_.get(); }
  bool dead() const { return dead_; }
  /// True if the connection has been of no use for too long.
  bool expired(std::int64_t now_ns) const;

 private:
  void receive();
  void consume(std::string_view input);
  void begin_request();
  void dispatch();
  void refuse(int status, const std::string& message);
  void keep_for_later(std::string_view input);
  std::string head_lines(int status) const;
  void close_after_flush();
  void hang_up();

  Worker& worker_;
  net::Connection connection_;
  net::HttpParser parser_;
  std::unique_ptr<Exchange> exchange_;
  std::string body_, leftover_, reply_headers_;
  std::string log_label_;  // method and path, with log-http
  std::int64_t last_activity_ns_, arrived_ns_ = 0;
  int minor_version_ = 1;
  bool keep_alive_ = true, head_only_ = false;
  bool handshaken_ = false, dead_ = false;
  bool closing_ = false;  // nothing more is answered; closes once everything is sent
  bool lingering_ =
      false;  // and waits for the client to hang up, which may still be sending what was refused
};

}  // namespace core::sim
