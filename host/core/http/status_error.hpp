// Statuses that mean a failure, as errors.
#pragma once

#include "core/http.hpp"

namespace core {

/// What an answer with a status of 400 or more means: 401, 403 and 407 are `denied`, 404 is `not_found`, 408
/// and 504 `timeout`, 409 `conflict`, 429 and 5xx `unreachable`, others `invalid`. The message quotes what
/// the server said (`error.message`, `message` or `detail` of a JSON body, else the start of the text).
/// Facts: `url`, `status`, `reason` ("status"), `body` (at most 2,000 bytes, secrets hidden).
Error status_error(const HttpResponse& response);

}  // namespace core
