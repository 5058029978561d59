#include "core/load/prompt.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "core/load/prompt_file.hpp"

namespace core::load {

namespace {

std::vector<std::string> parse_words(Fields& data, const char* name,
                                     const std::vector<std::string>& fallback) {
  const Value& list = data.raw(name);
  if (list.is_null()) return fallback;
  if (!list.is_array() || list.empty()) data.refuse(name, "must be a list of words");
  std::vector<std::string> words;
  for (const Value& word : list) {
    if (!word.is_string()) data.refuse(name, "must be a list of words");
    const std::string quoted = word.dump();
    words.push_back(quoted.substr(1, quoted.size() - 2));  // escaped once, here
  }
  return words;
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto [end, bad] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

LengthDistribution output_lengths(Fields& data) {
  return LengthDistribution::parse(data.path("output"), data.has("output") ? data.raw("output") : Value(128));
}

/// Independent random prompts.
class RandomPrompts : public PromptSource {
 public:
  RandomPrompts(Fields& data, Api api, std::uint64_t seed)
      : writer_(data, api),
        input_(LengthDistribution::parse(data.path("input"),
                                         data.has("input") ? data.raw("input") : Value(512))),
        output_(output_lengths(data)),
        seed_(seed) {
    if (input_.may_be_zero()) data.refuse("input", "must be at least one token");
  }

  PromptLengths append(std::uint64_t index, std::string& out) const override {
    Random random(seed_, index);
    const PromptLengths lengths{input_.sample(random), output_.sample(random)};
    out += writer_.opening();
    writer_.append(random, lengths.input, true, out);
    out += writer_.closing();
    return lengths;
  }

  Value describe() const override { return {{"type", "random"}}; }

 private:
  TokenWriter writer_;
  LengthDistribution input_, output_;
  std::uint64_t seed_;
};

/// Groups of prompts that begin alike. The order of (group, prompt) pairs is shuffled once; after the last
/// pair the first comes again.
class SharedPrefixPrompts : public PromptSource {
 public:
  SharedPrefixPrompts(Fields& data, Api api, std::uint64_t seed)
      : writer_(data, api),
        groups_(static_cast<std::uint64_t>(data.integer("groups", 10, 1, 1'000'000))),
        per_group_(static_cast<std::uint64_t>(data.integer("prompts_per_group", 10, 1, 10'000'000))),
        question_(LengthDistribution::parse(data.path("question"),
                                            data.has("question") ? data.raw("question") : Value(50))),
        output_(output_lengths(data)),
        seed_(data.has("seed") ? static_cast<std::uint64_t>(data.integer("seed", 0, 0, kLargestSeed)) : seed),
        first_(static_cast<std::uint64_t>(data.integer("first", 0, 0, kLargestSeed))) {
    if (groups_ * per_group_ > 20'000'000)
      data.refuse("groups", "times prompts_per_group exceeds 20 million");
    if (question_.may_be_zero()) data.refuse("question", "must be at least one token");
    system_ =
        LengthDistribution::parse(data.path("system"), data.has("system") ? data.raw("system") : Value(100));
  }

  Result<Done> prepare() override {
    make_prefixes();
    shuffle();
    return Done();
  }

  PromptLengths append(std::uint64_t index, std::string& out) const override {
    const std::uint64_t pair = order_[(first_ + index) % order_.size()];
    const std::size_t group = static_cast<std::size_t>(pair / per_group_);
    Random random(seed_, kQuestions + pair);
    const std::uint32_t question = question_.sample(random), output = output_.sample(random);
    out += writer_.opening();
    out += prefixes_[group];
    writer_.append(random, question, prefix_lengths_[group] == 0, out);
    out += writer_.closing();
    return {prefix_lengths_[group] + question, output};
  }

  std::uint64_t distinct() const override { return groups_ * per_group_; }
  Value describe() const override {
    return {{"type", "shared_prefix"}, {"groups", groups_}, {"prompts_per_group", per_group_}};
  }

 private:
  static constexpr std::int64_t kLargestSeed = std::int64_t{1} << 53;
  // Streams of the seed: prefixes from 0, the shuffle, then the questions.
  static constexpr std::uint64_t kShuffle = 1ull << 40, kQuestions = 1ull << 41;

  void make_prefixes() {
    for (std::uint64_t group = 0; group < groups_; ++group) {
      Random random(seed_, group);
      const std::uint32_t length = system_.sample(random);
      prefix_lengths_.push_back(length);
      prefixes_.emplace_back();
      writer_.append(random, length, true, prefixes_.back());
    }
  }

  void shuffle() {
    order_.resize(static_cast<std::size_t>(groups_ * per_group_));
    std::iota(order_.begin(), order_.end(), 0u);
    Random random(seed_, kShuffle);
    for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.below(i)]);
  }

  TokenWriter writer_;
  std::uint64_t groups_, per_group_;
  LengthDistribution system_, question_, output_;
  std::uint64_t seed_, first_;  // `first_`: the number of the first pair, where an earlier stage left off
  std::vector<std::string> prefixes_;
  std::vector<std::uint32_t> prefix_lengths_;
  std::vector<std::uint32_t> order_;
};

}  // namespace

TokenWriter::TokenWriter(Fields& data, Api api) : api_(api) {
  const bool has_form = data.has("prompt");
  const std::size_t form = data.choice("prompt", {"tokens", "text"});
  ids_ = has_form ? form == 0 : api == Api::kCompletions;
  if (ids_ && api == Api::kChat)
    data.refuse("prompt", "= 'tokens' needs api = 'completions'; chat takes text");
  vocab_min_ = static_cast<std::uint32_t>(data.integer("vocab_min", 1000, 0, 10'000'000));
  vocab_max_ = static_cast<std::uint32_t>(data.integer("vocab_max", 30000, 1, 10'000'000));
  if (vocab_min_ >= vocab_max_) data.refuse("vocab_min", "must be below vocab_max");
  words_ = parse_words(data, "words", default_words());
  first_words_ = parse_words(data, "first_words", words_);
}

void TokenWriter::append(Random& random, std::uint32_t count, bool first, std::string& out) const {
  if (ids_) {
    const std::uint32_t span = vocab_max_ - vocab_min_;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (i || !first) out += ',';
      append_number(out, vocab_min_ + random.below(span));
    }
    return;
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto& words = i == 0 && first ? first_words_ : words_;
    if (i || !first) out += ' ';
    out += words[random.below(words.size())];
  }
}

const char* TokenWriter::opening() const {
  if (ids_) return "\"prompt\":[";
  return api_ == Api::kChat ? "\"messages\":[{\"role\":\"user\",\"content\":\"" : "\"prompt\":\"";
}

const char* TokenWriter::closing() const {
  if (ids_) return "]";
  return api_ == Api::kChat ? "\"}]" : "\"";
}

std::shared_ptr<PromptSource> make_prompt_source(Fields data, Api api, std::uint64_t seed) {
  std::shared_ptr<PromptSource> source;
  switch (data.choice("type", {"random", "shared_prefix", "file"})) {
    case 0:
      source = std::make_shared<RandomPrompts>(data, api, seed);
      break;
    case 1:
      source = std::make_shared<SharedPrefixPrompts>(data, api, seed);
      break;
    default:
      source = make_file_prompts(data, api, seed);
  }
  data.done();
  return source;
}

}  // namespace core::load
