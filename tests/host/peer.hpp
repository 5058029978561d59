// Scripted servers for tests: each connection is handled by a function on a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/net/connection.hpp"

/// The server's end of one connection, with calls that block (at most ten seconds each).
class Peer {
 public:
  Peer(core::net::Fd fd, const std::shared_ptr<core::net::TlsContext>& tls);

  /// Bytes up to and including the empty line; shorter if the client hangs up.
  std::string read_head();
  /// The body that Content-Length announces in `head`.
  std::string read_body(const std::string& head);
  /// A head and its body.
  std::string read_request();
  /// Whatever has come, at least a byte; empty at the end.
  std::string read_some();
  /// False when the client is gone.
  bool send(const std::string& text);
  /// `send` of an answer with a Content-Length.
  bool answer(int status, const std::string& body, const std::string& headers = "");
  /// Speaks TLS from here on. False if the handshake fails.
  bool start_tls(const std::shared_ptr<core::net::TlsContext>& tls);
  void close() { connection_.close(); }

 private:
  template <class Attempt>
  core::net::Io drive(Attempt attempt);

  core::net::Connection connection_;
  std::string input_;
};

/// Listens on 127.0.0.1 (or a UNIX socket) until it is destroyed.
class TestServer {
 public:
  using Handler = std::function<void(Peer&)>;

  explicit TestServer(Handler handler, std::shared_ptr<core::net::TlsContext> tls = nullptr,
                      const std::string& unix_path = "");
  ~TestServer();

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/", const std::string& host = "127.0.0.1") const;
  int connections() const { return connections_; }

 private:
  void accept_all();

  Handler handler_;
  std::shared_ptr<core::net::TlsContext> tls_;
  core::net::Fd listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};
