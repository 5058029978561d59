// URLs of http and https.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace core {

/// The parts of an absolute URL.
struct Url {
  std::string scheme;    ///< `http` or `https`
  std::string userinfo;  ///< `user:password`, decoded; a secret
  std::string host;      ///< lower case, an IPv6 address without its brackets
  std::uint16_t port = 80;
  std::string target = "/";  ///< path and query, starting with `/`

  bool https() const { return scheme == "https"; }
  /// `host` or `host:port` (when it is not the scheme's own port), IPv6 in brackets: the Host header.
  std::string authority() const;
  /// `host:port`, IPv6 in brackets.
  std::string host_and_port() const;
  /// `http://host:port` without path: what decides whether credentials may go along.
  std::string origin() const { return scheme + "://" + host_and_port(); }
  /// The URL without user and password, fit for messages.
  std::string text() const { return scheme + "://" + authority() + target; }
};

/// Parses `http://host...` or `https://host...`. Spaces and control characters are errors, other characters
/// outside ASCII in the path are percent-encoded; a fragment is dropped. Error `invalid` with a hint and the
/// fact `url` (user and password hidden).
Result<Url> parse_url(std::string_view text);

/// Where a `Location` header leads: an absolute URL, `//host/path`, `/path`, `?query` or a relative path.
Result<Url> resolve_url(const Url& base, std::string_view location);

/// `text` with whatever stands between `//` and `@` replaced by `***`, for texts that may not be URLs.
std::string hide_userinfo(std::string_view text);

}  // namespace core
