#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

#include <unistd.h>

#include "catch.hpp"
#include "core/net/connection.hpp"
#include "core/net/monotonic.hpp"
#include "core/net/poller.hpp"

using namespace core::net;  // NOLINT: the test is about this namespace

namespace {

constexpr std::int64_t kMillisecond = 1'000'000;

Address loopback(std::uint16_t port = 0, const std::string& host = "127.0.0.1") {
  auto found = resolve(host, port);
  REQUIRE(found.ok());
  return found->front();
}

// A listening socket, a client that connects to it and the server's end of that connection.
struct Pair {
  Poller poller;
  Fd listener;
  Connection client, server;
  std::string server_got;
  bool watching = false;

  explicit Pair(const std::string& host = "127.0.0.1") {
    auto listening = listen_tcp(loopback(0, host));
    REQUIRE(listening.ok());
    listener = std::move(listening).value();
    auto connecting = connect_tcp(loopback(local_port(listener), host));
    REQUIRE(connecting.ok());
    client = Connection(std::move(connecting).value());
    Fd accepted;
    for (int i = 0; i < 1000 && !accepted; ++i) {
      accepted = accept_tcp(listener);
      if (!accepted) usleep(1000);
    }
    REQUIRE(accepted);
    server = Connection(std::move(accepted));
  }

  // Lets both ends work until `done` or about ten seconds have passed.
  template <class Step>
  bool drive(Step done) {
    if (!watching) {
      poller.add(client.fd(), client.wants(), &client);
      poller.add(server.fd(), server.wants(), &server);
      watching = true;
    }
    const auto give_up = now_ns() + 10'000 * kMillisecond;
    while (!done()) {
      if (now_ns() > give_up) return false;
      poller.change(client.fd(), client.wants(), &client);
      poller.change(server.fd(), server.wants(), &server);
      poller.wait(now_ns() + 5 * kMillisecond);
    }
    return true;
  }

  bool shake_hands(Io& client_io, Io& server_io) {
    client_io = server_io = Io::kBlocked;
    return drive([&] {
      if (client_io == Io::kBlocked) client_io = client.handshake();
      if (server_io == Io::kBlocked) server_io = server.handshake();
      return client_io != Io::kBlocked && server_io != Io::kBlocked;
    });
  }
};

std::string read_all(Connection& from) {
  std::string text;
  char buffer[1000];
  std::size_t got = 0;
  while (from.read(buffer, sizeof buffer, got) == Io::kOk) text.append(buffer, got);
  return text;
}

void exchange(Pair& pair) {
  Io client_io{}, server_io{};
  REQUIRE(pair.shake_hands(client_io, server_io));
  INFO(pair.client.problem() << " / " << pair.server.problem());
  REQUIRE(client_io == Io::kOk);
  REQUIRE(server_io == Io::kOk);

  const std::string_view parts[] = {"one ", "", "two ", "three"};
  CHECK(pair.client.send(parts) == Io::kOk);
  std::string got;
  CHECK(pair.drive([&] { return (got += read_all(pair.server)).size() >= 13; }));
  CHECK(got == "one two three");

  const std::string big(8 << 20, 'x');  // more than any socket buffer
  const std::string_view halves[] = {std::string_view(big).substr(0, 3 << 20),
                                     std::string_view(big).substr(3 << 20)};
  CHECK(pair.server.send(halves) == Io::kBlocked);
  CHECK(pair.server.send(std::string_view("end")) == Io::kBlocked);
  CHECK(pair.server.pending_bytes() > 0);
  CHECK((pair.server.wants() & kWrite) != 0);
  got.clear();
  CHECK(pair.drive([&] {
    pair.server.flush();
    got += read_all(pair.client);
    return got.size() == big.size() + 3;
  }));
  CHECK(got == big + "end");
  CHECK(pair.server.pending_bytes() == 0);

  pair.server.close();
  char byte = 0;
  std::size_t n = 0;
  Io io = Io::kBlocked;
  for (int i = 0; i < 1000 && io == Io::kBlocked; ++i) {
    io = pair.client.read(&byte, 1, n);
    if (io == Io::kBlocked) usleep(1000);
  }
  CHECK(io == Io::kClosed);
}

struct TempFile {
  std::string path;
  explicit TempFile(const std::string& content) {
    char name[] = "/tmp/net-test-XXXXXX";
    close(mkstemp(name));
    path = name;
    std::ofstream(path) << content;
  }
  ~TempFile() { unlink(path.c_str()); }
};

template <class T>
T must(core::Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(result).value();
}

}  // namespace

TEST_CASE("a plain connection carries data both ways and blocks when the peer is slow") {
  Pair pair;
  exchange(pair);
}

TEST_CASE("a plain connection works over IPv6") {
  if (!listen_tcp(loopback(0, "::1")).ok()) return;  // a machine without IPv6
  Pair pair("[::1]");
  exchange(pair);
}

