// A small server that does to each request what a test says: well-behaved or not.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace test {

/// One accepted connection inside a handler.
class Peer {
 public:
  explicit Peer(int fd, const std::atomic<bool>& stop) : fd_(fd), stop_(stop) {}

  void send(const std::string& text) {
    std::size_t at = 0;
    while (at < text.size()) {
      const auto n = ::send(fd_, text.data() + at, text.size() - at, MSG_NOSIGNAL);
      if (n <= 0) return;
      at += static_cast<std::size_t>(n);
    }
  }
  void chunk(const std::string& text) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    send(size + text + "\r\n");
  }
  void event(const std::string& data) { chunk("data: " + data + "\n\n"); }
  void head(const std::string& type = "text/event-stream", const std::string& status = "200 OK") {
    send("HTTP/1.1 " + status + "\r\nContent-Type: " + type + "\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  void token(const std::string& text = "x") {
    event("{\"choices\":[{\"index\":0,\"text\":\"" + text + "\",\"finish_reason\":null}]}");
  }
  void finish(int completion_tokens) {
    event("{\"choices\":[{\"index\":0,\"text\":\"\",\"finish_reason\":\"length\"}]}");
    event("{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":" +
          std::to_string(completion_tokens) + "}}");
    event("[DONE]");
    chunk("");
  }
  /// A whole good answer.
  void answer(int tokens, int gap_ms = 0) {
    head();
    for (int i = 0; i < tokens; ++i) {
      if (gap_ms) sleep_ms(gap_ms);
      token();
    }
    finish(tokens);
  }
  /// Sleeps, but not past the end of the server.
  void sleep_ms(int ms) {
    for (; ms > 0 && !stop_; ms -= 5) usleep(static_cast<useconds_t>(1000 * std::min(ms, 5)));
  }
  void close() {
    ::shutdown(fd_, SHUT_RDWR);
    closed_ = true;
  }
  /// Reset instead of an orderly end.
  void reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    closed_ = true;
  }
  bool closed() const { return closed_; }

  /// The next request as text, head and body; empty at the end of the connection.
  std::string read_request() {
    for (;;) {
      if (!buffer_.empty() && buffer_[0] == 0x16) return std::exchange(buffer_, "");  // a TLS hello
      const auto split = buffer_.find("\r\n\r\n");
      if (split != std::string::npos) {
        const auto at = buffer_.find("Content-Length: ");
        const std::size_t total = split + 4 + std::strtoul(buffer_.c_str() + at + 16, nullptr, 10);
        if (buffer_.size() >= total) {
          std::string request = buffer_.substr(0, total);
          buffer_.erase(0, total);
          return request;
        }
      }
      pollfd wait{fd_, POLLIN, 0};
      while (poll(&wait, 1, 20) == 0)
        if (stop_) return "";
      char piece[65536];
      const auto n = recv(fd_, piece, sizeof piece, 0);
      if (n <= 0) return "";
      buffer_.append(piece, static_cast<std::size_t>(n));
    }
  }

 private:
  int fd_;
  const std::atomic<bool>& stop_;
  std::string buffer_;
  bool closed_ = false;
};

/// Listens on a free port of 127.0.0.1, a thread per connection. `handler(peer, request, number)` answers one
/// request.
class Server {
 public:
  using Handler = std::function<void(Peer&, const std::string&, int)>;

  explicit Server(Handler handler) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 1024);
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~Server() {
    stop_ = true;
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
    ::close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }
  int requests() const { return requests_; }
  std::vector<std::string> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  void accept_all() {
    while (!stop_) {
      pollfd wait{listener_, POLLIN, 0};
      if (poll(&wait, 1, 20) == 0) continue;
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const int yes = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      ++connections_;
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    Peer peer(fd, stop_);
    while (!peer.closed()) {
      const std::string request = peer.read_request();
      if (request.empty()) break;
      const int number = requests_++;
      {
        const std::lock_guard lock(mutex_);
        seen_.push_back(request);
      }
      handler_(peer, request, number);
    }
    ::close(fd);
  }

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0}, requests_{0};
  std::mutex mutex_;
  std::vector<std::string> seen_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace test
