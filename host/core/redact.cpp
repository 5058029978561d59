#include "core/redact.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <mutex>
#include <shared_mutex>

#include "core/text.hpp"

namespace core {

namespace {

constexpr std::size_t kShortestSecret = 4;
constexpr std::size_t kShortestEncoded = 8;  // shorter pieces of base64 would match by chance
constexpr std::size_t kShortestLine = 16;

struct Registry {
  std::shared_mutex mutex;
  std::vector<std::string> needles;  // longest first
};

Registry& registry() {
  static Registry instance;
  return instance;
}

std::string_view trim(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) ||
        std::string_view("-._~").find(c) != std::string_view::npos)
      out += c;
    else
      out += "%" + hex({&c, 1});
  }
  return out;
}

std::string upper_escapes(std::string text) {
  for (std::size_t i = 0; i + 2 < text.size(); ++i)
    if (text[i] == '%')
      for (std::size_t k = 1; k <= 2; ++k)
        text[i + k] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[i + k])));
  return text;
}

std::string json_escaped(std::string_view text) {
  const std::string quoted = Value(text).dump(-1, ' ', false, Value::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

std::string url_safe(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

/// The characters of base64(<skip unknown bytes> + secret + <anything>) that depend on the secret alone.
std::string base64_core(std::string_view secret, std::size_t skip) {
  const std::string coded = base64_encode(std::string(skip, '\0') + std::string(secret));
  const std::size_t from = (skip * 8 + 5) / 6, to = (skip + secret.size()) * 8 / 6;
  return coded.substr(from, to - from);
}

void add_encoded(std::vector<std::string>& needles, std::string_view secret) {
  std::vector<std::string> coded{base64_encode(secret)};
  for (std::size_t skip = 0; skip < 3; ++skip) coded.push_back(base64_core(secret, skip));
  for (auto& text : coded) {
    if (text.size() < kShortestEncoded) continue;
    needles.push_back(url_safe(text));
    needles.push_back(std::move(text));
  }
}

std::vector<std::string> forms_of(std::string_view secret) {
  const std::string percent = percent_encoded(secret);
  std::vector<std::string> forms{std::string(secret), percent, upper_escapes(percent), json_escaped(secret)};
  add_encoded(forms, secret);
  if (secret.find('\n') == std::string_view::npos) return forms;
  for (std::size_t from = 0; from < secret.size();) {
    const std::size_t to = std::min(secret.find('\n', from), secret.size());
    const auto line = trim(secret.substr(from, to - from));
    if (line.size() >= kShortestLine && line.substr(0, 5) != "-----") forms.emplace_back(line);
    from = to + 1;
  }
  return forms;
}

void replace_all(std::string& text, const std::string& needle) {
  for (auto at = text.find(needle); at != std::string::npos; at = text.find(needle, at + kRedacted.size()))
    text.replace(at, needle.size(), kRedacted);
}

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  char before = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool new_word = std::isupper(byte) && std::islower(static_cast<unsigned char>(before));  // apiKey
    if ((!std::isalnum(byte) || new_word) && !words.back().empty()) words.emplace_back();
    if (std::isalnum(byte)) words.back() += static_cast<char>(std::tolower(byte));
    before = c;
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// `labelKey` and `tokenKey` name a place in a map, `pad_token` and `per_token` one of a model's tokens.
bool is_harmless(std::string_view last, std::string_view before) {
  static constexpr std::array<std::string_view, 14> kOfMaps{
      "",     "annotation", "cache", "config", "group",   "image", "label",
      "node", "partition",  "map",   "public", "primary", "sort",  "token"};
  static constexpr std::array<std::string_view, 12> kOfModels{"bos", "eos",  "first", "image", "mask", "max",
                                                              "min", "next", "pad",   "per",   "stop", "unk"};
  return (last == "key" && holds(kOfMaps, before)) || (last == "token" && holds(kOfModels, before));
}

bool is_secret_word(const std::string& word) {
  static constexpr std::array<std::string_view, 4> kEndings{"token", "secret", "password", "passwd"};
  static constexpr std::array<std::string_view, 9> kWords{"key",        "apikey",        "accesskey",
                                                          "credential", "credentials",   "passphrase",
                                                          "pass",       "authorization", "cookie"};
  const auto ends = [&](std::string_view end) { return ends_with(word, end); };
  return std::any_of(kEndings.begin(), kEndings.end(), ends) || holds(kWords, word);
}

// `{port}`, `{{secret:hf_token}}`, `${TOKEN}`: filled in later.
bool is_placeholder(std::string_view value) {
  return (value.front() == '{' && value.back() == '}') || value.substr(0, 2) == "${" ||
         value.substr(0, 2) == "$(";
}

std::string redact_assignment(const std::string& argument) {
  for (auto at = argument.find('='); at != std::string::npos; at = argument.find('=', at + 1)) {
    const auto comma = argument.find_last_of("=,", at - 1);
    const auto from = at == 0 || comma == std::string::npos ? 0 : comma + 1;
    if (holds_secret(std::string_view(argument).substr(from, at - from),
                     std::string_view(argument).substr(at + 1)))
      return argument.substr(0, at + 1) + std::string(kRedacted);
  }
  return argument;
}

}  // namespace

bool register_secret(std::string_view value) {
  const auto secret = trim(value);
  if (secret.size() < kShortestSecret) return false;
  auto forms = forms_of(secret);
  auto& [mutex, needles] = registry();
  const std::unique_lock lock(mutex);
  needles.insert(needles.end(), std::make_move_iterator(forms.begin()), std::make_move_iterator(forms.end()));
  std::sort(needles.begin(), needles.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  needles.erase(std::unique(needles.begin(), needles.end()), needles.end());
  return true;
}

bool is_secret_name(std::string_view name) {
  const auto dot = name.find_last_of("./");
  if (dot != std::string_view::npos) name.remove_prefix(dot + 1);
  auto words = words_of(name);
  if (!words.empty() && words.back() == "base64") words.pop_back();
  if (words.empty()) return false;
  const std::string before = words.size() > 1 ? words[words.size() - 2] : "";
  return is_secret_word(words.back()) && !is_harmless(words.back(), before);
}

bool holds_secret(std::string_view name, std::string_view value) {
  if (value.size() < 6 || !is_secret_name(name)) return false;
  if (value.front() == '/' || value == "disabled" || value == "enabled" || is_placeholder(value))
    return false;
  const bool url = value.find("://") != std::string_view::npos;
  return !url || value.find('@') != std::string_view::npos;
}

std::string redact(std::string text) {
  auto& [mutex, needles] = registry();
  const std::shared_lock lock(mutex);
  for (const auto& needle : needles) replace_all(text, needle);
  return text;
}

Value redact_tree(Value tree) {
  if (tree.is_string()) return redact(tree.get<std::string>());
  if (tree.is_structured())
    for (auto& item : tree) item = redact_tree(std::move(item));
  return tree;
}

Error redact(Error error) {
  error.message = redact(std::move(error.message));
  error.hint = redact(std::move(error.hint));
  error.facts = redact_tree(std::move(error.facts));
  return error;
}

std::vector<std::string> redact_argv(const std::vector<std::string>& argv) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    const bool after_secret_flag = i > 0 && argv[i - 1].rfind("-", 0) == 0 &&
                                   argv[i - 1].find('=') == std::string::npos && argv[i].rfind("-", 0) != 0 &&
                                   holds_secret(argv[i - 1], argv[i]);
    shown.push_back(after_secret_flag ? std::string(kRedacted) : redact(redact_assignment(argv[i])));
  }
  return shown;
}

void forget_secrets() {
  auto& [mutex, needles] = registry();
  const std::unique_lock lock(mutex);
  needles.clear();
}

}  // namespace core
