#include <random>

#include "catch.hpp"
#include "core/net/http_parser.hpp"

using core::net::HttpParser;
using Event = HttpParser::Event;

namespace {

// Everything a parser reported, as one readable line per message.
struct Seen {
  std::string log, body;
  Event last = Event::kNeedMore;
};

Seen feed(HttpParser& parser, const std::string& text, std::size_t step) {
  Seen seen;
  for (std::size_t at = 0; at < text.size(); at += step) {
    const std::string piece = text.substr(at, step);  // its own memory: views must not outlive it
    std::string_view input = piece;
    for (bool more = true; more;) {
      seen.last = parser.next(input);
      switch (seen.last) {
        case Event::kHead:
          seen.log += "head ";
          break;
        case Event::kBody:
          seen.body += parser.body();
          break;
        case Event::kDone:
          seen.log += "done[" + seen.body + "] ";
          seen.body.clear();
          break;
        case Event::kBad:
          seen.log += "bad " + std::to_string(parser.status_for_problem());
          return seen;
        case Event::kNeedMore:
          more = false;
      }
    }
    REQUIRE(input.empty());
  }
  return seen;
}

std::string log_of(HttpParser::Kind kind, const std::string& text, std::size_t step = 1u << 20) {
  HttpParser parser(kind);
  return feed(parser, text, step).log;
}

std::string request_log(const std::string& text) { return log_of(HttpParser::Kind::kRequest, text); }
std::string response_log(const std::string& text) { return log_of(HttpParser::Kind::kResponse, text); }

const std::string kTwoRequests =
    "\r\nPOST /v1/completions?a=b HTTP/1.1\r\nHost: here\r\nContent-Length:  5 \r\nX-Empty:\r\n\r\nhello"
    "GET /health HTTP/1.1\nhost: there\n\n";

const std::string kChunkedResponse =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;name=value\r\nhello\r\n1\r\n \r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";

}  // namespace

TEST_CASE("requests parse the same in one piece and byte by byte") {
  for (std::size_t step : {1, 2, 3, 7, 1000}) {
    CHECK(log_of(HttpParser::Kind::kRequest, kTwoRequests, step) == "head done[hello] head done[] ");
  }
}

TEST_CASE("chunked responses parse the same in one piece and byte by byte, interim ones are skipped") {
  for (std::size_t step : {1, 2, 3, 7, 1000}) {
    CHECK(log_of(HttpParser::Kind::kResponse, kChunkedResponse, step) == "head done[hello 0123456789] ");
  }
}

TEST_CASE("a request head gives method, target, fields and framing") {
  HttpParser parser(HttpParser::Kind::kRequest);
  std::string_view input = kTwoRequests;
  REQUIRE(parser.next(input) == Event::kHead);
  const auto& head = parser.head();
  CHECK(head.method == "POST");
  CHECK(head.target == "/v1/completions?a=b");
  CHECK(head.field("HOST") == "here");
  CHECK(head.field("x-empty") == "");
  CHECK(head.field("absent") == "");
  CHECK(head.fields.size() == 3);
  CHECK(head.content_length == 5u);
  CHECK(head.keep_alive);
}

TEST_CASE("a response head gives status, reason and framing") {
  HttpParser parser(HttpParser::Kind::kResponse);
  std::string_view input = "HTTP/1.0 404 Not Found\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n";
  REQUIRE(parser.next(input) == Event::kHead);
  CHECK(parser.head().status == 404);
  CHECK(parser.head().reason == "Not Found");
  CHECK(parser.head().keep_alive);
  CHECK(parser.next(input) == Event::kDone);
}

TEST_CASE("keep-alive follows version and Connection") {
  const auto keeps = [](const std::string& first, const std::string& fields) {
    HttpParser parser(HttpParser::Kind::kRequest);
    const std::string text = "GET / " + first + "\r\n" + fields + "\r\n";
    std::string_view input = text;
    REQUIRE(parser.next(input) == Event::kHead);
    return parser.head().keep_alive;
  };
  CHECK(keeps("HTTP/1.1", ""));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: Upgrade, close\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0", ""));
  CHECK(keeps("HTTP/1.0", "Connection: keep-alive\r\n"));
}

