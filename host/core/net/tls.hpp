// TLS contexts: what is shared by all connections of one client or one server.
#pragma once

#include <memory>
#include <string>

#include "core/error.hpp"

struct ssl_ctx_st;

namespace core::net {

struct TlsClientOptions {
  std::string ca_file;              // PEM; empty: the system's certificate store
  bool insecure = false;            // accept any certificate
  std::string cert_file, key_file;  // PEM client certificate and key; both or none
};

struct TlsServerOptions {
  std::string cert_file, key_file;  // PEM certificate chain and key
  std::string client_ca_file;       // when given, clients must show a certificate signed by it
};

/// A certificate and its private key as PEM text.
struct CertificatePair {
  std::string cert_pem, key_pem;
};

/// A fresh P-256 certificate for `localhost`, 127.0.0.1 and ::1, signed by itself, valid for a year.
CertificatePair make_self_signed();

/// An OpenSSL context; TLS 1.2 or newer, ALPN http/1.1. Shareable between threads once made.
class TlsContext {
 public:
  /// Errors: `not_found` (a file), `invalid` (its content).
  static Result<std::shared_ptr<TlsContext>> client(const TlsClientOptions& options);
  static Result<std::shared_ptr<TlsContext>> server(const TlsServerOptions& options);
  /// A server with a certificate that exists in memory only.
  static Result<std::shared_ptr<TlsContext>> server(const CertificatePair& pair);

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* raw() const { return context_; }
  bool verifies() const { return verifies_; }

 private:
  explicit TlsContext(bool is_server);

  ssl_ctx_st* context_ = nullptr;
  bool verifies_ = false;
};

}  // namespace core::net
