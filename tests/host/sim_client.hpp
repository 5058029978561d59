// A small blocking HTTP client for the tests of the simulator, and a way to start one.
#pragma once

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include "catch.hpp"
#include "core/net/connection.hpp"
#include "core/net/http_parser.hpp"
#include "core/net/poller.hpp"
#include "core/sim/server.hpp"

namespace test {

struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool complete = false;

  core::Value json() const { return core::Value::parse(body, nullptr, false); }
  /// The JSON of every `data:` event; the end marker is left out.
  std::vector<core::Value> events() const {
    std::vector<core::Value> all;
    for (std::size_t at = 0; (at = body.find("data: ", at)) != std::string::npos;) {
      const auto end = body.find("\n\n", at);
      REQUIRE(end != std::string::npos);
      const auto text = body.substr(at + 6, end - at - 6);
      if (text != "[DONE]") all.push_back(core::Value::parse(text));
      at = end;
    }
    return all;
  }
  bool done() const { return body.size() >= 14 && body.substr(body.size() - 14) == "data: [DONE]\n\n"; }
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port, std::shared_ptr<core::net::TlsContext> tls = nullptr) {
    auto fd = core::net::connect_tcp(core::net::resolve("127.0.0.1", port).value().front());
    REQUIRE(fd.ok());
    connection_ = core::net::Connection(std::move(fd).value());
    if (tls) connection_.start_tls_client(tls, "localhost");
    auto io = core::net::Io::kBlocked;
    while ((io = connection_.handshake()) == core::net::Io::kBlocked) wait();
    INFO(connection_.problem());
    REQUIRE(io == core::net::Io::kOk);
  }

  void send(const std::string& text) {
    auto io = connection_.send(text);
    while (io == core::net::Io::kBlocked) {
      wait();
      io = connection_.flush();
    }
  }
  void send_request(const std::string& method, const std::string& path, const std::string& body = "",
                    const std::string& headers = "") {
    if (method == "HEAD") parser_.expect_no_body();
    send(method + ' ' + path + " HTTP/1.1\r\nHost: x\r\n" + headers +
         (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body);
  }
  /// The next response; `complete` is false if the connection ended first.
  Response read() {
    using Event = core::net::HttpParser::Event;
    Response response;
    for (;;) {
      switch (parser_.next(input_)) {
        case Event::kHead:
          response.status = parser_.head().status;
          for (const auto& [name, value] : parser_.head().fields) {
            std::string lower(name);
            for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            response.headers[lower] = std::string(value);
          }
          break;
        case Event::kBody:
          response.body += parser_.body();
          break;
        case Event::kDone:
          response.complete = true;
          return response;
        case Event::kBad:
          return response;
        case Event::kNeedMore:
          if (!fill()) {
            response.complete = parser_.finish() == Event::kDone;
            return response;
          }
      }
    }
  }
  Response request(const std::string& method, const std::string& path, const std::string& body = "",
                   const std::string& headers = "") {
    send_request(method, path, body, headers);
    return read();
  }
  Response get(const std::string& path) { return request("GET", path); }
  Response post(const std::string& path, const core::Value& body, const std::string& headers = "") {
    return request("POST", path, body.dump(), headers);
  }
  /// True if the server has closed the connection (waits for it).
  bool closed() { return input_.empty() && !fill(); }
  int fd() const { return connection_.fd(); }

 private:
  void wait() {
    pollfd one{connection_.fd(), POLLIN, 0};
    if (connection_.wants() & core::net::kWrite) one.events |= POLLOUT;
    REQUIRE(poll(&one, 1, 20'000) == 1);
  }
  bool fill() {
    for (;;) {
      std::size_t got = 0;
      const auto io = connection_.read(buffer_, sizeof buffer_, got);
      input_ = std::string_view(buffer_, got);
      if (io == core::net::Io::kOk) return true;
      if (io != core::net::Io::kBlocked) return false;
      wait();
    }
  }

  core::net::Connection connection_;
  core::net::HttpParser parser_{core::net::HttpParser::Kind::kResponse};
  char buffer_[16384];
  std::string_view input_;
};

/// Starts a simulator on a free port of 127.0.0.1 with the model `m`, two threads and the given options.
inline std::unique_ptr<core::sim::Server> start_sim(core::Value options = core::Value::object(),
                                                    core::sim::Server::Surroundings surroundings = {}) {
  const core::Value defaults = {
      {"host", "127.0.0.1"}, {"port", 0}, {"model", "m"}, {"threads", 2}, {"seed", 7}};
  for (const auto& [name, value] : defaults.items()) {
    if (!options.contains(name)) options[name] = value;
  }
  auto resolved = core::sim::resolve_options(options, {}, {});
  if (!resolved) FAIL(resolved.error().message);
  auto server = core::sim::Server::start(*resolved, surroundings);
  if (!server) FAIL(server.error().message);
  return std::move(server).value();
}

/// Reads a Prometheus sample by its exact name and labels; -1 if it is not there.
inline double sample(const std::string& page, const std::string& key) {
  const auto at = ('\n' + page).find('\n' + key + ' ');
  if (at == std::string::npos) return -1;
  return std::stod(page.substr(at + key.size() + 1));
}

inline const core::Value kFour = {
    {"model", "m"}, {"prompt", "one two three"}, {"max_tokens", 4}, {"ignore_eos", true}};

inline core::Value with(core::Value base, const core::Value& more) {
  base.update(more);
  return base;
}

inline core::Value chat(const core::Value& content, const core::Value& more = core::Value::object()) {
  return with(
      {{"model", "m"}, {"messages", {{{"role", "user"}, {"content", content}}}}, {"ignore_eos", true}}, more);
}

inline std::string text_of(const std::vector<core::Value>& events, const char* field) {
  std::string text;
  for (const auto& event : events) {
    if (event["choices"].empty()) continue;
    const auto& choice = event["choices"][0];
    text += field == std::string("text") ? choice["text"].get<std::string>()
                                         : choice["delta"].value("content", "");
  }
  return text;
}

inline std::vector<core::Value> read_truth(core::sim::Server& server, const std::string& path) {
  server.flush_truth();
  std::ifstream file(path);
  std::vector<core::Value> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(core::Value::parse(line));
  return lines;
}

struct TempPath {
  std::string path;
  TempPath() {
    char name[] = "/tmp/sim-test-XXXXXX";
    close(mkstemp(name));
    path = name;
  }
  ~TempPath() { unlink(path.c_str()); }
};

// Waits up to about ten seconds.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 10'000; ++i) {
    if (condition()) return true;
    usleep(1000);
  }
  return false;
}

}  // namespace test
