#include "core/http/status_error.hpp"

#include <algorithm>

#include "core/json.hpp"
#include "core/redact.hpp"
#include "core/utf8.hpp"

namespace core {

namespace {

constexpr std::size_t kQuoted = 200, kKept = 2000;

struct Meaning {
  int status;
  const char *code, *hint;
};

constexpr Meaning kMeanings[] = {
    {401, "denied", "give a valid token"},
    {403, "denied", "the token is known but may not do this"},
    {404, "not_found", "check the path of the URL, and which API the server has"},
    {405, "invalid", "the path exists, but not for this method; check the path"},
    {407, "denied", "the proxy wants a user and password in its URL"},
    {408, "timeout", ""},
    {409, "conflict", ""},
    {429, "unreachable", "the server is busy or limits the rate; try again later"},
    {503, "unreachable", "the server is starting, overloaded or has no backend; see its log"},
    {504, "timeout", "a gateway gave up waiting for its backend"},
};

const char* code_of(int status) {
  for (const auto& meaning : kMeanings)
    if (meaning.status == status) return meaning.code;
  return status >= 500 ? "unreachable" : "invalid";
}

const char* hint_of(int status) {
  for (const auto& meaning : kMeanings)
    if (meaning.status == status) return meaning.hint;
  return status >= 500 ? "see the server's log" : "";
}

std::string said_by_server(const std::string& body) {
  const auto tree = decode_json(body);
  if (tree && tree->is_object()) {
    const Value& inner = tree->contains("error") ? (*tree)["error"] : *tree;
    if (inner.is_string()) return inner.get<std::string>();
    for (const char* key : {"message", "detail"})
      if (inner.is_object() && inner.contains(key) && inner[key].is_string())
        return inner[key].get<std::string>();
  }
  std::string line = body.substr(0, body.find('\n'));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

}  // namespace

Error status_error(const HttpResponse& response) {
  const std::string body = redact(shortened(response.body, kKept));
  const std::string said = shortened(redact(said_by_server(response.body)), kQuoted);
  Error error{code_of(response.status),
              response.url + " answered with status " + std::to_string(response.status),
              hint_of(response.status)};
  if (!said.empty()) error.message += ": " + said;
  return std::move(error)
      .with("url", response.url)
      .with("status", response.status)
      .with("reason", "status")
      .with("body", body);
}

}  // namespace core
