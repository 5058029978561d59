#include "core/sim/api_error.hpp"

#include <utility>

#include "core/value.hpp"

namespace core::sim {

namespace {

struct InjectedType {
  const char* name;
  int status;
  const char* message;
};

constexpr InjectedType kInjected[] = {
    {"rate_limit", 429, "injected failure: the rate limit is reached"},
    {"invalid_api_key", 401, "injected failure: the API key is not valid"},
    {"context_length", 400, "injected failure: the prompt does not fit into the context window"},
    {"server_error", 503, "injected failure: the server cannot answer now"},
    {"invalid_request", 400, "injected failure: the request is not valid"},
    {"model_not_found", 404, "injected failure: the model does not exist"},
};

const char* error_type(int status) {
  switch (status) {
    case 401:
      return "AuthenticationError";
    case 403:
      return "PermissionDeniedError";
    case 404:
      return "NotFoundError";
    case 429:
      return "RateLimitError";
    case 503:
      return "ServiceUnavailableError";
    default:
      return status >= 500 ? "InternalServerError" : "BadRequestError";
  }
}

}  // namespace

std::string error_body(const ApiError& error) {
  const Value body = {{"error",
                       {{"message", error.message},
                        {"type", error_type(error.status)},
                        {"param", error.param.empty() ? Value() : Value(error.param)},
                        {"code", error.status}}}};
  return body.dump(-1, ' ', false, Value::error_handler_t::replace);
}

const char* reason_phrase(int status) {
  static constexpr std::pair<int, const char*> phrases[] = {
      {200, "OK"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {413, "Content Too Large"},
      {422, "Unprocessable Content"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
  };
  for (const auto& [code, phrase] : phrases) {
    if (code == status) return phrase;
  }
  return "Unknown";
}

ApiError injected_failure(const std::string& type) {
  for (const auto& injected : kInjected) {
    if (type == injected.name) return {injected.status, injected.message, ""};
  }
  return {503, "injected failure", ""};
}

ApiError injected_failure(const std::vector<std::string>& types, Random& random) {
  if (!types.empty()) {
    return injected_failure(
        types[static_cast<std::size_t>(random.between(0, static_cast<int>(types.size()) - 1))]);
  }
  const auto last = static_cast<int>(std::size(kInjected)) - 1;
  return injected_failure(kInjected[random.between(0, last)].name);
}

}  // namespace core::sim
