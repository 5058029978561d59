#include "core/sim/render.hpp"

#include <charconv>

#include "core/value.hpp"

namespace core::sim {

namespace {

void append_number(std::int64_t number, std::string& out) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

void append_usage(const Usage& usage, std::string& out) {
  out += R"("usage":{"prompt_tokens":)";
  append_number(usage.prompt_tokens, out);
  out += R"(,"total_tokens":)";
  append_number(usage.prompt_tokens + usage.completion_tokens, out);
  out += R"(,"completion_tokens":)";
  append_number(usage.completion_tokens, out);
  if (usage.cached_tokens >= 0) {
    out += R"(,"prompt_tokens_details":{"cached_tokens":)";
    append_number(usage.cached_tokens, out);
    out += '}';
  }
  out += '}';
}

std::string head(const std::string& id, const char* object, const std::string& model,
                 std::int64_t created_s) {
  return R"({"id":)" + json_text(id) + R"(,"object":")" + object + R"(","created":)" +
         std::to_string(created_s) + R"(,"model":)" + json_text(model) + R"(,"choices":[)";
}

}  // namespace

std::string json_text(std::string_view text) {
  return Value(text).dump(-1, ' ', false, Value::error_handler_t::replace);
}

void append_http_chunk(std::string_view payload, std::string& out) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, payload.size(), 16);
  out.append(digits, end).append("\r\n").append(payload).append("\r\n");
}

Renderer::Renderer(bool chat, std::string id, const std::string& model, std::int64_t created_s,
                   bool include_usage)
    : chat_(chat), include_usage_(include_usage), id_(std::move(id)) {
  chunk_head_ = "data: " + head(id_, chat ? "chat.completion.chunk" : "text_completion", model, created_s);
  response_head_ = head(id_, chat ? "chat.completion" : "text_completion", model, created_s);
}

void Renderer::chunk(std::int64_t index, const std::string& delta, const char* finish, const Usage* usage,
                     const std::string& transfer, std::string& out) const {
  out += chunk_head_;
  out += R"({"index":)";
  append_number(index, out);
  out += ',';
  out += delta;
  out += R"(,"logprobs":null,"finish_reason":)";
  if (finish) {
    out += '"';
    out += finish;
    out += '"';
  } else {
    out += "null";
  }
  out += "}]";
  if (usage) {
    out += ',';
    append_usage(*usage, out);
  } else if (include_usage_) {
    out += R"(,"usage":null)";
  }
  if (!transfer.empty()) out += R"(,"kv_transfer_params":)" + transfer;
  out += "}\n\n";
}

void Renderer::role_event(std::int64_t index, std::string& out) const {
  chunk(index, R"("delta":{"role":"assistant","content":""})", nullptr, nullptr, "", out);
}

void Renderer::token_event(std::int64_t index, std::string_view text, const Usage* usage,
                           std::string& out) const {
  chunk(index, chat_ ? R"("delta":{"content":)" + json_text(text) + '}' : R"("text":)" + json_text(text),
        nullptr, usage, "", out);
}

void Renderer::finish_event(std::int64_t index, Finish finish, const Usage* usage,
                            const std::string& transfer, std::string& out) const {
  chunk(index, chat_ ? R"("delta":{})" : R"("text":"")", kFinishNames[static_cast<std::size_t>(finish)],
        usage, transfer, out);
}

void Renderer::usage_event(const Usage& usage, std::string& out) const {
  out += chunk_head_;
  out += "],";
  append_usage(usage, out);
  out += "}\n\n";
}

void Renderer::choice(std::int64_t index, const std::string& text, Finish finish, std::string& out) const {
  if (!out.empty()) out += ',';
  out += R"({"index":)";
  append_number(index, out);
  out += chat_ ? R"(,"message":{"role":"assistant","content":)" + json_text(text) + '}'
               : R"(,"text":)" + json_text(text);
  out += R"(,"logprobs":null,"finish_reason":")";
  out += kFinishNames[static_cast<std::size_t>(finish)];
  out += R"("})";
}

std::string Renderer::response(const std::string& choices, const Usage& usage,
                               const std::string& transfer) const {
  std::string out = response_head_ + choices + "],";
  append_usage(usage, out);
  if (!transfer.empty()) out += R"(,"kv_transfer_params":)" + transfer;
  return out + '}';
}

}  // namespace core::sim
