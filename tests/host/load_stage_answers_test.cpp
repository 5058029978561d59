#include <atomic>
#include <map>
#include <string>

#include "catch.hpp"
#include "core/clock.hpp"
#include "core/load/record_file.hpp"
#include "core/load/stage.hpp"
#include "core/redact.hpp"
#include "load_server.hpp"
#include "load_stage_support.hpp"

using namespace core::load;
using namespace test;

namespace {

// One stage of 4 requests against a handler; the failures it saw, by class.
std::map<std::string, int> failures_with(test::Server::Handler handler, const Value& more = Value::object()) {
  test::Server server(std::move(handler));
  const Value result = result_of(stage_table(server, closed(2, 4), more));
  std::map<std::string, int> failures;
  for (const auto& [name, table] : result["failures"].items()) failures[name] = table["count"];
  CHECK(result["counts"]["succeeded"].get<int>() + result["counts"]["failed"].get<int>() == 4);
  if (!failures.empty()) {
    CHECK(result["verdict"] == "errors above limit");
    CHECK(result["latency"]["ttft"]["count"].get<int>() == result["counts"]["succeeded"].get<int>());
  }
  return failures;
}

using Failures = std::map<std::string, int>;

}  // namespace

TEST_CASE("good answers in unusual clothes") {
  CHECK(failures_with([](test::Peer& peer, const std::string&, int) {  // one byte at a time
          std::string all =
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
          const std::string event = "data: {\"choices\":[{\"text\":\"a\"}]}\r\n\r\ndata: [DONE]\r\n\r\n";
          char size[16];
          std::snprintf(size, sizeof size, "%zx\r\n", event.size());
          for (const char c : all + size + event + "\r\n0\r\n\r\n") peer.send(std::string(1, c));
        })
            .empty());
  CHECK(failures_with([](test::Peer& peer, const std::string&, int) {  // ends with the connection
          peer.send(
              "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: "
              "{\"choices\":[{\"text\":\"a\"}]}\n\ndata: [DONE]\n\n");
          peer.close();
        })
            .empty());
  CHECK(failures_with([](test::Peer& peer, const std::string&, int) {  // no token at all, but a reason
          peer.head();
          peer.event("{\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}]}");
          peer.chunk("");
        })
            .empty());
}

TEST_CASE("what is not known of the answers' lengths is not reported as 0") {
  const std::string whole = "{\"choices\":[{\"text\":\"a b c\",\"finish_reason\":\"stop\"}]}";
  test::Server silent([&](test::Peer& peer, const std::string&, int) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
              std::to_string(whole.size()) + "\r\n\r\n" + whole);
  });
  const Value r = result_of(stage_table(silent, closed(1, 12), {{"streaming", false}}));
  CHECK(r["counts"]["succeeded"] == 12);
  CHECK(r["tokens"]["output_unknown"] == 12);
  CHECK(r["verdict"] == "valid");
  CHECK(!r["tokens"].contains("output_total"));
  CHECK(!r["throughput"].contains("output_tokens_per_s"));
  CHECK(!r["throughput"].contains("total_tokens_per_s"));
  CHECK(r["throughput"].contains("input_tokens_per_s"));
}

TEST_CASE("answers of other lengths than asked for are counted without usage, too") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.head();
    peer.token("a b c d");
    peer.event("[DONE]");
    peer.chunk("");
  });
  const Value r = result_of(stage_table(server, closed(1, 12)));
  CHECK(r["tokens"]["with_usage"] == 0);
  CHECK(r["tokens"]["output_not_as_requested"] == 12);
}

TEST_CASE("a stage without a single token is not valid") {
  const Value r =
      result_of(stage_table(test::Server([](test::Peer& peer, const std::string&, int) {
                              peer.head();
                              peer.event("{\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}]}");
                              peer.chunk("");
                            }),
                            closed(1, 12)));
  CHECK(r["counts"]["succeeded"] == 12);
  CHECK(r["verdict"] == "errors above limit");
  for (const char* event : {"", "{\"hello\":1}"}) {
    CHECK(failures_with([event](test::Peer& peer, const std::string&, int) {
            peer.head();
            if (*event) peer.event(event);
            peer.event("[DONE]");
            peer.chunk("");
          }) == Failures{{"protocol", 4}});
  }
}

