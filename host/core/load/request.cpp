#include "core/load/request.hpp"

#include <charconv>

namespace core::load {

namespace {

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto [end, bad] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

std::string head_of(const Target& target) {
  std::string head = "POST " + target.path + " HTTP/1.1\r\nHost: " + target.host_header +
                     "\r\nUser-Agent: llmdbenchmark/" BENCH_VERSION
                     "\r\nContent-Type: application/json\r\nAccept: ";
  head += target.streaming ? "text/event-stream, application/json" : "application/json";
  if (!target.token.empty()) head += "\r\nAuthorization: Bearer " + target.token;
  for (const auto& [name, value] : target.headers.items())
    head += "\r\n" + name + ": " + value.get<std::string>();
  return head + "\r\nX-Request-Id: ";
}

std::string body_end_of(const Target& target) {
  std::string end = target.streaming ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true" : "";
  if (target.continuous_usage) end += ",\"continuous_usage_stats\":true";
  if (target.streaming) end += "}";
  if (target.ignore_eos) end += ",\"ignore_eos\":true";
  for (const auto& [name, value] : target.extra.items())
    end += "," + Value(name).dump() + ":" + value.dump(-1, ' ', false, Value::error_handler_t::replace);
  return end + "}";
}

}  // namespace

RequestRenderer::RequestRenderer(const Target& target, std::shared_ptr<const PromptSource> prompts,
                                 std::string id_prefix)
    : prompts_(std::move(prompts)), head_(head_of(target) + id_prefix) {
  body_start_ = "{\"model\":" + Value(target.model).dump() + ",";
  body_middle_ = ",\"max_tokens\":";
  body_end_ = body_end_of(target);
}

PromptLengths RequestRenderer::render(std::uint64_t index, std::string& out, std::string& scratch) const {
  scratch = body_start_;
  const PromptLengths lengths = prompts_->append(index, scratch);
  scratch += body_middle_;
  append_number(scratch, lengths.output);
  scratch += body_end_;
  out += head_;
  append_number(out, index);
  out += "\r\nContent-Length: ";
  append_number(out, scratch.size());
  out += "\r\n\r\n";
  out += scratch;
  return lengths;
}

}  // namespace core::load
