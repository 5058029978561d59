#include "core/sim/request.hpp"

#include <algorithm>
#include <limits>

#include "core/json.hpp"
#include "core/source.hpp"
#include "core/suggest.hpp"
#include "core/utf8.hpp"

namespace core::sim {

namespace {

constexpr std::size_t kLongestQuote = 100;

[[noreturn]] void refuse(const std::string& param, const std::string& message) {
  throw ApiError{400, message, param};
}

// A field that is present and not null.
const Value* field(const Value& body, const char* name) {
  const auto found = body.find(name);
  return found == body.end() || found->is_null() ? nullptr : &*found;
}

bool boolean(const Value& body, const char* name) {
  const auto* value = field(body, name);
  if (!value) return false;
  if (!value->is_boolean()) refuse(name, std::string("'") + name + "' must be true or false");
  return value->get<bool>();
}

std::optional<std::int64_t> integer(const Value& body, const char* name, std::int64_t least) {
  const auto* value = field(body, name);
  if (!value) return std::nullopt;
  if (!value->is_number_integer() || value->get<std::int64_t>() < least) {
    refuse(name, std::string("'") + name + "' must be a whole number of at least " + std::to_string(least));
  }
  return value->get<std::int64_t>();
}

std::vector<Token> text_tokens(const std::string& text) {
  std::vector<Token> tokens;
  tokens.reserve(text.size() / 4 + 1);
  tokenize(text, tokens);
  return tokens;
}

std::vector<Token> id_tokens(const Value& ids) {
  std::vector<Token> tokens;
  tokens.reserve(ids.size());
  for (const auto& id : ids) {
    if (!is_natural(id) || id.get<std::uint64_t>() > std::numeric_limits<std::int32_t>::max()) {
      refuse("prompt", "'prompt' holds " + shown(id) + ", which is not a token id");
    }
    tokens.push_back(id.get<Token>());
  }
  return tokens;
}

Prompt plain_prompt(std::vector<Token> tokens) {
  if (tokens.empty()) refuse("prompt", "'prompt' must not be empty");
  return {tokens, tokens};
}

// A text, token ids, or a list of either.
std::vector<Prompt> read_prompts(const Value& body) {
  const auto* prompt = field(body, "prompt");
  if (!prompt) refuse("prompt", "'prompt' is missing");
  std::vector<Prompt> prompts;
  if (prompt->is_string()) {
    prompts.push_back(plain_prompt(text_tokens(prompt->get_ref<const std::string&>())));
  } else if (prompt->is_array() && !prompt->empty() && prompt->front().is_number()) {
    prompts.push_back(plain_prompt(id_tokens(*prompt)));
  } else if (prompt->is_array() && !prompt->empty()) {
    for (const auto& item : *prompt) {
      if (item.is_string()) {
        prompts.push_back(plain_prompt(text_tokens(item.get_ref<const std::string&>())));
      } else if (item.is_array()) {
        prompts.push_back(plain_prompt(id_tokens(item)));
      } else {
        refuse("prompt", "'prompt' must be a text, a list of token ids, or a list of these");
      }
    }
  } else {
    refuse("prompt", "'prompt' must be a text, a list of token ids, or a list of these");
  }
  return prompts;
}

// The text of a message: a string, a list of text parts, or nothing.
std::string message_text(const Value& message) {
  const auto* content = field(message, "content");
  if (!content) return {};
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) refuse("messages", "the content of a message must be a text or a list of parts");
  std::string text;
  for (const auto& part : *content) {
    const auto* part_text = part.is_object() ? field(part, "text") : nullptr;
    if (!part_text || !part_text->is_string())
      refuse("messages", "only text parts are understood in a message");
    text += part_text->get_ref<const std::string&>();
  }
  return text;
}

const Value& read_messages(const Value& body) {
  const auto* messages = field(body, "messages");
  if (!messages || !messages->is_array() || messages->empty()) {
    refuse("messages", "'messages' must be a list with at least one message");
  }
  for (const auto& message : *messages) {
    const auto* role = message.is_object() ? field(message, "role") : nullptr;
    if (!role || !role->is_string()) refuse("messages", "a message must be an object with a 'role'");
  }
  return *messages;
}

Prompt read_chat_prompt(const Value& body) {
  const auto& messages = read_messages(body);
  return {text_tokens(apply_chat_template(messages)), text_tokens(message_text(messages.back()))};
}

void refuse_unsupported(const Value& body) {
  for (const char* name : {"n", "best_of"}) {
    if (integer(body, name, 1).value_or(1) != 1)
      refuse(name, std::string("'") + name + "' can only be 1 here");
  }
  for (const char* name : {"logprobs", "top_logprobs", "prompt_logprobs", "echo", "suffix"}) {
    const auto* value = field(body, name);
    if (value && *value != Value(false) && *value != Value(0)) {
      refuse(name, std::string("'") + name + "' is not simulated");
    }
  }
  const auto* choice = field(body, "tool_choice");
  if (choice && *choice != "none" && *choice != "auto") refuse("tool_choice", "tool calls are not simulated");
}

std::vector<std::string> read_stop(const Value& body) {
  std::vector<std::string> stop;
  const auto* value = field(body, "stop");
  if (!value) return stop;
  const Value list = value->is_array() ? *value : Value::array({*value});
  for (const auto& item : list) {
    if (!item.is_string()) refuse("stop", "'stop' must be a text or a list of texts");
    if (!item.get_ref<const std::string&>().empty()) stop.push_back(item.get<std::string>());
  }
  return stop;
}

void read_stream_options(const Value& body, GenerationRequest& request) {
  request.stream = boolean(body, "stream");
  const auto* options = field(body, "stream_options");
  if (!options) return;
  if (!options->is_object()) refuse("stream_options", "'stream_options' must be an object");
  if (!request.stream) refuse("stream_options", "'stream_options' needs 'stream': true");
  request.continuous_usage = boolean(*options, "continuous_usage_stats");
  request.include_usage = boolean(*options, "include_usage") || request.continuous_usage;
}

void read_limits(const Value& body, GenerationRequest& request) {
  auto& limits = request.limits;
  limits.max_tokens = integer(body, "max_tokens", 1);
  if (request.chat) {
    if (const auto newer = integer(body, "max_completion_tokens", 1)) limits.max_tokens = newer;
  }
  limits.min_tokens = integer(body, "min_tokens", 0).value_or(0);
  limits.ignore_eos = boolean(body, "ignore_eos");
  if (limits.max_tokens && limits.min_tokens > *limits.max_tokens) {
    refuse("min_tokens", "'min_tokens' must not be more than 'max_tokens'");
  }
}

void read_transfer(const Value& body, GenerationRequest& request) {
  const auto* params = field(body, "kv_transfer_params");
  if (!params) return;
  if (!params->is_object()) refuse("kv_transfer_params", "'kv_transfer_params' must be an object");
  request.remote_prefill = boolean(*params, "do_remote_prefill");
  request.remote_decode = boolean(*params, "do_remote_decode");
}

Models::Found find_model(const Value& body, const Models& models) {
  const auto* name = field(body, "model");
  if (name && !name->is_string()) refuse("model", "'model' must be a text");
  const auto wanted = name ? name->get<std::string>() : std::string();
  if (auto found = models.find(wanted)) return *found;
  throw ApiError{404,
                 "the model '" + shown(wanted) + "' does not exist" + did_you_mean(wanted, models.names()),
                 "model"};
}

void check_context(const GenerationRequest& request, const Options& options) {
  const auto window = options.max_model_len;
  const auto answer = options.mode == "echo" ? 1 : request.limits.max_tokens.value_or(1);
  for (const auto& prompt : request.prompts) {
    const auto length = static_cast<std::int64_t>(prompt.tokens.size());
    if (answer <= window - length) continue;
    refuse(length >= window ? (request.chat ? "messages" : "prompt") : "max_tokens",
           "the context window has " + std::to_string(window) + " tokens, but " + std::to_string(length) +
               " tokens of prompt and " + std::to_string(answer) + " of answer were asked for");
  }
}

}  // namespace

