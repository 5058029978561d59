#include "core/http/wire.hpp"

#include <algorithm>

#include "core/net/http_parser.hpp"
#include "core/redact.hpp"
#include "core/text.hpp"

namespace core {

namespace {

bool is_token(std::string_view text) {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [name](auto other) { return net::same_token(name, other); });
}

std::string basic(const std::string& userinfo) {
  register_secret(userinfo);
  register_secret(userinfo.substr(std::min(userinfo.find(':'), userinfo.size() - 1) + 1));
  return "Basic " + base64_encode(userinfo);
}

Result<Done> check_headers(const HttpRequest& request) {
  if (!is_token(request.method))
    return Error{"invalid", "'" + request.method + "' is not an HTTP method", "use GET, POST, ..."};
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name))
      return Error{"invalid", "'" + name + "' is not a header name", "use letters, digits and '-'"};
    if (!is_value(value))
      return Error{"invalid", "the header '" + name + "' contains a line break", "remove it"};
    if (is_one_of(name, {"content-length", "transfer-encoding", "connection"}))
      return Error{"invalid", "the header '" + name + "' is set by the client itself", "leave it out"};
  }
  if (!is_value(request.token)) return Error{"invalid", "the token contains a line break", "trim it"};
  return Done{};
}

struct Head {
  std::string text;
  void add(std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
};

void add_defaults(Head& head, const HttpRequest& request, const Route& route, bool credentials) {
  const auto given = [&](std::string_view name) { return find_header(request.headers, name).has_value(); };
  if (!given("host")) head.add("Host", route.url.authority());
  if (!given("user-agent")) head.add("User-Agent", "llmdbenchmark/" BENCH_VERSION);
  if (!given("accept")) head.add("Accept", "*/*");
  if (given("authorization")) return;
  if (credentials && !request.token.empty()) {
    register_secret(request.token);
    head.add("Authorization", "Bearer " + request.token);
  } else if (!route.url.userinfo.empty()) {
    head.add("Authorization", basic(route.url.userinfo));
  }
}

}  // namespace

Result<std::string> request_text(const HttpRequest& request, const Route& route, bool credentials) {
  if (auto checked = check_headers(request); !checked) return std::move(checked).error();
  const bool absolute = route.proxy && !route.tunnelled();
  Head head;
  head.text = request.method + " " + (absolute ? route.url.text() : route.url.target) + " HTTP/1.1\r\n";
  add_defaults(head, request, route, credentials);
  for (const auto& [name, value] : request.headers) {
    if (!credentials && is_one_of(name, {"authorization", "cookie"})) continue;
    head.add(name, value);
  }
  if (absolute && !route.proxy->userinfo.empty())
    head.add("Proxy-Authorization", basic(route.proxy->userinfo));
  const bool expected = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (expected || !request.body.empty()) head.add("Content-Length", std::to_string(request.body.size()));
  return head.text + "\r\n" + request.body;
}

std::string connect_text(const Route& route) {
  const std::string where = route.url.host_and_port();
  Head head;
  head.text = "CONNECT " + where + " HTTP/1.1\r\n";
  head.add("Host", where);
  head.add("User-Agent", "llmdbenchmark/" BENCH_VERSION);
  if (!route.proxy->userinfo.empty()) head.add("Proxy-Authorization", basic(route.proxy->userinfo));
  return head.text + "\r\n";
}

Error http_error(const Url& url, const std::string& reason, const std::string& what,
                 const std::string& hint) {
  const bool peer_is_wrong = reason == "protocol" || reason == "too_large" || reason == "redirect";
  return Error{peer_is_wrong ? "invalid" : "unreachable", what, hint}
      .with("url", url.text())
      .with("reason", reason);
}

Error connection_error(const Url& url, const std::string& problem) {
  const auto says = [&problem](std::string_view words) { return problem.find(words) != std::string::npos; };
  const std::string what = "cannot reach " + url.text() + ": " + problem;
  if (says("connection refused"))
    return http_error(url, "refused", what, "is the server running, and does it listen on this port?");
  if (says("certificate not accepted"))
    return http_error(url, "tls", what, "give ca_file with the authority that signed it, or insecure = true");
  if (says("wrong version number") || says("packet length too long"))
    return http_error(url, "tls", what, "this port does not seem to speak TLS; try http://");
  if (says("TLS")) return http_error(url, "tls", what, "see the server's log for its side of the handshake");
  if (says("reset") || says("broken pipe"))
    return http_error(url, "reset", what, "see the server's log, and whether the port wants http or https");
  return http_error(url, "connect", what, "check the address and the network");
}

Error timeout_error(const Url& url, const std::string& reason, const std::string& what, double after_s) {
  return Error{"timeout", what + " within " + Value(after_s).dump() + " s (" + url.text() + ")",
               "raise the timeout, or see what keeps the server"}
      .with("url", url.text())
      .with("reason", reason)
      .with("after_s", after_s);
}

}  // namespace core
