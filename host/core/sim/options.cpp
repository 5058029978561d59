#include "core/sim/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>

#include "core/suggest.hpp"
#include "core/yaml.hpp"

namespace core::sim {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// Options of llm-d-inference-sim that have no counterpart here, and why.
constexpr std::pair<const char*, const char*> kUnsupported[] = {
    {"mm-encoder-only", "there is no multi-modal processing here"},
    {"omni", "there is no multi-modal processing here"},
    {"image-emission-rate", "no images are made here"},
    {"time-to-generate-image", "no images are made here"},
    {"time-to-generate-image-std-dev", "no images are made here"},
    {"render-url", "the tokenizer is built in"},
    {"render-timeout", "the tokenizer is built in"},
    {"mm-render-timeout", "the tokenizer is built in"},
    {"force-dummy-tokenizer", "the tokenizer is built in"},
    {"default-embedding-dimensions", "there is no embeddings endpoint here"},
    {"zmq-endpoint", "no KV cache events are published here"},
    {"event-batch-size", "no KV cache events are published here"},
    {"hash-seed", "no KV cache events are published here"},
    {"global-cache-hit-threshold", "cache thresholds are not simulated"},
    {"data-parallel-size", "start one simulator per rank instead"},
    {"data-parallel-rank", "start one simulator per rank instead"},
    {"dataset-path", "answers are made up, not looked up"},
    {"dataset-url", "answers are made up, not looked up"},
    {"fake-metrics", "metrics are measured here"},
    {"fake-metrics-refresh-interval", "metrics are measured here"},
};

// Where a value came from, for messages.
struct Origin {
  std::string source;  // `option`, `environment variable`, `the file x.yaml`
  std::string name;
};

Error invalid(const Origin& origin, const std::string& message, std::string hint = "") {
  auto error = Error{"invalid", origin.source + " '" + origin.name + "': " + message, std::move(hint)};
  return std::move(error).with("option", origin.name).with("source", origin.source);
}

std::string with_dashes(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string shown(const Value& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

const OptionRow* find_row(const std::string& name) {
  for (const auto& row : option_table()) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

bool is_boolean(const OptionRow& row) {
  const auto* ignored = std::get_if<Ignored>(&row.member);
  return ignored ? !ignored->takes_value : std::holds_alternative<bool Options::*>(row.member);
}

std::string plain_number(double number) {
  std::ostringstream out;
  out << number;
  return out.str();
}

std::string range_text(const OptionRow& row) {
  const bool below = row.min == std::numeric_limits<double>::lowest();
  const bool above = row.max == std::numeric_limits<double>::max() || row.max >= 1e15;
  if (below && above) return "";
  if (above) return " of at least " + plain_number(row.min);
  return " from " + plain_number(row.min) + " to " + plain_number(row.max);
}

template <class T>
std::optional<T> number_from(const Value& value) {
  if (value.is_number_integer()) return static_cast<T>(value.get<std::int64_t>());
  if (value.is_number()) {
    const double number = value.get<double>();
    if (std::is_integral_v<T> && number != std::floor(number)) return std::nullopt;
    return static_cast<T>(number);
  }
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::optional<bool> boolean_from(const Value& value) {
  if (value.is_boolean()) return value.get<bool>();
  const auto text = value.is_string() ? value.get<std::string>() : value.dump();
  for (const char* yes : {"true", "yes", "on", "1"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"false", "no", "off", "0"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

// A bare number means milliseconds, as in the tool whose options these are.
std::optional<Duration> duration_from(const Value& value) {
  if (const auto number = number_from<double>(value)) {
    if (*number < 0 || *number > 9e12) return std::nullopt;
    return Duration{static_cast<std::int64_t>(std::llround(*number * 1e6))};
  }
  if (!value.is_string()) return std::nullopt;
  return parse_duration(value.get_ref<const std::string&>());
}

// Items of lists may also be separated by commas, unless they are JSON.
void add_items(const std::string& text, TextList& list) {
  if (text.empty() || text[0] == '{' || text[0] == '[') return list.push_back(text);
  for (std::size_t from = 0; from <= text.size();) {
    const auto to = std::min(text.find(',', from), text.size());
    if (to > from) list.push_back(text.substr(from, to - from));
    from = to + 1;
  }
}

TextList list_from(const Value& value) {
  TextList list;
  if (value.is_array()) {
    for (const auto& item : value) add_items(shown(item), list);
  } else if (!value.is_null()) {
    add_items(shown(value), list);
  }
  return list;
}

// One setter per type; each answers what kept it from setting, or "".
class Setter {
 public:
  Setter(Options& options, const OptionRow& row, const Value& value)
      : options_(options), row_(row), value_(value) {}

  std::string operator()(std::string Options::*member) const {
    if (value_.is_structured() || value_.is_null()) return "expected a text, got " + value_.dump();
    if (auto wrong = check_choice(shown(value_)); !wrong.empty()) return wrong;
    options_.*member = shown(value_);
    return "";
  }
  std::string operator()(std::int64_t Options::*member) const { return number(member, "a whole number"); }
  std::string operator()(double Options::*member) const { return number(member, "a number"); }
  std::string operator()(bool Options::*member) const {
    const auto boolean = boolean_from(value_);
    if (!boolean) return "expected true or false, got '" + shown(value_) + "'";
    options_.*member = *boolean;
    return "";
  }
  std::string operator()(Duration Options::*member) const {
    const auto duration = duration_from(value_);
    if (!duration) return "expected a duration such as 50ms, 1.5s or 250us, got '" + shown(value_) + "'";
    options_.*member = *duration;
    return "";
  }
  std::string operator()(TextList Options::*member) const {
    auto list = list_from(value_);
    for (const auto& item : list) {
      if (auto wrong = check_choice(item); !wrong.empty()) return wrong;
    }
    options_.*member = std::move(list);
    return "";
  }
  std::string operator()(Ignored) const { return ""; }

 private:
  template <class T>
  std::string number(T Options::*member, const char* what) const {
    const auto found = number_from<T>(value_);
    if (!found || static_cast<double>(*found) < row_.min || static_cast<double>(*found) > row_.max) {
      return std::string("expected ") + what + range_text(row_) + ", got '" + shown(value_) + "'";
    }
    if (auto wrong = check_choice(plain_number(static_cast<double>(*found))); !wrong.empty()) return wrong;
    options_.*member = *found;
    return "";
  }
  std::string check_choice(const std::string& text) const {
    const auto& choices = row_.choices;
    if (choices.empty() || std::find(choices.begin(), choices.end(), text) != choices.end()) return "";
    std::string all;
    for (const auto& choice : choices) all += (all.empty() ? "" : ", ") + (choice.empty() ? "\"\"" : choice);
    return "'" + text + "' is not one of " + all + did_you_mean(text, choices);
  }

  Options& options_;
  const OptionRow& row_;
  const Value& value_;
};

Error unknown_option(const Origin& origin, const std::string& name) {
  for (const auto& [unsupported, why] : kUnsupported) {
    if (name == unsupported) return invalid(origin, std::string("not supported by this simulator: ") + why);
  }
  std::vector<std::string> names;
  for (const auto& row : option_table()) names.push_back(row.name);
  return invalid(origin, "unknown option" + did_you_mean(name, names), "see the list of options in the help");
}

Result<Done> set_option(Options& options, const Origin& origin, const OptionRow& row, const Value& value) {
  const auto wrong = std::visit(Setter(options, row, value), row.member);
  if (wrong.empty()) return Done{};
  return invalid(origin, row.secret ? "the value is not usable" : wrong);
}

// Applies one source of `name: value` pairs.
Result<Done> apply(Options& options, const Value& pairs, const std::string& source) {
  if (pairs.is_null()) return Done{};
  if (!pairs.is_object()) return Error{"invalid", source + ": expected names and values", ""};
  for (const auto& [key, value] : pairs.items()) {
    const Origin origin{source, key};
    auto name = with_dashes(key);
    const auto* row = find_row(name);
    Value negated;
    if (!row && name.rfind("no-", 0) == 0) {
      row = find_row(name.substr(3));
      const auto boolean = boolean_from(value);
      if (!row || !is_boolean(*row) || !boolean)
        row = nullptr;
      else
        negated = !*boolean;
    }
    if (!row) return unknown_option(origin, name);
    if (auto set = set_option(options, origin, *row, negated.is_null() ? value : negated); !set) return set;
  }
  return Done{};
}

Result<Done> apply_environment(Options& options, const Environment& environment) {
  for (const auto& row : option_table()) {
    if (std::holds_alternative<Ignored>(row.member)) continue;
    const auto name = option_env(row);
    const auto text = environment ? environment(name) : std::nullopt;
    if (!text) continue;
    Value value = *text;
    if (std::holds_alternative<TextList Options::*>(row.member)) {  // several values are separated by blanks
      value = Value::array();
      std::istringstream words(*text);
      for (std::string word; words >> word;) value.push_back(word);
    }
    if (auto set = set_option(options, {"environment variable", name}, row, value); !set) return set;
  }
  return Done{};
}

Result<Done> check_deviation(const char* name, Duration mean, Duration deviation) {
  if (static_cast<double>(deviation.ns) <= 0.3 * static_cast<double>(mean.ns)) return Done{};
  return Error{"invalid",
               std::string("option '") + name + "': " + format_duration(deviation) +
                   " is more than 30 % of its mean, " + format_duration(mean),
               "give a smaller deviation"}
      .with("option", name);
}

Result<Done> check_together(const Options& o) {
  if (o.model.empty()) {
    return Error{"invalid", "option 'model' is missing",
                 "give the name of the model to serve, e.g. --model my/model"}
        .with("option", "model");
  }
  const std::tuple<const char*, Duration, Duration> deviations[] = {
      {"time-to-first-token-std-dev", o.time_to_first_token, o.time_to_first_token_std_dev},
      {"inter-token-latency-std-dev", o.inter_token_latency, o.inter_token_latency_std_dev},
      {"kv-cache-transfer-latency-std-dev", o.kv_cache_transfer_latency, o.kv_cache_transfer_latency_std_dev},
  };
  for (const auto& [name, mean, deviation] : deviations) {
    if (auto good = check_deviation(name, mean, deviation); !good) return good;
  }
  if (o.ssl_certfile.empty() != o.ssl_keyfile.empty()) {
    return Error{"invalid", "options 'ssl-certfile' and 'ssl-keyfile' must be given together",
                 "give both or neither"};
  }
  if (o.self_signed_certs && !o.ssl_certfile.empty()) {
    return Error{"invalid", "option 'self-signed-certs' excludes 'ssl-certfile'", "choose one of them"};
  }
  if (o.max_cpu_loras != 0 && o.max_cpu_loras < o.max_loras) {
    return Error{"invalid", "option 'max-cpu-loras' must not be less than 'max-loras'",
                 "raise it or leave it out"};
  }
  return Done{};
}

Value default_value(const OptionRow& row) {
  static const Options defaults;
  return std::visit(
      Overloaded{[](Duration Options::*m) { return Value(format_duration(defaults.*m)); },
                 [](Ignored) { return Value(); }, [](auto Options::*m) { return Value(defaults.*m); }},
      row.member);
}

}  // namespace

const char* option_type(const OptionRow& row) {
  return std::visit(
      Overloaded{[](std::string Options::*) { return "string"; },
                 [](std::int64_t Options::*) { return "integer"; },
                 [](double Options::*) { return "number"; }, [](bool Options::*) { return "boolean"; },
                 [](Duration Options::*) { return "duration"; }, [](TextList Options::*) { return "list"; },
                 [](Ignored ignored) { return ignored.takes_value ? "string" : "boolean"; }},
      row.member);
}

std::string option_env(const OptionRow& row) {
  std::string name = std::string("SIM_") + row.name;
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

Value describe_options() {
  Value list = Value::array();
  for (const auto& row : option_table()) {
    Value entry = {{"name", row.name}, {"group", row.group}, {"type", option_type(row)}};
    const bool ignored = std::holds_alternative<Ignored>(row.member);
    if (!ignored) entry["default"] = default_value(row);
    entry["unit"] = row.unit;
    if (!ignored) entry["env"] = option_env(row);
    entry["help"] = row.help;
    if (row.min != std::numeric_limits<double>::lowest()) entry["min"] = row.min;
    if (row.max < 1e15) entry["max"] = row.max;
    if (!row.choices.empty()) entry["choices"] = row.choices;
    if (ignored) entry["ignored"] = true;
    if (row.secret) entry["secret"] = true;
    list.push_back(std::move(entry));
  }
  return list;
}

Result<Options> resolve_options(const Value& given, const Environment& environment, const Value& file) {
  Options options;
  if (auto applied = apply(options, file, "option in the configuration file"); !applied)
    return applied.error();
  if (auto applied = apply_environment(options, environment); !applied) return applied.error();
  if (auto applied = apply(options, given, "option"); !applied) return applied.error();
  if (auto good = check_together(options); !good) return good.error();
  return options;
}

namespace {

// Elsewhere the last of two equal keys wins, with a warning that says so; here there is no winner.
std::string twice(const std::string& warning) { return warning.substr(0, warning.find("; the last one")); }

}  // namespace

Result<Options> load_options(const Value& given, const Environment& environment) {
  std::string path;
  const auto named = given.is_object() ? given.find("config") : given.end();
  if (given.is_object() && named != given.end() && named->is_string()) {
    path = named->get<std::string>();
  } else if (environment) {
    path = environment("SIM_CONFIG").value_or("");
  }
  if (path.empty()) return resolve_options(given, environment, {});
  auto document = load_yaml(path);
  if (!document) return document.error();
  if (!document->warnings.empty())
    return Error{"invalid", twice(document->warnings.front().message), "keep one of them"}.with("file", path);
  auto options = resolve_options(given, environment, document->value);
  if (!options) return std::move(options).error().with("file", path);
  return options;
}

TextList served_names(const Options& options) {
  return options.served_model_name.empty() ? TextList{options.model} : options.served_model_name;
}

}  // namespace core::sim
