#include "core/http.hpp"

#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "core/env.hpp"
#include "core/redact.hpp"
#include "core/world.hpp"
#include "peer.hpp"

using core::HttpRequest;
using core::HttpResponse;
using core::Result;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The world without the proxies of the machine that runs the tests.
struct Client {
  Client() {
    for (const char* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy",
                             "ALL_PROXY", "no_proxy", "NO_PROXY"})
      world.env->unset(name);
  }

  void use_virtual_time() { world.clock = std::make_shared<core::VirtualClock>(world.loop); }

  template <class T, class Start>
  Result<T> await(Start start) {
    std::optional<Result<T>> outcome;
    start([&](Result<T> result) { outcome = std::move(result); });
    world.loop.run_until([&] { return outcome.has_value(); }, [&] { return world.clock->idle(); });
    return std::move(*outcome);
  }

  Result<HttpResponse> fetch(HttpRequest request) {
    return await<HttpResponse>([&](auto done) { cancel = world.http->fetch(std::move(request), done); });
  }
  Result<HttpResponse> get(const std::string& url) { return fetch({.url = url}); }

  std::shared_ptr<core::HttpStream> open(HttpRequest request) {
    auto stream = await<std::shared_ptr<core::HttpStream>>(
        [&](auto done) { cancel = world.http->open(std::move(request), done); });
    if (!stream) FAIL(stream.error().message);
    return *stream;
  }
  Result<std::optional<std::string>> read(core::HttpStream& stream) {
    return await<std::optional<std::string>>([&](auto done) { cancel = stream.read(done); });
  }

  core::World world;
  core::Cancel cancel;
};

HttpResponse must(Result<HttpResponse> response) {
  if (!response) FAIL(response.error().code + ": " + response.error().message);
  return std::move(*response);
}

core::Error must_fail(const Result<HttpResponse>& response, const std::string& code,
                      const std::string& reason) {
  REQUIRE_FALSE(response);
  INFO(response.error().message);
  CHECK(response.error().code == code);
  CHECK(response.error().facts.value("reason", "") == reason);
  return response.error();
}

/// Answers every request with what it got.
void echo(Peer& peer) {
  for (;;) {
    const std::string request = peer.read_request();
    if (request.empty() || !peer.answer(200, request)) return;
  }
}

/// A server that waits for the end of the test in the middle of something.
struct Gate {
  void wait() {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(20), [this] { return open; });
  }
  void release() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
};

}  // namespace

