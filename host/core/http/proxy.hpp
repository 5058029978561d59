// Which proxy a request goes through: HTTP_PROXY, HTTPS_PROXY, NO_PROXY.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "core/http/url.hpp"

namespace core {

/// Looks up an environment variable.
using EnvLookup = std::function<std::optional<std::string>(const std::string&)>;

/// The proxy for `url`, or nothing. Lower-case variables win over upper-case ones; ALL_PROXY is the last
/// resort. Never for localhost and loopback addresses, nor for hosts in NO_PROXY: a list, separated by
/// commas, of `*`, names (`example.com` and `.example.com` cover sub-domains), addresses, `10.0.0.0/8` and
/// any of these with `:port`. Error `invalid` if the variable holds no http(s) URL (a missing scheme means
/// http).
Result<std::optional<Url>> proxy_from_env(const Url& url, const EnvLookup& env);

/// The same for an explicit proxy: a URL, or nothing for an empty text.
Result<std::optional<Url>> parse_proxy(const std::string& text, const std::string& source);

}  // namespace core