TEST_CASE("a TLS connection with a CA file carries the same data") {
  const auto made = make_self_signed();
  const TempFile ca(made.cert_pem);
  for (const std::string host : {"localhost", "127.0.0.1", "[::1]"}) {
    Pair pair;
    TlsClientOptions options;
    options.ca_file = ca.path;
    pair.client.start_tls_client(must(TlsContext::client(options)), host);
    pair.server.start_tls_server(must(TlsContext::server(made)));
    exchange(pair);
  }
}

TEST_CASE("a certificate that nobody vouches for is refused unless the client is told not to look") {
  const auto server = must(TlsContext::server(make_self_signed()));
  {
    Pair pair;
    pair.client.start_tls_client(must(TlsContext::client({})), "localhost");
    pair.server.start_tls_server(server);
    Io client_io{}, server_io{};
    CHECK(pair.shake_hands(client_io, server_io));
    CHECK(client_io == Io::kFailed);
    CHECK(pair.client.problem().find("self-signed") != std::string::npos);
  }
  Pair pair;
  TlsClientOptions options;
  options.insecure = true;
  pair.client.start_tls_client(must(TlsContext::client(options)), "localhost");
  pair.server.start_tls_server(server);
  exchange(pair);
}

TEST_CASE("a certificate for another name is refused") {
  const auto made = make_self_signed();
  const TempFile ca(made.cert_pem);
  Pair pair;
  TlsClientOptions options;
  options.ca_file = ca.path;
  pair.client.start_tls_client(must(TlsContext::client(options)), "example.org");
  pair.server.start_tls_server(must(TlsContext::server(made)));
  Io client_io{}, server_io{};
  CHECK(pair.shake_hands(client_io, server_io));
  CHECK(client_io == Io::kFailed);
  CHECK(pair.client.problem().find("mismatch") != std::string::npos);
}

TEST_CASE("a server can demand a client certificate") {
  const auto made = make_self_signed();
  const TempFile cert(made.cert_pem), key(made.key_pem);
  const auto server = must(TlsContext::server(TlsServerOptions{cert.path, key.path, cert.path}));
  TlsClientOptions options;
  options.ca_file = cert.path;
  {
    Pair pair;
    pair.client.start_tls_client(must(TlsContext::client(options)), "localhost");
    pair.server.start_tls_server(server);
    Io client_io{}, server_io{};
    CHECK(pair.shake_hands(client_io, server_io));
    CHECK(server_io == Io::kFailed);
  }
  options.cert_file = cert.path;
  options.key_file = key.path;
  Pair pair;
  pair.client.start_tls_client(must(TlsContext::client(options)), "localhost");
  pair.server.start_tls_server(server);
  exchange(pair);
}

TEST_CASE("TLS files that are missing or wrong are named") {
  const TempFile junk("not a certificate");
  const auto missing = TlsContext::server(TlsServerOptions{"/no/such.pem", "/no/key.pem", ""});
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == "not_found");
  CHECK(missing.error().message.find("/no/such.pem") != std::string::npos);
  const auto wrong = TlsContext::server(TlsServerOptions{junk.path, junk.path, ""});
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().code == "invalid");
  TlsClientOptions half;
  half.cert_file = junk.path;
  CHECK_FALSE(TlsContext::client(half).ok());
}

TEST_CASE("plain text sent to a TLS server fails the handshake, not the program") {
  Pair pair;
  pair.server.start_tls_server(must(TlsContext::server(make_self_signed())));
  REQUIRE(pair.drive([&] { return pair.client.handshake() != Io::kBlocked; }));
  CHECK(pair.client.send(std::string_view("GET / HTTP/1.1\r\n\r\n")) == Io::kOk);
  Io io = Io::kBlocked;
  CHECK(pair.drive([&] { return (io = pair.server.handshake()) != Io::kBlocked; }));
  CHECK(io == Io::kFailed);
}

TEST_CASE("a refused connection says so") {
  auto listening = listen_tcp(loopback());
  REQUIRE(listening.ok());
  const auto port = local_port(listening.value());
  listening.value().reset();
  auto connecting = connect_tcp(loopback(port));
  if (!connecting) {
    CHECK(connecting.error().code == "unreachable");
    return;
  }
  Poller poller;
  Connection connection(std::move(connecting).value());
  poller.add(connection.fd(), connection.wants(), &connection);
  CHECK_FALSE(poller.wait(now_ns() + 5000 * kMillisecond).empty());
  CHECK(connection.handshake() == Io::kFailed);
  CHECK(connection.problem() == "connection refused");
}

TEST_CASE("sending to a closed peer is a failure, not a signal") {
  Pair pair;
  REQUIRE(pair.drive([&] { return pair.client.handshake() != Io::kBlocked; }));
  pair.server.close();
  Io io = Io::kOk;
  for (int i = 0; i < 100 && io != Io::kFailed; ++i) {
    io = pair.client.send(std::string_view("x"));
    usleep(1000);
  }
  CHECK(io == Io::kFailed);
  CHECK_FALSE(pair.client.problem().empty());
}