TEST_CASE("an HTTP request says what it was told to and nothing about itself that is secret") {
  TestServer server(echo);
  Client client;
  HttpRequest request;
  request.method = "POST";
  request.url = server.url("/v1/x?q=1#part");
  request.headers = {{"X-Test", "yes"}, {"Content-Type", "text/plain"}};
  request.body = "hello";
  request.token = "canary-token-1";
  const auto response = must(client.fetch(request));
  CHECK(response.status == 200);
  CHECK(has(response.body, "POST /v1/x?q=1 HTTP/1.1\r\n"));
  CHECK(has(response.body, "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
  CHECK(has(response.body, "Authorization: Bearer canary-token-1\r\n"));
  CHECK(has(response.body, "X-Test: yes\r\n"));
  CHECK(has(response.body, "Content-Length: 5\r\n"));
  CHECK_FALSE(has(response.body, "Accept-Encoding"));
  CHECK(has(response.body, "\r\n\r\nhello"));
  CHECK(response.url == server.url("/v1/x?q=1"));
  CHECK(response.seconds >= 0);
  CHECK(core::redact("got canary-token-1") == "got ***");
  core::forget_secrets();
}

TEST_CASE("user and password of a URL are sent but never shown") {
  TestServer server([](Peer& peer) {
    peer.answer(200, peer.read_request());
    peer.close();
  });
  Client client;
  const std::string tail = "127.0.0.1:" + std::to_string(server.port()) + "/";
  const auto response = must(client.get("http://me:canary-pass@" + tail));
  CHECK(has(response.body, "Authorization: Basic bWU6Y2FuYXJ5LXBhc3M=\r\n"));
  CHECK(response.url == "http://" + tail);
  const auto error = must_fail(client.get("http://me:canary-pass@127.0.0.1:1/x"), "unreachable", "refused");
  CHECK_FALSE(has(error.message + error.facts.dump(), "canary-pass"));
  const auto bad = must_fail(client.get("http://me:canary-pass@[bad/x"), "invalid", "url");
  CHECK_FALSE(has(bad.message + bad.facts.dump(), "canary-pass"));
  core::forget_secrets();
}

TEST_CASE("connections are kept for the next request") {
  TestServer server(echo);
  Client client;
  for (int i = 0; i < 3; ++i) must(client.get(server.url()));
  CHECK(server.connections() == 1);
}

TEST_CASE("a connection that died while it was idle is noticed") {
  TestServer server([](Peer& peer) {
    peer.read_request();
    peer.answer(200, "once");  // and closes without having said so
  });
  Client client;
  must(client.get(server.url()));
  usleep(50'000);
  CHECK(must(client.get(server.url())).body == "once");
  CHECK(server.connections() == 2);
}

TEST_CASE("a request on a kept connection that dies under it is repeated only if that is harmless") {
  std::atomic<int> requests{0};
  TestServer server([&](Peer& peer) {
    peer.read_request();
    peer.answer(200, "first");
    if (!peer.read_request().empty()) ++requests;  // read, then hang up
  });
  Client client;
  must(client.get(server.url()));
  CHECK(must(client.get(server.url())).body == "first");
  HttpRequest post{.method = "POST", .url = server.url()};
  const auto error = must_fail(client.fetch(post), "unreachable", "closed");
  CHECK(has(error.message, "without an answer"));
  CHECK(requests == 2);
}

TEST_CASE("all kinds of bodies are read to their end") {
  const std::pair<const char*, const char*> answers[] = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: "
       "t\r\n\r\n",
       "abcde"},
      {"HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end"},
      {"HTTP/1.1 204 No Content\r\n\r\n", ""},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"}};
  for (const auto& [text, body] : answers) {
    TestServer server([text = std::string(text)](Peer& peer) {
      peer.read_request();
      peer.send(text);
    });
    Client client;
    CHECK(must(client.get(server.url())).body == body);
  }
  TestServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    peer.read_request();
    peer.answer(200, "second");
  });
  Client client;
  CHECK(must(client.fetch({.method = "HEAD", .url = server.url()})).body.empty());
  CHECK(must(client.get(server.url())).body == "second");
}

TEST_CASE("redirects are followed, but credentials stay at home") {
  TestServer other(echo);
  std::string elsewhere;
  TestServer server([&](Peer& peer) {
    for (;;) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      if (has(request, " /far ")) {
        peer.answer(302, "", "Location: " + elsewhere + "\r\n");
      } else if (has(request, " /a/near ")) {
        peer.answer(307, "moved", "Location: there?x=1\r\n");
      } else if (has(request, " /see ")) {
        peer.answer(303, "", "Location: /end\r\n");
      } else if (has(request, " /loop ")) {
        peer.answer(301, "", "Location: /loop\r\n");
      } else {
        peer.answer(200, request);
      }
    }
  });
  elsewhere = other.url("/landed", "localhost");
  Client client;
  HttpRequest request{.method = "POST",
                      .url = server.url("/a/near"),
                      .headers = {{"Cookie", "c"}},
                      .body = "b",
                      .token = "canary-token-2"};
  auto near = must(client.fetch(request));
  CHECK(has(near.body, "POST /a/there?x=1 "));
  CHECK(has(near.body, "canary-token-2"));
  CHECK(near.body.substr(near.body.size() - 1) == "b");
  CHECK(near.url == server.url("/a/there?x=1"));
  request.url = server.url("/far");
  auto far = must(client.fetch(request));
  CHECK(has(far.body, "GET /landed "));
  CHECK_FALSE(has(far.body, "canary-token-2"));
  CHECK_FALSE(has(far.body, "Cookie"));
  CHECK_FALSE(has(far.body, "Content-Length"));
  request.url = server.url("/see");
  CHECK(has(must(client.fetch(request)).body, "GET /end "));
  must_fail(client.get(server.url("/loop")), "invalid", "redirect");
  HttpRequest stay{.url = server.url("/loop"), .redirects = 0};
  CHECK(must(client.fetch(stay)).status == 301);
  core::forget_secrets();
}

