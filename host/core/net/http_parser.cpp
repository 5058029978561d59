#include "core/net/http_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace core::net {

namespace {

constexpr std::size_t kMaxChunkLine = 4096;  // a size with its extensions

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return c != 0 && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

// Control characters have no place in a head line; one in the middle means garbage or an attack.
bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && c != '\t') || u == 0x7f;
  });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view strip_cr(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// True if a comma separated list holds the token.
bool list_has(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (same_token(trim(list.substr(0, comma)), token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

template <class T>
bool parse_number(std::string_view text, T& number, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

bool same_token(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view HttpHead::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (same_token(key, name)) return value;
  }
  return {};
}

HttpParser::Event HttpParser::bad(int status, std::string why) {
  state_ = State::kBroken;
  problem_status_ = status;
  problem_ = std::move(why);
  return Event::kBad;
}

void HttpParser::begin_message() {
  text_.clear();
  line_start_ = 0;
  line_.clear();
  trailer_bytes_ = 0;
  body_total_ = 0;
  head_.fields.clear();
  head_.content_length.reset();
  head_.chunked = head_.expects_continue = false;
  head_.keep_alive = true;
  state_ = State::kStart;
}

void HttpParser::reset() {
  begin_message();
  no_body_ = false;
  body_ = {};
  problem_.clear();
}

HttpParser::Event HttpParser::next(std::string_view& input) {
  switch (state_) {
    case State::kFinished:
      begin_message();
      [[fallthrough]];
    case State::kStart:
      return read_head(input);
    case State::kFixed:
      return take_body(input, State::kFinished);
    case State::kUntilClose:
      return take_body(input, State::kUntilClose);
    case State::kChunkData:
      return take_body(input, State::kChunkEnd);
    case State::kChunkSize:
      return read_chunk_size(input);
    case State::kChunkEnd:
      return read_chunk_end(input);
    case State::kTrailer:
      return read_trailer(input);
    case State::kBroken:
      break;
  }
  return Event::kBad;
}

HttpParser::Event HttpParser::finish() {
  if (state_ == State::kUntilClose) {
    state_ = State::kFinished;
    no_body_ = false;
    return Event::kDone;
  }
  if (state_ == State::kBroken) return Event::kBad;
  if (state_ == State::kFinished || !in_message()) return Event::kNeedMore;
  return bad(400, state_ == State::kStart ? "the connection ended inside a message head"
                                          : "the connection ended inside a message body");
}

// Copies lines into text_ up to and including the empty one. An interim response starts it again.
HttpParser::Event HttpParser::read_head(std::string_view& input) {
  while (!input.empty()) {
    if (text_.empty()) {
      if (input.front() == '\r' || input.front() == '\n') {
        input.remove_prefix(1);  // empty lines before a message are tolerated
        continue;
      }
      if (!is_token_char(input.front())) return bad(400, "this is not HTTP");
    }
    const auto newline = input.find('\n');
    const auto take = newline == input.npos ? input.size() : newline + 1;
    if (text_.size() + take > limits_.head_bytes) return bad(431, "the message head is too long");
    text_.append(input.substr(0, take));
    input.remove_prefix(take);
    if (newline == std::string_view::npos) return Event::kNeedMore;
    const auto line = strip_cr(std::string_view(text_).substr(line_start_, text_.size() - line_start_ - 1));
    line_start_ = text_.size();
    if (!line.empty()) continue;
    if (const auto event = parse_head(); event != Event::kNeedMore) return event;
  }
  return Event::kNeedMore;
}

HttpParser::Event HttpParser::parse_head() {
  std::string_view rest = text_;
  bool first = true;
  while (true) {
    const auto newline = rest.find('\n');
    const auto line = strip_cr(rest.substr(0, newline));
    rest.remove_prefix(newline + 1);
    if (line.empty()) break;
    if (has_control(line)) return bad(400, "a control character in the message head");
    if (first) {
      const bool good = kind_ == Kind::kRequest ? parse_request_line(line) : parse_status_line(line);
      if (!good) return Event::kBad;
    } else if (!parse_field(line)) {
      return Event::kBad;
    }
    first = false;
  }
  if (kind_ == Kind::kResponse && head_.status >= 100 && head_.status < 200 && head_.status != 101) {
    begin_message();
    return Event::kNeedMore;
  }
  return choose_body();
}

bool HttpParser::parse_request_line(std::string_view line) {
  const auto first = line.find(' '), last = line.rfind(' ');
  const auto version = last == line.npos ? std::string_view() : line.substr(last + 1);
  if (first == line.npos || first == last || version.substr(0, 5) != "HTTP/") {
    bad(400, "not an HTTP request line");
    return false;
  }
  head_.method = line.substr(0, first);
  head_.target = line.substr(first + 1, last - first - 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    bad(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    return false;
  }
  if (!is_token(head_.method) || head_.target.empty() || head_.target.find(' ') != head_.target.npos) {
    bad(400, "not an HTTP request line");
    return false;
  }
  head_.minor_version = version.back() - '0';
  head_.keep_alive = head_.minor_version == 1;
  return true;
}

bool HttpParser::parse_status_line(std::string_view line) {
  const bool shaped = line.size() >= 12 && line.substr(0, 7) == "HTTP/1." &&
                      (line[7] == '0' || line[7] == '1') && line[8] == ' ' &&
                      (line.size() == 12 || line[12] == ' ');
  if (!shaped || !parse_number(line.substr(9, 3), head_.status) || head_.status < 100) {
    bad(400, "not an HTTP status line");
    return false;
  }
  head_.minor_version = line[7] - '0';
  head_.keep_alive = head_.minor_version == 1;
  head_.reason = line.size() > 13 ? line.substr(13) : std::string_view();
  return true;
}

bool HttpParser::parse_field(std::string_view line) {
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  if (colon == line.npos || !is_token(name)) {
    bad(400, "a malformed header line");
    return false;
  }
  if (head_.fields.size() == limits_.fields) {
    bad(431, "too many header fields");
    return false;
  }
  const auto value = trim(line.substr(colon + 1));
  head_.fields.emplace_back(name, value);
  return interpret_field(name, value);
}

bool HttpParser::interpret_field(std::string_view name, std::string_view value) {
  if (same_token(name, "content-length")) {
    std::uint64_t length = 0;
    if (!parse_number(value, length) || (head_.content_length && *head_.content_length != length)) {
      bad(400, "a malformed Content-Length");
      return false;
    }
    head_.content_length = length;
  } else if (same_token(name, "transfer-encoding")) {
    if (!same_token(value, "chunked") || head_.chunked) {
      bad(501, "a transfer coding other than chunked");
      return false;
    }
    head_.chunked = true;
  } else if (same_token(name, "connection")) {
    if (list_has(value, "close")) head_.keep_alive = false;
    if (head_.minor_version == 0 && list_has(value, "keep-alive")) head_.keep_alive = true;
  } else if (same_token(name, "expect")) {
    head_.expects_continue = same_token(value, "100-continue");
  }
  return true;
}

HttpParser::Event HttpParser::choose_body() {
  if (kind_ == Kind::kRequest && head_.chunked && head_.content_length) {
    return bad(400, "both Content-Length and Transfer-Encoding");
  }
  if (!head_.chunked && head_.content_length.value_or(0) > limits_.body_bytes) {
    return bad(413, "the message body is too large");
  }
  const bool response = kind_ == Kind::kResponse;
  const bool bodiless =
      response && (no_body_ || head_.status == 101 || head_.status == 204 || head_.status == 304);
  left_ = 0;
  if (bodiless) {
    state_ = State::kFixed;
  } else if (head_.chunked) {
    state_ = State::kChunkSize;
  } else if (head_.content_length || !response) {
    left_ = head_.content_length.value_or(0);
    state_ = State::kFixed;
  } else {
    head_.keep_alive = false;
    state_ = State::kUntilClose;
  }
  return Event::kHead;
}

HttpParser::Event HttpParser::take_body(std::string_view& input, State after) {
  const bool open_ended = state_ == State::kUntilClose;
  if (!open_ended && left_ == 0) {
    state_ = after;
    if (after != State::kFinished) return next(input);
    no_body_ = false;
    return Event::kDone;
  }
  if (input.empty()) return Event::kNeedMore;
  const std::size_t take = open_ended ? input.size() : std::min<std::uint64_t>(left_, input.size());
  body_total_ += take;
  if (body_total_ > limits_.body_bytes) return bad(413, "the message body is too large");
  body_ = input.substr(0, take);
  input.remove_prefix(take);
  if (!open_ended) left_ -= take;
  return Event::kBody;
}

// Gathers one line in line_ (without its end); false when more input is needed or the limit is passed.
bool HttpParser::take_line(std::string_view& input, std::size_t limit) {
  const auto newline = input.find('\n');
  const auto take = newline == input.npos ? input.size() : newline;
  if (line_.size() + take > limit) {
    bad(400, "a line in a chunked body is too long");
    return false;
  }
  line_.append(input.substr(0, take));
  input.remove_prefix(newline == input.npos ? take : take + 1);
  if (newline == std::string_view::npos) return false;
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  return true;
}

HttpParser::Event HttpParser::read_chunk_size(std::string_view& input) {
  if (!take_line(input, kMaxChunkLine)) return state_ == State::kBroken ? Event::kBad : Event::kNeedMore;
  const auto digits = trim(std::string_view(line_).substr(0, line_.find(';')));
  if (!parse_number(digits, left_, 16)) return bad(400, "a malformed chunk size");
  line_.clear();
  state_ = left_ == 0 ? State::kTrailer : State::kChunkData;
  return next(input);
}

HttpParser::Event HttpParser::read_chunk_end(std::string_view& input) {
  if (!take_line(input, 1)) return state_ == State::kBroken ? Event::kBad : Event::kNeedMore;
  if (!line_.empty()) return bad(400, "a chunk longer than its size");
  state_ = State::kChunkSize;
  return next(input);
}

HttpParser::Event HttpParser::read_trailer(std::string_view& input) {
  while (take_line(input, kMaxChunkLine)) {
    if (line_.empty()) {
      state_ = State::kFinished;
      no_body_ = false;
      return Event::kDone;
    }
    trailer_bytes_ += line_.size();
    if (trailer_bytes_ > limits_.head_bytes) return bad(431, "the trailer is too long");
    line_.clear();
  }
  return state_ == State::kBroken ? Event::kBad : Event::kNeedMore;
}

}  // namespace core::net
