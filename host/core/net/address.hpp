// Names into socket addresses, before anything has to be fast.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "core/error.hpp"

namespace core::net {

/// One IPv4 or IPv6 address with its port.
struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  std::uint16_t port() const;
  /// `127.0.0.1:8000` or `[::1]:8000`.
  std::string text() const;
};

/// All addresses of `host` (a name or a literal, with or without brackets) in the resolver's order. It
/// blocks: call it before the hot path starts. Errors: `not_found`.
Result<std::vector<Address>> resolve(const std::string& host, std::uint16_t port);

}  // namespace core::net
