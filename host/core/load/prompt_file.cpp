#include "core/load/prompt_file.hpp"

#include <algorithm>
#include <cmath>

#include "core/fs.hpp"
#include "core/json.hpp"
#include "core/source.hpp"
#include "core/suggest.hpp"

namespace core::load {

namespace {

constexpr std::uint64_t kLargestFile = 16ull << 30;

struct FilePrompt {
  std::string json;  // the rendered field
  PromptLengths lengths;
};

/// What the data table says about how to read the file.
struct Reading {
  std::string path, format;
  Api api;
  bool has_output = false;
  LengthDistribution output;
  double characters_per_token = 4;
  std::uint32_t input_min = 0, input_max = 0, output_min = 0, output_max = 0;
  std::uint64_t limit = 0;

  /// An output length that the file does not tell, 0, passes.
  bool keeps(const PromptLengths& lengths) const {
    const bool output_fits = lengths.output >= output_min && lengths.output <= output_max;
    return lengths.input >= input_min && lengths.input <= input_max &&
           (has_output || !lengths.output || output_fits);
  }
  std::uint32_t estimate(const std::string& text) const {
    const auto tokens = std::lround(static_cast<double>(text.size()) / characters_per_token);
    return static_cast<std::uint32_t>(std::max(1l, tokens));
  }
};

std::string quoted(const Value& value) { return value.dump(-1, ' ', false, Value::error_handler_t::replace); }

std::string text_field(const std::string& text, Api api) {
  const Value content = text;
  if (api == Api::kCompletions) return "\"prompt\":" + quoted(content);
  return "\"messages\":[{\"role\":\"user\",\"content\":" + quoted(content) + "}]";
}

constexpr std::uint64_t kMostTokens = 1'000'000'000;

// The first of `names` that the object has, a number of tokens; 0 if it has none. Says what is wrong with it.
std::string read_count(const Value& object, std::initializer_list<const char*> names, std::uint32_t& count) {
  for (const char* name : names) {
    const auto at = object.find(name);
    if (at == object.end() || at->is_null()) continue;
    const bool fits =
        is_natural(*at) && at->get<std::uint64_t>() >= 1 && at->get<std::uint64_t>() <= kMostTokens;
    if (!fits)
      return "'" + std::string(name) + "' must be a whole number from 1 to " + std::to_string(kMostTokens);
    count = at->get<std::uint32_t>();
    return "";
  }
  return "";
}

// A field that looks like one of ours; files may hold others, such as an id.
std::string misspelt_field(const Value& object) {
  const std::vector<std::string> known = {"prompt", "messages", "input_tokens", "output_tokens",
                                          "max_tokens"};
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string meant = did_you_mean(name, known);
    if (!meant.empty()) return "unknown field '" + name + "'" + meant;
  }
  return "";
}

// Characters of all message texts together.
std::string joined_texts(const Value& messages) {
  std::string all;
  for (const Value& message : messages) {
    if (message.is_object() && message.value("content", Value()).is_string())
      all += message["content"].get<std::string>();
  }
  return all;
}

// One JSONL object; the text says what is wrong with it, empty if nothing.
std::string read_object(const Value& object, const Reading& reading, FilePrompt& prompt) {
  if (!object.is_object()) return "not a JSON object";
  for (const std::string& wrong :
       {misspelt_field(object), read_count(object, {"input_tokens"}, prompt.lengths.input),
        read_count(object, {"max_tokens", "output_tokens"}, prompt.lengths.output)})
    if (!wrong.empty()) return wrong;
  if (object.contains("messages")) {
    const Value& messages = object["messages"];
    if (reading.api != Api::kChat) return "'messages' needs api = 'chat'";
    if (!messages.is_array() || messages.empty()) return "'messages' must be a list";
    prompt.json = "\"messages\":" + quoted(messages);
    if (!prompt.lengths.input) prompt.lengths.input = reading.estimate(joined_texts(messages));
    return "";
  }
  const Value text = object.value("prompt", Value());
  if (text.is_string() && !text.get<std::string>().empty()) {
    prompt.json = text_field(text.get<std::string>(), reading.api);
    if (!prompt.lengths.input) prompt.lengths.input = reading.estimate(text.get<std::string>());
    return "";
  }
  const bool ids = text.is_array() && !text.empty() && std::all_of(text.begin(), text.end(), is_natural);
  if (!ids) return "'prompt' must be a text or a list of token ids, or 'messages' a list";
  if (reading.api != Api::kCompletions) return "token ids need api = 'completions'";
  prompt.json = "\"prompt\":" + text.dump();
  prompt.lengths.input = static_cast<std::uint32_t>(text.size());
  return "";
}

bool said_by(const Value& turn, std::initializer_list<const char*> names) {
  const Value from = turn.value("from", turn.value("role", Value()));
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return from == name; });
}

