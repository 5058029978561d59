#include "core/net/tls.hpp"

#include <cstring>
#include <memory>
#include <stdexcept>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

namespace core::net {

namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;

std::string openssl_reason() {
  const auto code = ERR_peek_last_error();
  const char* text = ERR_reason_error_string(code);
  ERR_clear_error();
  return text ? text : "unknown reason";
}

Error file_error(const std::string& what, const std::string& file) {
  const bool exists = access(file.c_str(), R_OK) == 0;
  const auto reason = exists ? openssl_reason() : std::string(std::strerror(errno));
  ERR_clear_error();
  return Error{exists ? "invalid" : "not_found", "cannot use " + what + " '" + file + "': " + reason,
               "give a readable PEM file"}
      .with("file", file);
}

Result<Done> use_key_pair(SSL_CTX* context, const std::string& cert_file, const std::string& key_file) {
  if (cert_file.empty() != key_file.empty()) {
    return Error{"invalid", "a TLS certificate and its key must be given together",
                 "give both files or neither"};
  }
  if (cert_file.empty()) return Done{};
  if (SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) != 1) {
    return file_error("certificate", cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return file_error("private key", key_file);
  }
  return Done{};
}

int select_http11(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                  unsigned in_length, void*) {
  static const unsigned char ours[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, ours, sizeof ours - 1, in, in_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(length));
}

void add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  if (auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value)) {
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
}

Certificate sign_for_localhost(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, 2);  // counted from 0: version 3
  ASN1_INTEGER_set_int64(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 365L * 24 * 3600);
  X509_set_pubkey(x, key);
  auto* name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"),
                             -1, -1, 0);
  X509_set_issuer_name(x, name);
  add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(x, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
  X509_sign(x, key, EVP_sha256());
  return certificate;
}

}  // namespace

CertificatePair make_self_signed() {
  const Key key(EVP_EC_gen("P-256"));
  if (!key) throw std::runtime_error("cannot generate a TLS key: " + openssl_reason());
  const auto certificate = sign_for_localhost(key.get());
  const Bio cert_out(BIO_new(BIO_s_mem())), key_out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(cert_out.get(), certificate.get());
  PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {bio_text(cert_out.get()), bio_text(key_out.get())};
}

TlsContext::TlsContext(bool is_server)
    : context_(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method())) {
  if (!context_) throw std::runtime_error("cannot set up TLS: " + openssl_reason());
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context_, SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (is_server) {
    SSL_CTX_set_alpn_select_cb(context_, select_http11, nullptr);
  } else {
    static const unsigned char protocols[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(context_, protocols, sizeof protocols - 1);
  }
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<TlsContext>> TlsContext::client(const TlsClientOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext(false));
  SSL_CTX* context = made->context_;
  if (auto used = use_key_pair(context, options.cert_file, options.key_file); !used) return used.error();
  if (options.insecure) return made;
  made->verifies_ = true;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
    return file_error("CA file", options.ca_file);
  }
  return made;
}

Result<std::shared_ptr<TlsContext>> TlsContext::server(const TlsServerOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext(true));
  SSL_CTX* context = made->context_;
  if (auto used = use_key_pair(context, options.cert_file, options.key_file); !used) return used.error();
  if (options.client_ca_file.empty()) return made;
  made->verifies_ = true;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  if (SSL_CTX_load_verify_locations(context, options.client_ca_file.c_str(), nullptr) != 1) {
    return file_error("client CA file", options.client_ca_file);
  }
  return made;
}

Result<std::shared_ptr<TlsContext>> TlsContext::server(const CertificatePair& pair) {
  std::shared_ptr<TlsContext> made(new TlsContext(true));
  const Bio cert_in(BIO_new_mem_buf(pair.cert_pem.data(), static_cast<int>(pair.cert_pem.size())));
  const Bio key_in(BIO_new_mem_buf(pair.key_pem.data(), static_cast<int>(pair.key_pem.size())));
  const Certificate certificate(PEM_read_bio_X509(cert_in.get(), nullptr, nullptr, nullptr));
  const Key key(PEM_read_bio_PrivateKey(key_in.get(), nullptr, nullptr, nullptr));
  if (!certificate || !key || SSL_CTX_use_certificate(made->context_, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(made->context_, key.get()) != 1) {
    return Error{"invalid", "cannot use the TLS certificate in memory: " + openssl_reason(), ""};
  }
  return made;
}

}  // namespace core::net