TEST_CASE("bad answers get the right class") {
  using test::Peer;
  const auto all = [](const char* name) { return Failures{{name, 4}}; };
  const auto text = [](const std::string& response) {
    return [response](Peer& peer, const std::string&, int) {
      peer.send(response);
      peer.close();
    };
  };
  CHECK(failures_with([](Peer& peer, const std::string&, int) {
          peer.head();
          peer.token();
          peer.close();
        }) == all("truncated"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) {
          peer.head();
          peer.token();
          peer.sleep_ms(20);
          peer.reset();
        }) == all("truncated"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) {  // a complete body, an incomplete stream
          peer.head();
          peer.token();
          peer.chunk("");
        }) == all("truncated"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) { peer.close(); }) == all("truncated"));
  CHECK(failures_with(text("\x01\x02 complete garbage")) == all("protocol"));
  CHECK(failures_with(
            text("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/event-stream\r\n\r\nabc")) ==
        all("truncated"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) {
          peer.head();
          peer.event("{broken");
          peer.finish(1);
        }) == all("protocol"));
  CHECK(failures_with(text("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nboom")) == all("http_5xx"));
  CHECK(failures_with(text("HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n")) == all("http_429"));
  CHECK(failures_with(text("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")) == all("http_4xx"));
  CHECK(failures_with(text("HTTP/1.1 302 Moved\r\nContent-Length: 0\r\n\r\n")) == all("protocol"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) {
          peer.head();
          peer.token();
          peer.event("{\"error\":{\"message\":\"engine died\"}}");
          peer.event("[DONE]");
          peer.chunk("");
        }) == all("in_band"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) {
          peer.head("application/json");
          peer.chunk("{\"choices\":[{\"text\":\"whole\",\"finish_reason\":\"stop\"}]}");
          peer.chunk("");
        }) == all("protocol"));  // a stream was asked for
}

TEST_CASE("what is no stream says what it is") {
  const auto detail = [](const std::string& answer) {
    test::Server server([&](test::Peer& peer, const std::string&, int) { peer.send(answer); });
    const Value r = result_of(stage_table(server, closed(1, 1)));
    CHECK(r["failures"]["protocol"]["count"] == 1);
    return r["failures"]["protocol"]["samples"][0].value("detail", "");
  };
  CHECK(detail("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html>x</html>") ==
        "no stream where one was asked for, but 'text/html': <html>x</html");
  CHECK(detail("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") ==
        "no stream where one was asked for, but an answer without a content type and an empty body");
  CHECK(detail("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"
               "Content-Length: 3\r\n\r\nabc") == "the answer is encoded (gzip), which was not asked for");
}

TEST_CASE("an answer in one chunk has no time per output token") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.head();
    peer.sleep_ms(5);
    peer.token("abcd");
    peer.finish(4);
  });
  const Value r = result_of(stage_table(server, closed(2, 20)));
  CHECK(r["latency"]["ttft"]["count"] == 20);
  CHECK(r["latency"]["tpot"]["count"] == 0);
  CHECK(r["tokens"]["output_total"] == 80);
  CHECK(r["window"]["output_tokens_per_s"].get<double>() ==
        Approx(4 * r["window"]["completed_per_s"].get<double>()).epsilon(0.3));
}

TEST_CASE("an answer that the server breaks off is a failure") {
  for (const std::string reason : {"error", "abort"}) {
    CHECK(failures_with([&](test::Peer& peer, const std::string&, int) {
            peer.head();
            peer.token();
            peer.event("{\"choices\":[{\"index\":0,\"text\":\"\",\"finish_reason\":\"" + reason + "\"}]}");
            peer.event("[DONE]");
            peer.chunk("");
          }) == Failures{{"in_band", 4}});
  }
}

TEST_CASE("a request that was accepted and then dropped is not repeated") {
  std::atomic<int> seen{0};
  test::Server server([&](test::Peer& peer, const std::string&, int) {
    if (++seen % 2 == 1) return peer.answer(4);
    peer.sleep_ms(400);
    peer.close();
  });
  const Value r = result_of(stage_table(server, closed(1, 4)));
  CHECK(r["counts"]["retried"] == 0);
  CHECK(r["failures"]["truncated"]["count"] == 2);
}

