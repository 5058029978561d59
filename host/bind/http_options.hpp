// The options that everything that speaks HTTP has in common.
#pragma once

#include <string>
#include <vector>

#include "core/http.hpp"
#include "script/stack.hpp"

namespace bind {

/// Declares `token headers timeout_s connect_timeout_s redirects max_body_bytes ca_file cert_file key_file
/// insecure proxy unix_socket`, followed by `more`, which may declare another `timeout_s`.
std::vector<script::Option> http_options(std::vector<script::Option> more = {});

/// A request with what the option table says. Throws UsageError for header values that are no text.
core::HttpRequest http_request(const std::string& method, const std::string& url, const core::Value& opts);

}  // namespace bind
