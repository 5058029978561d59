#include "core/http/proxy.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

namespace core {

namespace {

struct IpAddress {
  unsigned char bytes[16] = {};
  int bits = 0;  // 32 or 128; 0: not an address
};

IpAddress parse_ip(const std::string& text) {
  IpAddress ip;
  if (inet_pton(AF_INET, text.c_str(), ip.bytes) == 1) {
    ip.bits = 32;
  } else if (inet_pton(AF_INET6, text.c_str(), ip.bytes) == 1) {
    ip.bits = 128;
  }
  return ip;
}

bool same_prefix(const IpAddress& a, const IpAddress& b, int bits) {
  if (a.bits != b.bits || bits > a.bits) return false;
  const int whole = bits / 8, rest = bits % 8;
  if (std::memcmp(a.bytes, b.bytes, static_cast<std::size_t>(whole)) != 0) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xFF << (8 - rest));
  return (a.bytes[whole] & mask) == (b.bytes[whole] & mask);
}

bool is_loopback(const std::string& host) {
  static const IpAddress v4 = parse_ip("127.0.0.0"), v6 = parse_ip("::1");
  if (host == "localhost" || host == "localhost.") return true;
  const IpAddress ip = parse_ip(host);
  return ip.bits != 0 && (same_prefix(ip, v4, 8) || same_prefix(ip, v6, 128));
}

std::string trimmed_lower(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

bool covers_network(const std::string& entry, std::size_t slash, const std::string& host) {
  int bits = 0;
  const char* end = entry.data() + entry.size();
  if (std::from_chars(entry.data() + slash + 1, end, bits).ptr != end || bits < 0) return false;
  const IpAddress network = parse_ip(entry.substr(0, slash)), ip = parse_ip(host);
  return network.bits != 0 && ip.bits != 0 && same_prefix(network, ip, bits);
}

/// One entry of NO_PROXY, lower case.
bool covers(std::string entry, const Url& url) {
  if (entry.empty()) return false;
  if (entry == "*") return true;
  if (const auto slash = entry.find('/'); slash != std::string::npos)
    return covers_network(entry, slash, url.host);
  const auto colon = entry.rfind(':');
  if (colon != std::string::npos && parse_ip(entry).bits == 0) {
    if (entry.substr(colon + 1) != std::to_string(url.port)) return false;
    entry.resize(colon);
  }
  if (entry.size() > 2 && entry.front() == '[') entry = entry.substr(1, entry.size() - 2);
  if (entry == url.host) return true;
  if (parse_ip(url.host).bits != 0) return false;
  if (entry.rfind("*.", 0) == 0) entry.erase(0, 1);
  const std::string suffix = entry.front() == '.' ? entry : "." + entry;
  if (suffix.substr(1) == url.host) return true;
  return url.host.size() > suffix.size() &&
         url.host.compare(url.host.size() - suffix.size(), suffix.size(), suffix) == 0;
}

bool is_exempt(std::string_view list, const Url& url) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (covers(trimmed_lower(list.substr(0, comma)), url)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// Name and value of the first variable that is set and not empty.
std::pair<std::string, std::string> first_set(const EnvLookup& env,
                                              std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto value = env(name); value && !value->empty()) return {name, *value};
  return {};
}

}  // namespace

Result<std::optional<Url>> parse_proxy(const std::string& text, const std::string& source) {
  if (text.empty()) return std::optional<Url>();
  const bool has_scheme = text.find("://") != std::string::npos;
  auto url = parse_url(has_scheme ? text : "http://" + text);
  if (url && !url->https()) return std::optional<Url>(std::move(*url));
  std::string why = url ? "a proxy that itself speaks TLS is not supported" : url.error().message;
  return Error{"invalid", source + " does not name a usable proxy: " + why,
               "write it as http://host:port, or leave it empty for no proxy"}
      .with("reason", "proxy");
}

Result<std::optional<Url>> proxy_from_env(const Url& url, const EnvLookup& env) {
  const auto [name, value] = url.https()
                                 ? first_set(env, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
                                 : first_set(env, {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"});
  if (value.empty() || is_loopback(url.host)) return std::optional<Url>();
  if (is_exempt(first_set(env, {"no_proxy", "NO_PROXY"}).second, url)) return std::optional<Url>();
  return parse_proxy(value, name);
}

}  // namespace core
