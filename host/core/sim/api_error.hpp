// Errors as an OpenAI client expects them.
#pragma once

#include <string>
#include <vector>

#include "core/sim/random.hpp"

namespace core::sim {

/// What is wrong with a request. Thrown while a request is read; the router turns it into the answer.
struct ApiError {
  int status = 400;
  std::string message;
  std::string param;  // the field at fault; may be empty
};

/// `{"error": {"message", "type", "param", "code"}}`.
std::string error_body(const ApiError& error);

/// The name of a status, e.g. `Too Many Requests`.
const char* reason_phrase(int status);

/// The failure of an injected type (`rate_limit`, `server_error`, ...; see option failure-types).
ApiError injected_failure(const std::string& type);
/// One of `types` at random, or of all types if none are given.
ApiError injected_failure(const std::vector<std::string>& types, Random& random);

}  // namespace core::sim
