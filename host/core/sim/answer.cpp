#include "core/sim/answer.hpp"

#include <algorithm>

namespace core::sim {

namespace {

const std::string kText = kTokenText;

// Bytes at the end of `text` that begin a UTF-8 character whose rest is still missing.
std::size_t incomplete_tail(const std::string& text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;  // inside a character
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

// One text per token; a character of several tokens comes with its last one. An id without text gives
// kTokenText.
std::vector<std::string> token_texts(const std::vector<Token>& tokens) {
  std::vector<std::string> texts;
  std::string held;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!append_token_text(tokens[i], held)) held += kText;
    const auto tail = i + 1 < tokens.size() ? incomplete_tail(held) : 0;
    texts.push_back(held.substr(0, held.size() - tail));
    held.erase(0, held.size() - tail);
  }
  return texts;
}

// Ends the answer where a stop text first appears after `min_tokens`; the stop text itself is not said.
void apply_stop(const std::vector<std::string>& stop, std::int64_t min_tokens, Answer& answer) {
  std::string all;
  for (std::int64_t token = 0; token < answer.tokens; ++token) {
    const auto before = all.size();
    all += answer.text(token);
    if (token + 1 <= min_tokens) continue;
    std::size_t cut = std::string::npos;
    for (const auto& text : stop) {
      const auto from = before > text.size() ? before - text.size() + 1 : 0;
      cut = std::min(cut, all.find(text, from));
    }
    if (cut == std::string::npos) continue;
    std::vector<std::string> texts;
    for (std::int64_t i = 0, at = 0; i <= token; ++i) {
      const auto& text = answer.text(i);
      const auto room = std::max<std::int64_t>(static_cast<std::int64_t>(cut) - at, 0);
      texts.push_back(text.substr(0, static_cast<std::size_t>(room)));
      at += static_cast<std::int64_t>(text.size());
    }
    answer.texts = std::move(texts);
    answer.tokens = token + 1;
    answer.finish = Finish::kStop;
    return;
  }
}

Answer random_answer(const GenerationRequest& request, const Prompt& prompt, const Options& options,
                     Random& random) {
  auto limits = request.limits;
  limits.room = options.max_model_len - static_cast<std::int64_t>(prompt.tokens.size());
  Answer answer;
  answer.tokens = draw_output_length(limits, random);
  const bool full = answer.tokens == std::min(limits.max_tokens.value_or(limits.room), limits.room);
  answer.finish = full ? Finish::kLength : Finish::kStop;
  return answer;
}

Answer echo_answer(const Prompt& prompt) {
  Answer answer;
  answer.texts = token_texts(prompt.echo);
  if (answer.texts.empty()) answer.texts.emplace_back();
  answer.tokens = static_cast<std::int64_t>(answer.texts.size());
  return answer;
}

}  // namespace

const std::string& Answer::text(std::int64_t token) const {
  return texts.empty() ? kText : texts[static_cast<std::size_t>(token)];
}

std::string Answer::all() const {
  std::string whole;
  for (std::int64_t token = 0; token < tokens; ++token) whole += text(token);
  return whole;
}

std::vector<Token> Answer::ids() const {
  std::vector<Token> result;
  tokenize(all(), result);
  return result;
}

Answer plan_answer(const GenerationRequest& request, const Prompt& prompt, const Options& options,
                   Random& random) {
  Answer answer =
      options.mode == "echo" ? echo_answer(prompt) : random_answer(request, prompt, options, random);
  if (request.remote_decode) {
    answer.tokens = 1;
    if (!answer.texts.empty()) answer.texts.resize(1);
    answer.finish = Finish::kRemoteDecode;
    return answer;
  }
  if (!request.stop.empty()) apply_stop(request.stop, request.limits.min_tokens, answer);
  return answer;
}

}  // namespace core::sim