TEST_CASE("what keeps an answer from coming is told apart") {
  Client client;
  const auto refused = must_fail(client.get("http://127.0.0.1:1/x"), "unreachable", "refused");
  CHECK(refused.message == "cannot reach http://127.0.0.1:1/x: connection refused");
  CHECK(has(refused.hint, "is the server running"));
  CHECK(refused.facts["url"] == "http://127.0.0.1:1/x");
  must_fail(client.get("http://no-such-host.invalid/"), "unreachable", "dns");
  must_fail(client.get("ftp://x/"), "invalid", "url");
  must_fail(client.get("localhost:8000"), "invalid", "url");
  must_fail(client.get("http://a b/"), "invalid", "url");
  must_fail(client.fetch({.url = "http://127.0.0.1:1", .headers = {{"A", "b\r\nC: d"}}}), "invalid", "url");
  must_fail(client.fetch({.method = "GE T", .url = "http://127.0.0.1:1"}), "invalid", "url");
}

TEST_CASE("servers that misbehave are reported for what they do") {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"", "unreachable", "closed"},
      {"HTTP/1.1 200 OK\r\nConte", "unreachable", "closed"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "unreachable", "closed"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "unreachable", "closed"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "invalid", "protocol"},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "invalid", "protocol"},
      {"\x16\x03\x01 garbage\r\n\r\n", "invalid", "protocol"},
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "invalid", "protocol"},
      {"HTTP/9.9 200 OK\r\n\r\n", "invalid", "protocol"}};
  for (const auto& [text, code, reason] : cases) {
    TestServer server([text = std::string(text)](Peer& peer) {
      peer.read_request();
      peer.send(text);
    });
    Client client;
    INFO(text);
    must_fail(client.get(server.url()), code, reason);
  }
  TestServer endless_head([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("X-More: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  Client client;
  must_fail(client.get(endless_head.url()), "invalid", "protocol");
}

TEST_CASE("a body larger than allowed is refused, whether announced or not") {
  TestServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    while (peer.send(std::string(10000, 'x'))) {
    }
  });
  Client client;
  HttpRequest request{.url = server.url(), .max_body_bytes = 100'000};
  const auto error = must_fail(client.fetch(request), "invalid", "too_large");
  CHECK(has(error.message, "larger than 100000 bytes"));
}

TEST_CASE("a server that never answers is given up after the timeout") {
  Gate gate;
  TestServer server([&](Peer& peer) {
    peer.read_request();
    gate.wait();
  });
  Client client;
  client.use_virtual_time();
  HttpRequest request{.url = server.url("/slow"), .timeout_s = 3600};
  const auto error = must_fail(client.fetch(request), "timeout", "response");
  CHECK(error.facts["after_s"] == 3600.0);
  CHECK(has(error.message, "no answer came within 3600.0 s (" + server.url("/slow") + ")"));
  CHECK(client.world.clock->monotonic_ns() == 3'600'000'000'000);
  gate.release();
}

TEST_CASE("a body that stops half way is given up after the timeout") {
  Gate gate;
  TestServer server([&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    gate.wait();
  });
  Client client;
  client.use_virtual_time();
  must_fail(client.fetch({.url = server.url(), .timeout_s = 30}), "timeout", "body");
  auto stream = client.open({.url = server.url(), .idle_timeout_s = 20});
  CHECK(client.read(*stream).value() == "abc");
  auto stalled = client.read(*stream);
  REQUIRE_FALSE(stalled);
  CHECK(stalled.error().code == "timeout");
  CHECK(stalled.error().facts["after_s"] == 20.0);
  CHECK_FALSE(client.read(*stream).value().has_value());  // closed
  gate.release();
}

TEST_CASE("a head that trickles in does not outwit the timeout") {
  TestServer server([&](Peer& peer) {
    peer.read_request();
    for (int i = 0; i < 1000 && peer.send("X"); ++i) usleep(10'000);
  });
  Client client;
  must_fail(client.fetch({.url = server.url(), .timeout_s = 0.2}), "timeout", "response");
}

TEST_CASE("a TLS handshake that hangs ends with the time to connect") {
  Gate gate;
  TestServer server([&](Peer&) { gate.wait(); });
  Client client;
  client.use_virtual_time();
  HttpRequest request{.url = "https://127.0.0.1:" + std::to_string(server.port())};
  const auto error = must_fail(client.fetch(request), "timeout", "connect");
  CHECK(error.facts["after_s"] == 10.0);
  gate.release();
}

TEST_CASE("a body can be read while it comes") {
  Gate first, second;
  TestServer server([&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n3\r\none\r\n");
    first.wait();
    peer.send("3\r\ntwo\r\n");
    second.wait();
    peer.send("0\r\n\r\n");
    peer.read_request();
  });
  Client client;
  auto stream = client.open({.url = server.url()});
  CHECK(stream->status == 201);
  CHECK(core::find_header(stream->headers, "x-a") == "b");
  CHECK(client.read(*stream).value() == "one");
  first.release();
  CHECK(client.read(*stream).value() == "two");
  second.release();
  CHECK_FALSE(client.read(*stream).value().has_value());
  CHECK_FALSE(client.read(*stream).value().has_value());
  stream->close();
}

TEST_CASE("an HTTP request can be cancelled in every state") {
  Gate gate;
  TestServer server([&](Peer& peer) {
    if (has(peer.read_request(), "/stream")) peer.send("HTTP/1.1 200 OK\r\n\r\n");
    gate.wait();
  });
  Client client;
  const auto cancelled_after = [&](HttpRequest request, double seconds) {
    return client.await<HttpResponse>([&](auto done) {
      auto cancel = client.world.http->fetch(request, done);
      if (seconds < 0) return cancel();
      client.world.clock->call_after(seconds, cancel);
    });
  };
  for (const char* path : {"/wait", "/stream"})
    for (double seconds : {-1.0, 0.0, 0.1})
      CHECK(cancelled_after({.url = server.url(path)}, seconds).error().code == "cancelled");
  auto stream = client.open({.url = server.url("/stream")});
  auto piece = client.await<std::optional<std::string>>([&](auto done) {
    auto cancel = stream->read(done);
    client.world.clock->call_after(0.05, cancel);
  });
  CHECK(piece.error().code == "cancelled");
  auto closed = client.open({.url = server.url("/stream")});
  auto after_close = client.await<std::optional<std::string>>([&](auto done) {
    closed->read(done);
    client.world.clock->call_after(0.05, [&] { closed->close(); });
  });
  CHECK(after_close.error().code == "cancelled");
  gate.release();
}

TEST_CASE("the program may end while requests are under way") {
  Gate gate;
  TestServer server([&](Peer& peer) {
    peer.read_request();
    gate.wait();
  });
  {
    Client client;
    bool called = false;
    client.world.http->fetch({.url = server.url()}, [&](auto) { called = true; });
    client.world.http->fetch({.url = "http://no-such-host.invalid/"}, [](auto) {});
    bool later = false;
    client.world.clock->call_after(0.1, [&] { later = true; });
    client.world.loop.run_until([&] { return later; });
    CHECK_FALSE(called);
  }
  gate.release();
}

TEST_CASE("HTTP works over a UNIX domain socket") {
  const auto path =
      std::filesystem::temp_directory_path() / ("http_test_" + std::to_string(getpid()) + ".sock");
  std::filesystem::remove(path);
  TestServer server(echo, nullptr, path.string());
  Client client;
  const auto response = must(client.fetch({.url = "http://cluster/api", .unix_socket = path.string()}));
  CHECK(has(response.body, "GET /api HTTP/1.1\r\nHost: cluster\r\n"));
  must_fail(client.fetch({.url = "http://x/", .unix_socket = path.string() + ".no"}), "unreachable",
            "refused");
  std::filesystem::remove(path);
}

TEST_CASE("plain requests go to the proxy with the whole URL") {
  TestServer proxy(echo);
  Client client;
  client.world.env->set("HTTP_PROXY", "http://user:canary-proxy@127.0.0.1:" + std::to_string(proxy.port()));
  const auto response = must(client.get("http://api.example.test/v1?x"));
  CHECK(has(response.body, "GET http://api.example.test/v1?x HTTP/1.1\r\nHost: api.example.test\r\n"));
  CHECK(has(response.body, "Proxy-Authorization: Basic dXNlcjpjYW5hcnktcHJveHk="));
  client.world.env->set("NO_PROXY", "example.test");
  must_fail(client.get("http://api.example.test/v1"), "unreachable", "dns");
  must_fail(client.fetch({.url = "http://x.test/", .proxy = "nonsense://p"}), "invalid", "proxy");
  core::forget_secrets();
}