Value parse_body(std::string_view body) {
  auto value = decode_json(body);
  if (!value) throw ApiError{400, "the body is not valid JSON: " + what_is_wrong(value.error()), ""};
  if (!value->is_object()) throw ApiError{400, "the body must be a JSON object", ""};
  return std::move(value).value();
}

std::string shown(const Value& value) {
  return shortened(value.is_string() ? value.get<std::string>() : encode_json(value), kLongestQuote);
}

std::string apply_chat_template(const Value& messages) {
  std::string text;
  for (const auto& message : messages) {
    text += message.at("role").get_ref<const std::string&>() + ": " + message_text(message) + '\n';
  }
  return text + "assistant:";
}

GenerationRequest read_generation(const Value& body, bool chat, const Options& options,
                                  const Models& models) {
  GenerationRequest request;
  request.chat = chat;
  request.model = find_model(body, models);
  refuse_unsupported(body);
  read_stream_options(body, request);
  read_limits(body, request);
  read_transfer(body, request);
  request.stop = read_stop(body);
  if (chat) {
    request.prompts.push_back(read_chat_prompt(body));
  } else {
    request.prompts = read_prompts(body);
  }
  check_context(request, options);
  return request;
}

std::vector<Token> read_tokenize(const Value& body) {
  if (field(body, "messages")) return text_tokens(apply_chat_template(read_messages(body)));
  const auto* prompt = field(body, "prompt");
  if (!prompt || !prompt->is_string()) refuse("prompt", "'prompt' (a text) or 'messages' is missing");
  return text_tokens(prompt->get_ref<const std::string&>());
}

}  // namespace core::sim