std::string turn_text(const Value& turn) {
  const Value text = turn.value("value", turn.value("content", Value()));
  return text.is_string() ? text.get<std::string>() : "";
}

// First question and first answer of a conversation; false if it has none.
bool read_conversation(const Value& conversation, const Reading& reading, FilePrompt& prompt) {
  const Value turns = conversation.is_object() ? conversation.value("conversations", Value()) : Value();
  if (!turns.is_array()) return false;
  for (std::size_t i = 0; i + 1 < turns.size(); ++i) {
    if (!turns[i].is_object() || !turns[i + 1].is_object()) return false;
    if (!said_by(turns[i], {"human", "user"}) || !said_by(turns[i + 1], {"gpt", "assistant", "chatgpt"}))
      continue;
    const std::string question = turn_text(turns[i]), answer = turn_text(turns[i + 1]);
    if (question.empty() || answer.empty()) return false;
    prompt.json = text_field(question, reading.api);
    prompt.lengths = {reading.estimate(question), reading.estimate(answer)};
    return true;
  }
  return false;
}

Error bad_content(const Reading& reading, const std::string& place, const std::string& why) {
  return Error{"invalid", reading.path + place + ": " + why}.with("file", reading.path);
}

bool full(const Reading& reading, const std::vector<FilePrompt>& prompts) {
  return reading.limit && prompts.size() >= reading.limit;
}

std::optional<Error> read_jsonl(const std::string& content, const Reading& reading,
                                std::vector<FilePrompt>& prompts) {
  std::size_t start = 0;
  for (int line = 1; start < content.size() && !full(reading, prompts); ++line) {
    const std::size_t end = std::min(content.find('\n', start), content.size());
    const std::string_view text = std::string_view(content).substr(start, end - start);
    start = end + 1;
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    FilePrompt prompt;
    const auto object = decode_json(text);
    const std::string wrong =
        object ? read_object(*object, reading, prompt) : "not JSON: " + what_is_wrong(object.error());
    if (!wrong.empty()) return bad_content(reading, ":" + std::to_string(line), wrong);
    if (reading.keeps(prompt.lengths)) prompts.push_back(std::move(prompt));
  }
  return {};
}

