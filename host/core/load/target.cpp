#include "core/load/target.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>

#include "core/net/http_parser.hpp"

namespace core::load {

namespace {

[[noreturn]] void bad_url(const std::string& url, const char* why) {
  throw UsageError("'" + url + "' is not a usable URL: " + why + " (example: http://127.0.0.1:8000)");
}

bool strip_suffix(std::string& text, std::string_view suffix) {
  if (text.size() < suffix.size() || text.compare(text.size() - suffix.size(), suffix.size(), suffix) != 0)
    return false;
  text.erase(text.size() - suffix.size());
  return true;
}

void split_authority(const std::string& url, const std::string& authority, Target& target) {
  if (authority.find('@') != std::string::npos)
    bad_url("<hidden>", "credentials do not belong into it, use token");
  std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  if (colon != std::string::npos && bracket != std::string::npos && colon < bracket)
    colon = std::string::npos;
  target.host = authority.substr(0, colon);
  if (target.host.size() > 1 && target.host.front() == '[' && target.host.back() == ']')
    target.host = target.host.substr(1, target.host.size() - 2);
  if (target.host.empty()) bad_url(url, "the host is missing");
  target.port = target.https ? 443 : 80;
  if (colon == std::string::npos) return;
  const char* end = authority.data() + authority.size();
  const auto [stop, bad] = std::from_chars(authority.data() + colon + 1, end, target.port);
  if (bad != std::errc() || stop != end || target.port == 0) bad_url(url, "the port must be from 1 to 65535");
}

bool is_header_text(const std::string& text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

// A token of RFC 9110.
bool is_header_name(const std::string& name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](unsigned char c) {
    return std::isalnum(c) || kOthers.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

void refuse_our_header(Fields& fields, const std::string& name, bool has_token) {
  for (const char* ours : {"host", "user-agent", "content-type", "accept", "content-length",
                           "transfer-encoding", "connection", "x-request-id"})
    if (net::same_token(name, ours)) fields.refuse("headers." + name, "is set by the load itself");
  if (has_token && net::same_token(name, "authorization"))
    fields.refuse("headers." + name, "and token exclude each other");
}

Value parse_headers(Fields& fields, bool has_token) {
  const Value& headers = fields.raw("headers");
  if (headers.is_null()) return Value::object();
  if (!headers.is_object()) fields.refuse("headers", "must be a table of strings");
  for (const auto& [name, value] : headers.items()) {
    if (!is_header_name(name)) fields.refuse("headers", "has '" + name + "', which cannot name a header");
    if (!value.is_string() || !is_header_text(value.get<std::string>()))
      fields.refuse("headers." + name, "must be a string without control characters");
    refuse_our_header(fields, name, has_token);
  }
  return headers;
}

Value parse_extra(Fields& fields) {
  const Value& extra = fields.raw("extra");
  if (extra.is_null()) return Value::object();
  if (!extra.is_object()) fields.refuse("extra", "must be a table");
  for (const char* ours :
       {"model", "prompt", "messages", "stream", "stream_options", "max_tokens", "ignore_eos"})
    if (extra.contains(ours)) fields.refuse("extra." + std::string(ours), "is set by the load itself");
  return extra;
}

}  // namespace

void parse_url(const std::string& url, Target& target) {
  const std::size_t scheme_end = url.find("://");
  const std::string scheme = url.substr(0, scheme_end);
  if (scheme_end == std::string::npos || (scheme != "http" && scheme != "https"))
    bad_url(url, "it must begin with http:// or https://");
  target.https = scheme == "https";
  std::string rest = url.substr(scheme_end + 3);
  if (!is_header_text(rest) || rest.find(' ') != std::string::npos) bad_url(url, "it has blanks in it");
  if (rest.find_first_of("?#") != std::string::npos) bad_url(url, "a base URL has no query");
  const std::size_t slash = rest.find('/');
  std::string base = slash == std::string::npos ? "" : rest.substr(slash);
  target.host_header = rest.substr(0, slash);
  split_authority(url, target.host_header, target);
  while (strip_suffix(base, "/")) {
  }
  strip_suffix(base, "/v1");
  target.path = base + (target.api == Api::kChat ? "/v1/chat/completions" : "/v1/completions");
}

Target Target::parse(Fields& fields) {
  Target target;
  target.api = static_cast<Api>(fields.choice("api", {"completions", "chat"}));
  parse_url(fields.text("url"), target);
  target.model = fields.text("model");
  target.token = fields.text("token", "");
  if (!is_header_text(target.token)) fields.refuse("token", "must not have control characters");
  target.tls.ca_file = fields.text("ca_file", "");
  target.tls.cert_file = fields.text("cert_file", "");
  target.tls.key_file = fields.text("key_file", "");
  target.tls.insecure = fields.flag("insecure", false);
  target.streaming = fields.flag("streaming", true);
  target.ignore_eos = fields.flag("ignore_eos", true);
  target.continuous_usage = fields.flag("continuous_usage", false);
  if (target.continuous_usage && !target.streaming)
    fields.refuse("continuous_usage", "needs streaming = true");
  target.extra = parse_extra(fields);
  target.headers = parse_headers(fields, !target.token.empty());
  return target;
}

}  // namespace core::load