TEST_CASE("a server that never answers costs the timeout and no more") {
  const auto started = std::chrono::steady_clock::now();
  CHECK(failures_with([](test::Peer& peer, const std::string&, int) { peer.sleep_ms(60'000); },
                      {{"request_timeout_s", 0.2}}) == Failures{{"timeout", 4}});
  CHECK(failures_with(
            [](test::Peer& peer, const std::string&, int) {
              peer.head();
              peer.token();
              peer.sleep_ms(60'000);
            },
            {{"request_timeout_s", 0.2}}) == Failures{{"timeout", 4}});
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(20));
}

TEST_CASE("nobody listens") {
  std::string url;
  {
    test::Server gone([](test::Peer&, const std::string&, int) {});
    url = gone.url();
  }
  test::Server other([](test::Peer&, const std::string&, int) {});
  const Value r = result_of(stage_table(other, closed(2, 4), {{"url", url}}));
  CHECK(r["failures"]["connect"]["count"] == 4);
  CHECK(r["failures"]["connect"]["samples"][0]["detail"].get<std::string>().find("refused") !=
        std::string::npos);
  CHECK(r["verdict"] == "errors above limit");
}

TEST_CASE("TLS to a server that speaks none is a tls failure") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.close();
  });
  std::string url = server.url();
  url.replace(0, 4, "https");
  const Value r = result_of(stage_table(server, closed(1, 2), {{"url", url}}));
  CHECK(r["failures"]["tls"]["count"] == 2);
}

TEST_CASE("a kept-alive connection that the server has closed is not a failure") {
  std::atomic<int> served{0};
  test::Server server([&](test::Peer& peer, const std::string&, int) {
    peer.answer(1);
    ++served;
    peer.close();  // says keep-alive, closes all the same
  });
  const Value r = result_of(stage_table(server, {{"rate", 100}, {"duration_s", 0.2}}));
  CHECK(r["counts"]["succeeded"] == 20);
  const Value busy = result_of(stage_table(server, closed(1, 40), {{"threads", 1}}));
  CHECK(busy["counts"]["succeeded"] == 40);
  CHECK(busy["counts"]["retried"].get<int>() < 20);
}

TEST_CASE("several tokens in a chunk are counted where the server says so") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.head();
    peer.event(R"({"choices":[{"text":"a"}],"usage":{"prompt_tokens":10,"completion_tokens":1}})");
    peer.sleep_ms(30);
    peer.event(R"({"choices":[{"text":"b c d"}],"usage":{"prompt_tokens":10,"completion_tokens":4}})");
    peer.event(
        R"({"choices":[{"text":"","finish_reason":"length"}],"usage":{"prompt_tokens":10,"completion_tokens":4}})");
    peer.event("[DONE]");
    peer.chunk("");
  });
  const Value r = result_of(stage_table(server, closed(1, 1), {{"continuous_usage", true}}));
  CHECK(server.seen()[0].find("continuous_usage_stats") != std::string::npos);
  CHECK(r["counts"]["succeeded"] == 1);
  CHECK(r["tokens"]["counted_output_total"] == 4);
  CHECK(r["tokens"]["chunks_total"] == 2);
  CHECK(r["latency"]["itl"]["count"] == 3);
  CHECK(r["latency"]["itl"]["mean"].get<double>() ==
        Approx(r["latency"]["tpot"]["mean"].get<double>()).epsilon(0.01));
}

TEST_CASE("chunks are not tokens: usage wins where they differ") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.head();
    peer.event(R"({"choices":[{"text":""}]})");  // half a character: no text yet
    peer.token();
    peer.sleep_ms(10);
    peer.token();
    peer.event(
        R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":8}},"timings":{"prompt_ms":2.5,"predicted_ms":8}})");
    peer.event("[DONE]");
    peer.chunk("");
  });
  const Value r = result_of(stage_table(server, closed(1, 1)));
  CHECK(r["tokens"]["output_total"] == 5);
  CHECK(r["tokens"]["counted_output_total"] == 2);
  CHECK(r["tokens"]["output_not_as_counted"] == 1);
  CHECK(r["tokens"]["input_not_as_requested"] == 1);
  CHECK(r["tokens"]["cached_total"] == 8);
  CHECK(r["server"]["prompt"]["mean"].get<double>() == Approx(0.0025));
  CHECK(r["server"]["tpot"]["mean"].get<double>() == Approx(0.002));
}

TEST_CASE("answers that are not streamed have an end and no token times") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.head("application/json");
    peer.chunk(
        R"({"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":4}})");
    peer.chunk("");
  });
  const Value r = result_of(stage_table(server, closed(2, 6), {{"streaming", false}, {"api", "chat"}}));
  CHECK(r["counts"]["succeeded"] == 6);
  CHECK(r["latency"]["ttft"]["count"] == 0);
  CHECK(r["latency"]["e2e"]["count"] == 6);
  CHECK(r["tokens"]["output_total"] == 24);
}