// The end of the JSON value that begins at `at`, found by brackets and quotes alone.
std::size_t value_end(const std::string& content, std::size_t at) {
  int depth = 0;
  bool in_string = false;
  for (; at < content.size(); ++at) {
    const char c = content[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at + 1;
  }
  return std::string::npos;
}

// Walks the list element by element: the files are too large for one tree.
std::optional<Error> read_sharegpt(const std::string& content, const Reading& reading,
                                   std::vector<FilePrompt>& prompts) {
  std::size_t at = content.find('[');
  if (at == std::string::npos) return bad_content(reading, "", "not a list of conversations");
  ++at;
  for (int number = 1; !full(reading, prompts); ++number) {
    at = content.find_first_not_of(" \t\r\n,", at);
    if (at == std::string::npos) return bad_content(reading, "", "the list is not closed");
    if (content[at] == ']') return {};
    const std::size_t end = value_end(content, at);
    const auto conversation = decode_json(std::string_view(content).substr(at, end - at));
    if (!conversation)
      return bad_content(
          reading, "",
          "conversation " + std::to_string(number) + " is not JSON: " + what_is_wrong(conversation.error()));
    FilePrompt prompt;
    if (read_conversation(*conversation, reading, prompt) && reading.keeps(prompt.lengths))
      prompts.push_back(std::move(prompt));
    at = end;
  }
  return {};
}

Reading parse_reading(Fields& data, Api api) {
  constexpr std::int64_t kMost = 1'000'000'000;
  Reading reading;
  reading.api = api;
  reading.path = data.text("path");
  const std::size_t format = data.choice("format", {"auto", "jsonl", "sharegpt"});
  reading.format = format == 0 ? "auto" : format == 1 ? "jsonl" : "sharegpt";
  reading.has_output = data.has("output");
  reading.output = reading.has_output ? LengthDistribution::parse(data.path("output"), data.raw("output"))
                                      : LengthDistribution::constant(128);
  reading.characters_per_token = data.number("characters_per_token", 4, 0.1, 100);
  reading.input_min = static_cast<std::uint32_t>(data.integer("input_min", 0, 0, kMost));
  reading.input_max = static_cast<std::uint32_t>(data.integer("input_max", kMost, 0, kMost));
  reading.output_min = static_cast<std::uint32_t>(data.integer("output_min", 0, 0, kMost));
  reading.output_max = static_cast<std::uint32_t>(data.integer("output_max", kMost, 0, kMost));
  reading.limit = static_cast<std::uint64_t>(data.integer("limit", 0, 0, kMost));
  return reading;
}

class FilePrompts : public PromptSource {
 public:
  FilePrompts(Reading reading, bool wants_shuffle, std::uint64_t seed)
      : reading_(std::move(reading)), wants_shuffle_(wants_shuffle), seed_(seed) {}

  Result<Done> prepare() override {
    auto content = read_file(reading_.path, kLargestFile);
    if (!content) return content.error();
    if (content->compare(0, 3, "\xEF\xBB\xBF") == 0) content->erase(0, 3);
    if (reading_.format == "auto") {
      const std::size_t first = content->find_first_not_of(" \t\r\n");
      reading_.format = first != std::string::npos && (*content)[first] == '[' ? "sharegpt" : "jsonl";
    }
    const auto wrong = reading_.format == "jsonl" ? read_jsonl(*content, reading_, prompts_)
                                                  : read_sharegpt(*content, reading_, prompts_);
    if (wrong) return *wrong;
    if (prompts_.empty())
      return bad_content(reading_, "", "no prompt is left").advise("check the format and the length bounds");
    if (wants_shuffle_) shuffle();
    return Done();
  }

  PromptLengths append(std::uint64_t index, std::string& out) const override {
    const FilePrompt& prompt = prompts_[index % prompts_.size()];
    out += prompt.json;
    PromptLengths lengths = prompt.lengths;
    Random random(seed_, index);
    if (reading_.has_output || !lengths.output) lengths.output = reading_.output.sample(random);
    return lengths;
  }

  std::uint64_t distinct() const override { return prompts_.size(); }
  Value describe() const override {
    return {
        {"type", "file"}, {"path", reading_.path}, {"format", reading_.format}, {"prompts", prompts_.size()}};
  }

 private:
  void shuffle() {
    Random random(seed_, 1ull << 40);
    for (std::size_t i = prompts_.size(); i > 1; --i)
      std::swap(prompts_[i - 1], prompts_[static_cast<std::size_t>(random.below(i))]);
  }

  Reading reading_;
  bool wants_shuffle_;
  std::uint64_t seed_;
  std::vector<FilePrompt> prompts_;
};

}  // namespace

std::shared_ptr<PromptSource> make_file_prompts(Fields& data, Api api, std::uint64_t seed) {
  Reading reading = parse_reading(data, api);
  return std::make_shared<FilePrompts>(std::move(reading), data.flag("shuffle", true), seed);
}

}  // namespace core::load
