#include "core/net/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

namespace core::net {

namespace {

void set_flag(int fd, int level, int name) {
  const int one = 1;
  setsockopt(fd, level, name, &one, sizeof one);
}

Fd open_socket(const Address& address) {
  return Fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
}

const sockaddr* raw(const Address& address) { return reinterpret_cast<const sockaddr*>(&address.storage); }

Error too_many_files(const std::string& doing) {
  return Error{"denied", doing + ": " + std::strerror(errno), "raise the limit of open files (ulimit -n)"};
}

Error listen_error(const Address& address) {
  const int reason = errno;
  const std::string message = "cannot listen on " + address.text() + ": " + std::strerror(reason);
  if (reason == EADDRINUSE) {
    return Error{"conflict", message,
                 "another process has this port; choose another one or 0 for any free port"};
  }
  if (reason == EACCES || reason == EPERM) {
    return Error{"denied", message, "ports below 1024 need privileges; choose a higher one"};
  }
  return Error{"invalid", message, "the address must belong to this machine"};
}

}  // namespace

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

Result<Fd> listen_tcp(const Address& address, const ListenOptions& options) {
  Fd fd = open_socket(address);
  if (!fd) return too_many_files("cannot open a socket for " + address.text());
  set_flag(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (options.reuse_port) set_flag(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  if (bind(fd.get(), raw(address), address.length) != 0) return listen_error(address);
  if (::listen(fd.get(), options.backlog) != 0) return listen_error(address);
  return fd;
}

std::uint16_t local_port(const Fd& listener) {
  Address address;
  address.length = sizeof address.storage;
  if (getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0)
    return 0;
  return address.port();
}

Fd accept_tcp(const Fd& listener) {
  Fd fd(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) set_flag(fd.get(), IPPROTO_TCP, TCP_NODELAY);
  return fd;
}

Result<Fd> connect_tcp(const Address& address) {
  Fd fd = open_socket(address);
  if (!fd) return too_many_files("cannot open a socket to " + address.text());
  set_flag(fd.get(), IPPROTO_TCP, TCP_NODELAY);
  if (connect(fd.get(), raw(address), address.length) != 0 && errno != EINPROGRESS) {
    return Error{"unreachable", "cannot connect to " + address.text() + ": " + std::strerror(errno),
                 "check that the server runs and listens on this address"};
  }
  return fd;
}

std::size_t raise_open_files(std::size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < wanted) {
    rlimit raised = limit;
    raised.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

}  // namespace core::net
