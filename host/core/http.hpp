// The seam for HTTP: real, or played back from records in tests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/error.hpp"

namespace core {

struct World;

/// Names and values in order; names as they were sent.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// Value of the first header of that name (any case), or nothing.
std::optional<std::string> find_header(const HttpHeaders& headers, std::string_view name);

/// What to ask. Only `url` is needed.
struct HttpRequest {
  std::string method = "GET";
  /// `http://` or `https://`; a user and password in it become basic authentication and are never shown.
  std::string url;
  HttpHeaders headers;
  std::string body;
  /// Sent as `Authorization: Bearer`, only to the scheme, host and port of `url`.
  std::string token;

  /// Seconds until the whole answer is there (`fetch`) or its head is (`open`); 0: forever.
  double timeout_s = 30;
  /// Of these at most so many until a connection stands, TLS included.
  double connect_timeout_s = 10;
  /// Longest silence while a body is streamed; 0: forever.
  double idle_timeout_s = 60;
  /// Redirects to follow; 0 gives the redirecting answer itself.
  int redirects = 10;
  /// A longer body is an error.
  std::uint64_t max_body_bytes = 64u << 20;

  /// PEM file with the authorities to trust; empty: the system's.
  std::string ca_file;
  /// PEM client certificate and key; both or none.
  std::string cert_file, key_file;
  /// Accept any certificate.
  bool insecure = false;
  /// A proxy's URL; empty: none; absent: HTTP_PROXY, HTTPS_PROXY and NO_PROXY decide.
  std::optional<std::string> proxy;
  /// Connect to this UNIX domain socket instead of the URL's host and port.
  std::string unix_socket;
};

/// A whole answer.
struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
  /// Where the answer came from after redirects, without user and password.
  std::string url;
  /// From the call to the last byte.
  double seconds = 0;
};

/// An answer whose body is read piece by piece. It holds a connection until it ends or is closed.
class HttpStream {
 public:
  virtual ~HttpStream() = default;

  int status = 0;
  HttpHeaders headers;
  std::string url;

  /// The next piece of the body as it arrives, nothing at its end. One read at a time. After an error or a
  /// cancellation the stream is closed.
  virtual Cancel read(Callback<std::optional<std::string>> done) = 0;
  /// Gives the connection up; a read that is waiting gets `cancelled`, later ones an end.
  virtual void close() = 0;
};

/// Any status is an answer, not an error. Errors of both calls: `unreachable`, `timeout`, `denied` (the
/// proxy's credentials), `invalid`, `cancelled`. Facts: `url` and `reason`, one of dns refused reset closed
/// tls proxy protocol redirect too_large url file connect response body; on a timeout also `after_s`.
class Http {
 public:
  virtual ~Http() = default;

  /// Sends a request; `done` gets the answer as soon as its head is there.
  virtual Cancel open(HttpRequest request, Callback<std::shared_ptr<HttpStream>> done) = 0;

  /// Sends a request and collects the answer.
  Cancel fetch(HttpRequest request, Callback<HttpResponse> done);

 protected:
  virtual std::shared_ptr<Clock> clock() = 0;
};

/// HTTP/1.1 over the network, with idle connections kept for the next request. Reads proxies from the
/// world's environment.
std::shared_ptr<Http> make_real_http(World& world);

}  // namespace core
