// Is an OpenAI-compatible endpoint alive, what does it serve, and does it really answer?
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/http.hpp"
#include "core/value.hpp"

namespace core {

/// In all of these `to.url` is the endpoint's base URL, with or without `/v1`; `to` also carries token, TLS
/// options and the time limit of each request. Errors are those of `Http::fetch` and `status_error`, plus
/// `invalid` with reason `not_json` or `shape` when something else than the API answers.

/// When an endpoint counts as ready.
struct HealthWait {
  HttpRequest to;
  std::string path = "/health";
  /// Seconds in all, and between the end of one try and the next.
  double timeout_s = 300, interval_s = 1;
  /// Asked often; its error ends the wait at once. May be empty.
  std::function<Result<Done>()> while_alive;
};

struct Health {
  int attempts = 0;
  double seconds = 0;
};

/// Polls until the path answers with a status below 300. Ends early when that cannot help: `denied`, TLS and
/// URL errors, `while_alive`. Error `timeout` holds the last failure in its message and the facts `attempts`,
/// `after_s` and `last_reason`.
Cancel probe_health(std::shared_ptr<Http> http, std::shared_ptr<Clock> clock, HealthWait wait,
                    Callback<Health> done);

struct ServedModel {
  std::string id;
  std::int64_t max_model_len = 0;  ///< 0: the server does not say
};

/// Lists `/v1/models`. With `expect`, that model must be among them. Errors also: `not_found` with reason
/// `no_models` (an empty list) or `model` (with the nearest name, and the fact `models`).
Cancel probe_models(std::shared_ptr<Http> http, HttpRequest to, std::string expect,
                    Callback<std::vector<ServedModel>> done);

/// One short request.
struct CompletionTry {
  HttpRequest to;
  std::string model, prompt;
  /// `completions`, `chat`, or `auto`: completions, and chat where the server lacks them.
  std::string api = "auto";
  int max_tokens = 16;
};

struct CompletionAnswer {
  std::string api, model, text, finish_reason;
  Value usage;  ///< as the server sent it, or null
  double seconds = 0;
};

/// Sends one real request. Errors also: `invalid` with reason `empty` (an answer without text), `not_found`
/// with reason `model` and the nearest name.
Cancel probe_completion(std::shared_ptr<Http> http, CompletionTry request, Callback<CompletionAnswer> done);

struct Tokens {
  std::vector<std::int64_t> ids;
  std::int64_t max_model_len = 0;  ///< 0: the server does not say
};

/// Has the server tokenize `text`, in the dialect of vLLM or else of llama.cpp.
Cancel probe_tokenize(std::shared_ptr<Http> http, HttpRequest to, std::string model, std::string text,
                      Callback<Tokens> done);

/// The text of `/metrics`.
Cancel probe_metrics(std::shared_ptr<Http> http, HttpRequest to, Callback<std::string> done);

/// `base` without trailing `/` and `/v1`, followed by `path`.
std::string endpoint_url(std::string base, const std::string& path);

}  // namespace core
