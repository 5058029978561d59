#include "bind/http_options.hpp"

#include <algorithm>

namespace bind {

std::vector<script::Option> http_options(std::vector<script::Option> more) {
  const core::HttpRequest usual;
  std::vector<script::Option> declared = {{"token", ""},
                                          {"headers", nullptr, "table"},
                                          {"timeout_s", usual.timeout_s},
                                          {"connect_timeout_s", usual.connect_timeout_s},
                                          {"redirects", usual.redirects},
                                          {"max_body_bytes", static_cast<double>(usual.max_body_bytes)},
                                          {"ca_file", ""},
                                          {"cert_file", ""},
                                          {"key_file", ""},
                                          {"insecure", false},
                                          {"proxy", nullptr, "string"},
                                          {"unix_socket", ""}};
  const auto is_replaced = [&more](const script::Option& option) {
    return std::any_of(more.begin(), more.end(),
                       [&](const auto& other) { return std::string_view(option.name) == other.name; });
  };
  std::erase_if(declared, is_replaced);
  declared.insert(declared.end(), more.begin(), more.end());
  return declared;
}

core::HttpRequest http_request(const std::string& method, const std::string& url, const core::Value& opts) {
  core::HttpRequest request;
  request.method = method;
  request.url = url;
  request.token = opts["token"];
  request.timeout_s = opts["timeout_s"].get<double>();
  request.connect_timeout_s = opts["connect_timeout_s"].get<double>();
  request.redirects = static_cast<int>(opts["redirects"].get<double>());
  request.max_body_bytes = static_cast<std::uint64_t>(std::max(0.0, opts["max_body_bytes"].get<double>()));
  request.ca_file = opts["ca_file"];
  request.cert_file = opts["cert_file"];
  request.key_file = opts["key_file"];
  request.insecure = opts["insecure"];
  request.unix_socket = opts["unix_socket"];
  if (opts.contains("proxy")) request.proxy = opts["proxy"].get<std::string>();
  if (!opts.contains("headers")) return request;
  for (const auto& [name, value] : opts["headers"].items()) {
    if (!value.is_string() && !value.is_number())
      throw core::UsageError("the header '" + name + "' must be a string");
    request.headers.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return request;
}

}  // namespace bind
