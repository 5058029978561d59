// HTTPS: certificates, names, client certificates, tunnels.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "core/env.hpp"
#include "core/http.hpp"
#include "core/world.hpp"
#include "peer.hpp"

using core::HttpRequest;
using core::HttpResponse;
using core::Result;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// An authority that certifies itself, as files.
struct Certificates {
  Certificates() {
    folder = std::filesystem::temp_directory_path() / ("http_tls_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    const auto pair = core::net::make_self_signed();
    std::ofstream(cert()) << pair.cert_pem;
    std::ofstream(key()) << pair.key_pem;
    server = core::net::TlsContext::server(pair).value();
  }
  ~Certificates() { std::filesystem::remove_all(folder); }

  std::string cert() const { return (folder / "cert.pem").string(); }
  std::string key() const { return (folder / "key.pem").string(); }

  std::filesystem::path folder;
  std::shared_ptr<core::net::TlsContext> server;
};

Result<HttpResponse> fetch(core::World& world, HttpRequest request) {
  if (!request.proxy) request.proxy = "";
  std::optional<Result<HttpResponse>> outcome;
  world.http->fetch(std::move(request), [&](Result<HttpResponse> result) { outcome = std::move(result); });
  world.loop.run_until([&] { return outcome.has_value(); });
  return std::move(*outcome);
}

std::string reason(const Result<HttpResponse>& response) {
  REQUIRE_FALSE(response);
  INFO(response.error().message);
  return response.error().code + " " + response.error().facts.value("reason", "");
}

void answer_all(Peer& peer) {
  for (;;) {
    const std::string request = peer.read_request();
    if (request.empty() || !peer.answer(200, request)) return;
  }
}

}  // namespace

TEST_CASE("HTTPS trusts the authorities it is given and no others") {
  Certificates certificates;
  TestServer server(answer_all, certificates.server);
  core::World world;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    auto response = fetch(world, {.url = server.url("/x", host), .ca_file = certificates.cert()});
    if (!response) FAIL(response.error().message);
    CHECK(has(response->body, "GET /x HTTP/1.1"));
  }
  auto untrusted = fetch(world, {.url = server.url()});
  CHECK(reason(untrusted) == "unreachable tls");
  CHECK(has(untrusted.error().message, "certificate not accepted: self-signed certificate"));
  CHECK(has(untrusted.error().hint, "ca_file"));
  CHECK(fetch(world, {.url = server.url(), .insecure = true}).ok());
  CHECK(reason(fetch(world, {.url = server.url()})) == "unreachable tls");  // not the insecure connection
}

TEST_CASE("files that TLS needs are named when they are wrong") {
  Certificates certificates;
  TestServer server(answer_all, certificates.server);
  core::World world;
  auto missing = fetch(world, {.url = server.url(), .ca_file = "/nowhere/ca.pem"});
  CHECK(reason(missing) == "not_found file");
  CHECK(has(missing.error().message, "/nowhere/ca.pem"));
  CHECK(reason(fetch(world, {.url = server.url(), .cert_file = certificates.cert()})) == "invalid file");
  CHECK(reason(fetch(world, {.url = server.url(),
                             .cert_file = certificates.cert(),
                             .key_file = certificates.cert()})) == "invalid file");
}

TEST_CASE("a client certificate is shown to a server that asks for one") {
  Certificates certificates;
  core::net::TlsServerOptions options{certificates.cert(), certificates.key(), certificates.cert()};
  TestServer server(answer_all, core::net::TlsContext::server(options).value());
  core::World world;
  HttpRequest request{.url = server.url(), .ca_file = certificates.cert()};
  const auto refused = fetch(world, request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "unreachable");
  request.cert_file = certificates.cert();
  request.key_file = certificates.key();
  CHECK(fetch(world, request).ok());
}

TEST_CASE("http and https taken for each other are recognised") {
  Certificates certificates;
  TestServer secure(answer_all, certificates.server), plain([](Peer&peer) {
    peer.read_some();
    peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  core::World world;
  auto to_plain = fetch(world, {.url = "https://127.0.0.1:" + std::to_string(plain.port())});
  CHECK(reason(to_plain) == "unreachable tls");
  CHECK(has(to_plain.error().hint, "http://"));
  auto to_secure = fetch(world, {.url = "http://127.0.0.1:" + std::to_string(secure.port())});
  REQUIRE_FALSE(to_secure);
  CHECK(has(to_secure.error().hint, "https"));
}

TEST_CASE("HTTPS goes through a tunnel of the proxy") {
  Certificates certificates;
  std::string asked;
  TestServer proxy([&](Peer& peer) {
    asked = peer.read_head();
    if (!has(asked, "Proxy-Authorization")) {
      peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
    if (peer.start_tls(certificates.server)) answer_all(peer);
  });
  core::World world;
  HttpRequest request{.url = "https://localhost:8443/v1", .ca_file = certificates.cert()};
  request.proxy = "http://u:canary-tunnel@127.0.0.1:" + std::to_string(proxy.port());
  for (int i = 0; i < 2; ++i) {
    auto response = fetch(world, request);
    if (!response) FAIL(response.error().message);
    CHECK(has(response->body, "GET /v1 HTTP/1.1\r\nHost: localhost:8443\r\n"));
    CHECK_FALSE(has(response->body, "Proxy-Authorization"));
  }
  CHECK(proxy.connections() == 1);
  CHECK(has(asked, "CONNECT localhost:8443 HTTP/1.1\r\n"));
  request.url = "https://another.name.test/";
  auto misnamed = fetch(world, request);
  CHECK(reason(misnamed) == "unreachable tls");
  CHECK(has(misnamed.error().message, "hostname mismatch"));
  request.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  auto denied = fetch(world, request);
  CHECK(reason(denied) == "denied proxy");
  CHECK(denied.error().facts["status"] == 407);
  request.proxy = "http://127.0.0.1:1";
  CHECK(reason(fetch(world, request)) == "unreachable proxy");
}

TEST_CASE("a proxy that answers nonsense is blamed") {
  TestServer proxy([](Peer& peer) {
    peer.read_head();
    peer.send("what?\r\n\r\n");
  });
  core::World world;
  HttpRequest request{.url = "https://localhost:8443/"};
  request.proxy = "127.0.0.1:" + std::to_string(proxy.port());
  CHECK(reason(fetch(world, request)) == "unreachable proxy");
}