TEST_CASE("responses without a body end with their head") {
  CHECK(response_log("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n") == "head done[] ");
  HttpParser parser(HttpParser::Kind::kResponse);
  parser.expect_no_body();
  CHECK(feed(parser, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 1).log == "head done[] ");
  CHECK(feed(parser, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", 1).log == "head done[ab] ");
}

TEST_CASE("a body without a length ends with the connection") {
  HttpParser parser(HttpParser::Kind::kResponse);
  const auto seen = feed(parser, "HTTP/1.1 200 OK\r\n\r\nabc", 2);
  CHECK(seen.body == "abc");
  CHECK_FALSE(parser.head().keep_alive);
  CHECK(parser.finish() == Event::kDone);
}

TEST_CASE("a message cut short by the end of the connection is bad, none at all is not") {
  const auto cut = [](const std::string& text) {
    HttpParser parser(HttpParser::Kind::kResponse);
    feed(parser, text, 100);
    return parser.finish();
  };
  CHECK(cut("") == Event::kNeedMore);
  CHECK(cut("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == Event::kNeedMore);
  CHECK(cut("HTTP/1.1 20") == Event::kBad);
  CHECK(cut("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab") == Event::kBad);
  CHECK(cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab") == Event::kBad);
}

TEST_CASE("malformed messages are refused with the status a server should answer") {
  CHECK(request_log("\x16\x03\x01\x02") == "bad 400");  // a TLS hello
  CHECK(request_log("GET\r\n\r\n") == "bad 400");
  CHECK(request_log("GET / HTTP/2.0\r\n\r\n") == "bad 505");
  CHECK(request_log("GET / a HTTP/1.1\r\n\r\n") == "bad 400");
  CHECK(request_log("GET / HTTP/1.1\r\nNo colon\r\n\r\n") == "bad 400");
  CHECK(request_log("GET / HTTP/1.1\r\nSpace : x\r\n\r\n") == "bad 400");
  CHECK(request_log("GET / HTTP/1.1\r\nA: 1\r\n folded\r\n\r\n") == "bad 400");
  CHECK(request_log("GET / HTTP/1.1\r\nA: \x01\r\n\r\n") == "bad 400");
  CHECK(request_log("GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n") == "bad 400");
  CHECK(request_log("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n") == "bad 400");
  CHECK(request_log("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n") == "bad 400");
  CHECK(request_log("GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        "bad 400");
  CHECK(request_log("GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n") == "bad 501");
  CHECK(response_log("HTTP/1.1 2x0 OK\r\n\r\n") == "bad 400");
  CHECK(response_log("ICY 200 OK\r\n\r\n") == "bad 400");
}

TEST_CASE("malformed chunks are refused") {
  const auto chunks = [](const std::string& body) {
    return response_log("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
  };
  CHECK(chunks("zz\r\n") == "head bad 400");
  CHECK(chunks("\r\n") == "head bad 400");
  CHECK(chunks("0x5\r\n") == "head bad 400");
  CHECK(chunks("ffffffffffffffffff\r\n") == "head bad 400");
  CHECK(chunks("2\r\nabc\r\n") == "head bad 400");
  CHECK(chunks(std::string(5000, '1')) == "head bad 400");
}

TEST_CASE("sizes are bounded") {
  HttpParser::Limits limits;
  limits.head_bytes = 100;
  limits.fields = 2;
  limits.body_bytes = 10;
  const auto log = [&](const std::string& text) {
    HttpParser parser(HttpParser::Kind::kRequest, limits);
    return feed(parser, text, 1).log;
  };
  CHECK(log("GET /" + std::string(200, 'x')) == "bad 431");
  CHECK(log("GET / HTTP/1.1\r\na:1\r\nb:2\r\nc:3\r\n\r\n") == "bad 431");
  CHECK(log("GET / HTTP/1.1\r\nContent-Length: 11\r\n\r\n") == "bad 413");
  CHECK(log("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n") == "head bad 413");
  CHECK(log("GET / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789") == "head done[0123456789] ");
}

TEST_CASE("a parser can be reset for a new connection") {
  HttpParser parser(HttpParser::Kind::kRequest);
  CHECK(feed(parser, "\x01", 1).last == Event::kBad);
  CHECK(parser.in_message() == true);
  parser.reset();
  CHECK(parser.in_message() == false);
  CHECK(feed(parser, kTwoRequests, 3).log == "head done[hello] head done[] ");
}

TEST_CASE("random damage never crashes and never loops") {
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = round % 2 ? kTwoRequests : kChunkedResponse;
    for (int i = 0; i < 3; ++i) text[random() % text.size()] = static_cast<char>(random());
    HttpParser parser(round % 2 ? HttpParser::Kind::kRequest : HttpParser::Kind::kResponse);
    if (feed(parser, text, 1 + random() % 9).last == Event::kBad) ++refused;
  }
  CHECK(refused > 100);
  CHECK(refused < 3000);
}
