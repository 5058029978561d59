// What one request looks like on the wire, and what its failures are called.
#pragma once

#include <optional>
#include <string>

#include "core/error.hpp"
#include "core/http.hpp"
#include "core/http/url.hpp"

namespace core {

/// How one request reaches its server.
struct Route {
  Url url;
  std::optional<Url> proxy;
  std::string unix_socket;

  /// Through a CONNECT tunnel of the proxy.
  bool tunnelled() const { return proxy && url.https(); }
  /// The host to connect to.
  const Url& first_hop() const { return proxy ? *proxy : url; }
};

/// The head and body to send. `credentials`: the request's token, its Authorization and Cookie headers and
/// the URL's user may go to this server. Error `invalid` for a malformed method or header.
Result<std::string> request_text(const HttpRequest& request, const Route& route, bool credentials);

/// The head that asks the route's proxy for a tunnel.
std::string connect_text(const Route& route);

/// `unreachable`, unless the reason is one of the peer's mistakes (`protocol`, `too_large`): `invalid`.
Error http_error(const Url& url, const std::string& reason, const std::string& what,
                 const std::string& hint = "");

/// What a failed connection's own words (`connection refused`, `TLS: ...`) mean for a request to `url`.
Error connection_error(const Url& url, const std::string& problem);

/// `timeout` with reason and seconds.
Error timeout_error(const Url& url, const std::string& reason, const std::string& what, double after_s);

}  // namespace core
