// Whom the load is for: URL, API, model, credentials.
#pragma once

#include <cstdint>
#include <string>

#include "core/load/fields.hpp"
#include "core/net/tls.hpp"

namespace core::load {

enum class Api { kCompletions, kChat };

/// Where requests go and what is the same in all of them.
struct Target {
  std::string host;  // without brackets
  std::uint16_t port = 80;
  bool https = false;
  std::string host_header;  // as in the URL
  std::string path;         // of the endpoint, e.g. `/v1/completions`
  Api api = Api::kCompletions;
  std::string model;
  std::string token;  // bearer; never shown
  net::TlsClientOptions tls;

  bool streaming = true;
  bool ignore_eos = true;
  bool continuous_usage = false;  // ask for `usage` in every chunk (vLLM)
  Value extra = Value::object();  // further fields of every request body
  Value headers = Value::object();

  /// Reads `url api model token ca_file cert_file key_file insecure streaming ignore_eos continuous_usage
  /// extra headers` from the fields of a specification. Throws UsageError.
  static Target parse(Fields& fields);
};

/// Splits `http[s]://host[:port][/base]` into a target's host, port, https, host_header and path; a trailing
/// `/v1` of the base is taken for granted. Throws UsageError.
void parse_url(const std::string& url, Target& target);

}  // namespace core::load
