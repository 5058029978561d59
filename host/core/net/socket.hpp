// Non-blocking TCP sockets: an owned descriptor, listening, accepting, connecting.
#pragma once

#include <cstddef>
#include <utility>

#include "core/error.hpp"
#include "core/net/address.hpp"

namespace core::net {

/// Owns a file descriptor and closes it.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset() { *this = Fd(); }

 private:
  int fd_ = -1;
};

struct ListenOptions {
  int backlog = 4096;
  bool reuse_port = false;  // several sockets may listen on the same port; the kernel spreads connections
};

/// A non-blocking listening socket. Errors: `conflict` (port taken), `denied`, `invalid`.
Result<Fd> listen_tcp(const Address& address, const ListenOptions& options = {});

/// The port a listening socket got (useful after asking for port 0).
std::uint16_t local_port(const Fd& listener);

/// The next waiting connection, non-blocking and with TCP_NODELAY; empty when there is none or the kernel
/// refuses (`errno`: EAGAIN, EMFILE, ...).
Fd accept_tcp(const Fd& listener);

/// Starts a non-blocking connect with TCP_NODELAY; wait for kWrite, then use `Connection::handshake`.
/// Errors that show at once: `unreachable`, `denied`.
Result<Fd> connect_tcp(const Address& address);

/// Raises the soft limit of open files to at least `wanted` if the hard limit permits; returns the limit
/// that holds afterwards.
std::size_t raise_open_files(std::size_t wanted);

}  // namespace core::net