TEST_CASE("a taken port is a conflict unless both sockets share it") {
  auto first = listen_tcp(loopback());
  REQUIRE(first.ok());
  const auto taken = listen_tcp(loopback(local_port(first.value())));
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == "conflict");

  ListenOptions shared;
  shared.reuse_port = true;
  auto one = listen_tcp(loopback(), shared);
  REQUIRE(one.ok());
  CHECK(listen_tcp(loopback(local_port(one.value())), shared).ok());
}

TEST_CASE("host names resolve, nonsense does not") {
  CHECK(loopback(80).text() == "127.0.0.1:80");
  CHECK(loopback(80, "[::1]").text() == "[::1]:80");
  CHECK(resolve("localhost", 1).ok());
  const auto nonsense = resolve("no such host.invalid", 1);
  REQUIRE_FALSE(nonsense.ok());
  CHECK(nonsense.error().code == "not_found");
}

TEST_CASE("a poller wakes at absolute times, on request, and for what is ready") {
  Poller poller;
  const auto begin = now_ns();
  CHECK(poller.wait(begin + 2 * kMillisecond).empty());
  CHECK(now_ns() >= begin + 2 * kMillisecond);
  CHECK(poller.wait(begin).empty());  // in the past: only a look

  std::thread other([&] {
    usleep(1000);
    poller.wake();
  });
  CHECK(poller.wait(kNever).empty());
  other.join();

  poller.set_spin_ns(kMillisecond);
  const auto due = now_ns() + 3 * kMillisecond;
  CHECK(poller.wait(due).empty());
  CHECK(now_ns() >= due);
}

TEST_CASE("removing a socket silences what was already collected for it") {
  Pair a, b;
  Poller poller;
  REQUIRE(poller.add(a.server.fd(), kWrite, &a));
  REQUIRE(poller.add(b.server.fd(), kWrite, &b));
  const auto ready = poller.wait(now_ns() + 1000 * kMillisecond);
  REQUIRE(ready.size() == 2);
  poller.remove(b.server.fd(), &b);
  CHECK(((ready[0].owner == &a) != (ready[1].owner == &a)));
  CHECK(((ready[0].owner == nullptr) != (ready[1].owner == nullptr)));
}

TEST_CASE("arrival is when the bytes came, not when somebody read them") {
  Pair pair;
  Io client_io, server_io;
  REQUIRE(pair.shake_hands(client_io, server_io));
  REQUIRE(pair.server.stamp_arrivals());
  char buffer[64];
  std::size_t got = 0;
  for (int round = 0; round < 2; ++round) {  // the first stamps of a machine may come late
    const auto before = now_ns();
    REQUIRE(pair.client.send("late") == Io::kOk);
    const auto sent = now_ns();
    usleep(50'000);
    REQUIRE(pair.server.read(buffer, sizeof buffer, got) == Io::kOk);
    CHECK(got == 4);
    if (round == 0) continue;
    CHECK(pair.server.arrived_ns() >= before - kMillisecond);
    CHECK(pair.server.arrived_ns() <= sent + 25 * kMillisecond);
  }
}

TEST_CASE("without stamps arrival is when the bytes were read") {
  Pair pair;
  Io client_io, server_io;
  REQUIRE(pair.shake_hands(client_io, server_io));
  REQUIRE(pair.client.send("late") == Io::kOk);
  usleep(20'000);
  const auto before = now_ns();
  char buffer[64];
  std::size_t got = 0;
  REQUIRE(pair.server.read(buffer, sizeof buffer, got) == Io::kOk);
  CHECK(pair.server.arrived_ns() >= before);
}

TEST_CASE("arrivals of a connection never go back, also when the thread is interrupted") {
  Pair pair;
  Io client_io, server_io;
  REQUIRE(pair.shake_hands(client_io, server_io));
  REQUIRE(pair.server.stamp_arrivals());
  std::atomic<bool> done{false};
  std::vector<std::thread> rivals;
  for (int i = 0; i < 4; ++i)
    rivals.emplace_back([&done] {
      while (!done) {
      }
    });
  std::int64_t last = 0, went_back = 0, from_the_future = 0;
  for (int round = 0; round < 3000; ++round) {
    REQUIRE(pair.client.send("x") == Io::kOk);
    char buffer[8];
    std::size_t got = 0;
    REQUIRE(pair.server.read(buffer, sizeof buffer, got) == Io::kOk);
    went_back += pair.server.arrived_ns() < last;
    last = pair.server.arrived_ns();
    from_the_future += last > now_ns();
  }
  done = true;
  for (auto& rival : rivals) rival.join();
  CHECK(went_back == 0);
  CHECK(from_the_future == 0);
}
