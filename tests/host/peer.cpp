#include "peer.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "core/net/poller.hpp"

using core::net::Io;

namespace {

constexpr int kPatienceMs = 10'000;

core::net::Fd listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  core::net::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::listen(fd.get(), 16);
  return fd;
}

bool wait_for(int fd, short events, int timeout_ms) {
  pollfd entry{fd, events, 0};
  return ::poll(&entry, 1, timeout_ms) > 0;
}

}  // namespace

Peer::Peer(core::net::Fd fd, const std::shared_ptr<core::net::TlsContext>& tls) : connection_(std::move(fd)) {
  if (tls) {
    start_tls(tls);
  } else {
    drive([this] { return connection_.handshake(); });
  }
}

template <class Attempt>
Io Peer::drive(Attempt attempt) {
  for (;;) {
    if (!connection_.is_open()) return Io::kFailed;
    const Io io = attempt();
    if (io != Io::kBlocked) return io;
    const bool write = (connection_.wants() & core::net::kWrite) != 0;
    if (!wait_for(connection_.fd(), write ? POLLOUT : POLLIN, kPatienceMs)) return Io::kFailed;
  }
}

bool Peer::start_tls(const std::shared_ptr<core::net::TlsContext>& tls) {
  connection_.start_tls_server(tls);
  return drive([this] { return connection_.handshake(); }) == Io::kOk;
}

std::string Peer::read_some() {
  if (!input_.empty()) return std::exchange(input_, {});
  char block[16384];
  std::size_t got = 0;
  if (drive([&] { return connection_.read(block, sizeof block, got); }) != Io::kOk) return {};
  return {block, got};
}

std::string Peer::read_head() {
  std::string text;
  for (;;) {
    const auto end = text.find("\r\n\r\n");
    if (end != std::string::npos) {
      input_ = text.substr(end + 4);
      return text.substr(0, end + 4);
    }
    const std::string more = read_some();
    if (more.empty()) return text;
    text += more;
  }
}

std::string Peer::read_body(const std::string& head) {
  const std::string name = "Content-Length: ";
  const auto at = head.find(name);
  const std::size_t size = at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
  std::string body;
  while (body.size() < size) {
    const std::string more = read_some();
    if (more.empty()) break;
    body += more;
  }
  return body;
}

std::string Peer::read_request() {
  const std::string head = read_head();
  return head + read_body(head);
}

bool Peer::send(const std::string& text) {
  if (!connection_.is_open()) return false;
  Io io = connection_.send(text);
  if (io == Io::kBlocked) io = drive([this] { return connection_.flush(); });
  return io == Io::kOk;
}

bool Peer::answer(int status, const std::string& body, const std::string& headers) {
  return send("HTTP/1.1 " + std::to_string(status) +
              " Some\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
}

TestServer::TestServer(Handler handler, std::shared_ptr<core::net::TlsContext> tls,
                       const std::string& unix_path)
    : handler_(std::move(handler)), tls_(std::move(tls)) {
  if (unix_path.empty()) {
    auto addresses = core::net::resolve("127.0.0.1", 0);
    listener_ = core::net::listen_tcp((*addresses)[0]).value();
    port_ = core::net::local_port(listener_);
  } else {
    listener_ = listen_unix(unix_path);
  }
  acceptor_ = std::thread([this] { accept_all(); });
}

TestServer::~TestServer() {
  stop_ = true;
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
}

std::string TestServer::url(const std::string& path, const std::string& host) const {
  return std::string(tls_ ? "https" : "http") + "://" + host + ":" + std::to_string(port_) + path;
}

void TestServer::accept_all() {
  while (!stop_) {
    if (!wait_for(listener_.get(), POLLIN, 20)) continue;
    core::net::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) continue;
    ++connections_;
    auto shared = std::make_shared<core::net::Fd>(std::move(fd));
    threads_.emplace_back([this, shared] {
      Peer peer(std::move(*shared), tls_);
      handler_(peer);
    });
  }
}
