#include "core/http/url.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace core {

namespace {

bool is_plain(char c) { return c > 0x20 && c < 0x7F; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const auto digits = text.substr(std::min(i + 1, text.size()), 2);
    const bool escape = text[i] == '%' && digits.size() == 2 &&
                        std::from_chars(digits.data(), digits.data() + 2, code, 16).ptr == digits.data() + 2;
    out += escape ? static_cast<char>(code) : text[i];
    if (escape) i += 2;
  }
  return out;
}

/// Percent-encodes what may not stand in a request line.
std::string clean_target(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, text.find('#'))) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    char escape[8];
    std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += escape;
  }
  return out;
}

Error bad_url(std::string_view text, const std::string& why, const std::string& hint) {
  const std::string shown = hide_userinfo(text);
  return Error{"invalid", "the URL '" + shown + "' " + why, hint}.with("url", shown);
}

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '%' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

/// Host and port out of `host:port`, `[::1]:port`; false if malformed.
bool split_authority(std::string_view authority, Url& url) {
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return false;
    url.host = lower(authority.substr(1, close - 1));
    port = authority.substr(close + 1);
    const auto is_address_char = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
    };
    if (url.host.empty() || !std::all_of(url.host.begin(), url.host.end(), is_address_char)) return false;
  } else {
    const auto colon = authority.find(':');
    url.host = lower(authority.substr(0, colon));
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    if (url.host.empty() || !std::all_of(url.host.begin(), url.host.end(), is_host_char)) return false;
  }
  if (port.empty() || port == ":") return true;
  return port.front() == ':' && parse_port(port.substr(1), url.port);
}

}  // namespace

std::string Url::host_and_port() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Url::authority() const {
  const std::string full = host_and_port();
  const bool usual = port == (https() ? 443 : 80);
  return usual ? full.substr(0, full.rfind(':')) : full;
}

Result<Url> parse_url(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; };
  if (std::any_of(text.begin(), text.end(), blank))
    return bad_url(text, "contains a blank or a control character", "remove it, or write %20 for a space");
  const auto colon = text.find("://");
  if (colon == std::string_view::npos)
    return bad_url(text, "has no scheme", "write it as http://host:port/path");
  Url url;
  url.scheme = lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https")
    return bad_url(text, "has the unknown scheme '" + url.scheme + "'", "only http and https are known");
  url.port = url.https() ? 443 : 80;
  const auto rest = text.substr(colon + 3);
  const auto slash = rest.find_first_of("/?#");
  auto authority = rest.substr(0, slash);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    url.userinfo = percent_decode(authority.substr(0, at));
    authority = authority.substr(at + 1);
  }
  if (!split_authority(authority, url))
    return bad_url(text, "has no valid host and port", "write it as http://host:port/path");
  const auto target = clean_target(slash == std::string_view::npos ? "" : rest.substr(slash));
  url.target = target.empty() || target.front() != '/' ? "/" + target : target;
  return url;
}

Result<Url> resolve_url(const Url& base, std::string_view location) {
  const auto colon = location.find("://");
  if (colon != std::string_view::npos && colon < location.find_first_of("/?#")) return parse_url(location);
  if (location.substr(0, 2) == "//") return parse_url(base.scheme + ":" + std::string(location));
  Url url = base;
  const auto target = clean_target(location);
  const std::string path = base.target.substr(0, base.target.find('?'));
  if (target.empty()) {
    url.target = path;
  } else if (target.front() == '/') {
    url.target = target;
  } else if (target.front() == '?') {
    url.target = path + target;
  } else {
    url.target = path.substr(0, path.rfind('/') + 1) + target;
  }
  return url;
}

std::string hide_userinfo(std::string_view text) {
  const auto slashes = text.find("//");
  if (slashes == std::string_view::npos) return std::string(text);
  const auto start = slashes + 2;
  const auto end = std::min(text.find_first_of("/?#", start), text.size());
  const auto at = text.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < start) return std::string(text);
  return std::string(text.substr(0, start)) + "***" + std::string(text.substr(at));
}

}  // namespace core
