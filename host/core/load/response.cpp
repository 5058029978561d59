#include "core/load/response.hpp"

#include <cmath>

namespace core::load {

namespace {

constexpr std::size_t kLongestJson = 64u << 20, kLongestRefusal = 4096, kLongestDetail = 300,
                      kLongestStart = 120;

using Event = net::HttpParser::Event;

Failure failure_of(int status) {
  if (status == 429) return Failure::kHttp429;
  if (status >= 400 && status < 500) return Failure::kHttp4xx;
  return status >= 500 ? Failure::kHttp5xx : Failure::kProtocol;
}

std::int64_t to_us(double ms) { return ms < 0 ? -1 : std::llround(ms * 1000); }

}  // namespace

void ResponseReader::begin(bool streaming, TokenBlockPool& pool) {
  pool_ = &pool;
  tokens_.clear(pool);
  events_.reset();
  body_.clear();
  detail_.clear();
  kind_ = Body::kUnknown;
  streaming_ = streaming;
  done_ = keep_alive_ = has_events_ = false;
  failure_ = Failure::kNone;
  answer_ = Answer();
  status_ = 0;
  first_byte_ns_ = -1;
  received_bytes_ = 0;
}

ResponseReader::State ResponseReader::fail(Failure failure, std::string_view detail) {
  failure_ = failure;
  detail_ = detail.substr(0, kLongestDetail);
  return State::kEnded;
}

ResponseReader::State ResponseReader::feed(std::string_view bytes, std::int64_t now_ns) {
  if (first_byte_ns_ < 0) first_byte_ns_ = now_ns;
  now_ns_ = now_ns;
  received_bytes_ += bytes.size();
  for (;;) {
    State state = State::kMore;
    switch (parser_.next(bytes)) {
      case Event::kNeedMore:
        return State::kMore;
      case Event::kHead:
        state = on_head();
        break;
      case Event::kBody:
        state = on_body(parser_.body());
        break;
      case Event::kDone:
        keep_alive_ = parser_.head().keep_alive && bytes.empty();
        return on_done();
      case Event::kBad:
        return fail(Failure::kProtocol, parser_.problem());
    }
    if (state == State::kEnded) return state;
  }
}

ResponseReader::State ResponseReader::end() {
  if (!got_anything()) return fail(Failure::kTruncated, "the connection was closed before an answer");
  switch (parser_.finish()) {
    case Event::kDone:
      return on_done();
    case Event::kBad:
      return fail(Failure::kTruncated, parser_.problem());
    default:
      return fail(Failure::kTruncated, "the connection was closed before an answer");
  }
}

bool ResponseReader::says_events() const {
  return net::same_token(parser_.head().field("content-type").substr(0, 17), "text/event-stream");
}

ResponseReader::State ResponseReader::on_head() {
  const net::HttpHead& head = parser_.head();
  status_ = static_cast<std::uint32_t>(head.status);
  const bool json = net::same_token(head.field("content-type").substr(0, 16), "application/json");
  const bool events = says_events();
  kind_ = head.status != 200 ? Body::kRefusal : events || (streaming_ && !json) ? Body::kEvents : Body::kJson;
  const std::string_view encoding = head.field("content-encoding");
  if (kind_ != Body::kRefusal && !encoding.empty() && !net::same_token(encoding, "identity"))
    return fail(Failure::kProtocol,
                "the answer is encoded (" + std::string(encoding) + "), which was not asked for");
  return State::kMore;
}

ResponseReader::State ResponseReader::on_body(std::string_view piece) {
  if (kind_ != Body::kEvents) {
    const std::size_t limit = kind_ == Body::kJson ? kLongestJson : kLongestRefusal;
    if (kind_ == Body::kJson && body_.size() + piece.size() > limit)
      return fail(Failure::kProtocol, "the answer is longer than 64 MiB");
    body_.append(piece.substr(0, limit - body_.size()));
    return State::kMore;
  }
  if (!has_events_ && body_.size() < kLongestStart)
    body_.append(piece.substr(0, kLongestStart - body_.size()));
  SseEvent event;
  while (events_.next(piece, event)) {
    has_events_ = true;
    if (on_event(event) == State::kEnded) return State::kEnded;
  }
  return events_.overflown() ? fail(Failure::kProtocol, "a stream event is longer than 16 MiB")
                             : State::kMore;
}

ResponseReader::State ResponseReader::on_event(const SseEvent& event) {
  if (event.data == "[DONE]") {
    done_ = true;
    return State::kMore;
  }
  if (event.is_error) return fail(Failure::kInBand, event.data);
  if (event.data.empty()) return State::kMore;
  Answer answer;
  if (!skimmer_.skim(event.data, answer))
    return fail(Failure::kProtocol, "an event is not JSON: " + std::string(event.data.substr(0, 200)));
  if (answer.error) return fail(Failure::kInBand, answer.error_text);
  note(answer);
  if (answer.content) {
    const std::int64_t fresh = answer.completion_tokens - tokens_.tokens();
    tokens_.add(*pool_, now_ns_, fresh > 1 ? static_cast<std::uint32_t>(fresh) : 1);
  }
  return State::kMore;
}

void ResponseReader::note(const Answer& answer) {
  if (answer.finish != Finish::kNone) answer_.finish = answer.finish;
  if (answer.prompt_tokens >= 0) answer_.prompt_tokens = answer.prompt_tokens;
  // A server that says 0 of an answer with content does not count.
  if (answer.completion_tokens > 0 || (answer.completion_tokens == 0 && !tokens_.tokens()))
    answer_.completion_tokens = answer.completion_tokens;
  if (answer.cached_tokens >= 0) answer_.cached_tokens = answer.cached_tokens;
  if (answer.prompt_ms >= 0) answer_.prompt_ms = answer.prompt_ms;
  if (answer.predicted_ms >= 0) answer_.predicted_ms = answer.predicted_ms;
}

ResponseReader::State ResponseReader::on_done() {
  switch (kind_) {
    case Body::kRefusal:
      return fail(failure_of(static_cast<int>(status_)), "HTTP " + std::to_string(status_) + ": " + body_);
    case Body::kJson:
      return judge_json();
    default:
      break;
  }
  SseEvent last;
  if (events_.finish(last)) {
    has_events_ = true;
    if (on_event(last) == State::kEnded) return State::kEnded;
  }
  if (!has_events_ && !says_events()) return fail(Failure::kProtocol, no_stream());
  if (!done_ && answer_.finish == Finish::kNone)
    return fail(Failure::kTruncated, "the stream ended without [DONE] and without a finish reason");
  if (!tokens_.tokens() && answer_.completion_tokens <= 0 && answer_.finish == Finish::kNone)
    return fail(Failure::kProtocol, "the answer brought neither a token nor a finish reason");
  return State::kEnded;
}

// What came with status 200 instead of the stream that was asked for.
std::string ResponseReader::no_stream() const {
  const std::string type(parser_.head().field("content-type"));
  const std::string what = type.empty() ? "an answer without a content type" : "'" + type + "'";
  return "no stream where one was asked for, but " + what +
         (body_.empty() ? " and an empty body" : ": " + body_);
}

ResponseReader::State ResponseReader::judge_json() {
  Answer answer;
  if (!skim(body_, answer))
    return fail(Failure::kProtocol, "the answer is not JSON: " + body_.substr(0, 200));
  if (answer.error) return fail(Failure::kInBand, answer.error_text);
  if (streaming_) return fail(Failure::kProtocol, "a stream was asked for and a whole answer came");
  if (!answer.content && answer.finish == Finish::kNone)
    return fail(Failure::kProtocol, "the answer has no choices");
  note(answer);
  return State::kEnded;
}

void ResponseReader::fill(Record& record, std::int64_t epoch_ns) const {
  record.failure = failure_;
  record.finish = answer_.finish;
  record.status = status_;
  record.first_byte_ns = got_anything() ? first_byte_ns_ - epoch_ns : -1;
  record.prompt_tokens = answer_.prompt_tokens;
  record.completion_tokens = answer_.completion_tokens;
  record.cached_tokens = answer_.cached_tokens;
  record.server_prompt_us = to_us(answer_.prompt_ms);
  record.server_predicted_us = to_us(answer_.predicted_ms);
  record.received_bytes = received_bytes_;
}

}  // namespace core::load
