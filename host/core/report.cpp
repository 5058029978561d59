#include "core/report.hpp"

#include <cmath>
#include <string_view>
#include <utility>

#include "core/json.hpp"
#include "core/report_schema.hpp"
#include "core/suggest.hpp"
#include "core/yaml.hpp"

namespace core::report {

namespace {

std::vector<std::string> split_words(Words words) {
  std::vector<std::string> list;
  std::string word;
  for (const char c : std::string_view(words ? words : "")) {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      list.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) list.push_back(word);
  return list;
}

bool has_word(Words words, const std::string& word) {
  for (const auto& known : split_words(words)) {
    if (known == word) return true;
  }
  return false;
}

std::string joined(Words words) {
  std::string text;
  for (const auto& word : split_words(words)) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string child_path(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

std::string item_path(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

const Field* find_field(const Object& object, std::string_view name) {
  for (const auto& field : object.fields) {
    if (name == field.name) return &field;
  }
  return nullptr;
}

/// The fields of a standardized component, or null if its `kind` is none we know.
const Object* component_of(const Value& value) {
  const auto kind = value.find("kind");
  if (kind == value.end() || !kind->is_string()) return nullptr;
  if (*kind == "generic") return &kGeneric;
  if (*kind == "inference_engine") return &kInferenceEngine;
  return nullptr;
}

bool is_whole(const Value& value) {
  if (value.is_number_integer()) return true;
  return value.is_number_float() && std::floor(value.get<double>()) == value.get<double>() &&
         std::isfinite(value.get<double>());
}

/// `2026-11-24T20:45:52Z`: enough of RFC 3339 to notice an empty text and a wrong order.
bool is_time(const std::string& text) {
  constexpr std::string_view pattern = "dddd-dd-ddTdd:dd";
  if (text.size() < pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == 'd' ? !digit : (text[i] != pattern[i] && !(pattern[i] == 'T' && text[i] == ' '))) {
      return false;
    }
  }
  return true;
}

const char* type_name(Type type) {
  switch (type) {
    case Type::kText:
      return "text";
    case Type::kTexts:
      return "list of texts";
    case Type::kNumber:
      return "number";
    case Type::kInteger:
      return "whole number";
    case Type::kBoolean:
      return "boolean";
    case Type::kTime:
      return "time";
    case Type::kAny:
      return "anything";
    case Type::kMap:
      return "map";
    case Type::kChoice:
      return "choice";
    case Type::kScalar:
      return "text, number or boolean";
    case Type::kConcurrency:
      return "whole number or infinity";
    case Type::kUnits:
      return "units";
    case Type::kStats:
      return "statistics";
    case Type::kSeries:
      return "time series";
    case Type::kObject:
      return "object";
    case Type::kObjects:
      return "list of objects";
    case Type::kComponent:
      return "component";
  }
  return "";
}

class Checker {
 public:
  std::vector<Problem> problems;

  void object(const Value& value, const Object& object, const std::string& path) {
    const bool empty = value.is_array() && value.empty();  // scripts cannot always tell {} from {}
    if (!value.is_object() && !empty) return add(path, "must be a map");
    for (const auto& field : object.fields) {
      const auto found = empty ? value.end() : value.find(field.name);
      if (!empty && found != value.end() && !found->is_null()) {
        check(*found, field, child_path(path, field.name));
      } else if (field.required) {
        add(child_path(path, field.name), "is missing");
      }
    }
    if (!empty && !object.open) unknown(value, object, path);
  }

 private:
  void add(const std::string& path, std::string message) {
    problems.push_back({path.empty() ? "(report)" : path, std::move(message)});
  }

  void unknown(const Value& value, const Object& object, const std::string& path) {
    std::vector<std::string> names;
    for (const auto& field : object.fields) names.emplace_back(field.name);
    for (const auto& [key, child] : value.items()) {
      if (find_field(object, key)) continue;
      add(child_path(path, key), "is not a field of the report" + did_you_mean(key, names));
    }
  }

  void check(const Value& value, const Field& field, const std::string& path) {
    switch (field.type) {
      case Type::kAny:
        return;
      case Type::kObject:
        return object(value, *field.object, path);
      case Type::kObjects:
        return objects(value, *field.object, path);
      case Type::kComponent:
        return component(value, path);
      case Type::kStats:
        return stats(value, field, path);
      case Type::kSeries:
        return series(value, field, path);
      case Type::kNumber:
      case Type::kInteger:
      case Type::kConcurrency:
        return number(value, field, path);
      case Type::kChoice:
      case Type::kUnits:
        return word(value, field, path);
      default:
        return scalar(value, field, path);
    }
  }

  void scalar(const Value& value, const Field& field, const std::string& path) {
    const bool good = [&] {
      switch (field.type) {
        case Type::kText:
          return value.is_string();
        case Type::kTexts:
          return is_text_list(value);
        case Type::kBoolean:
          return value.is_boolean();
        case Type::kTime:
          return value.is_number() || (value.is_string() && is_time(value.get<std::string>()));
        case Type::kMap:
          return value.is_object() || (value.is_array() && value.empty());
        default:
          return value.is_string() || value.is_number() || value.is_boolean();
      }
    }();
    if (!good) add(path, std::string("must be a ") + type_name(field.type) + ", not " + value.dump());
  }

  static bool is_text_list(const Value& value) {
    if (!value.is_array()) return false;
    for (const auto& item : value) {
      if (!item.is_string()) return false;
    }
    return true;
  }

  void number(const Value& value, const Field& field, const std::string& path) {
    if (!value.is_number()) {
      return add(path, std::string("must be a ") + type_name(field.type) + ", not " + value.dump());
    }
    const double number = value.get<double>();
    const bool endless = field.type == Type::kConcurrency && std::isinf(number) && number > 0;
    if (field.type != Type::kNumber && !endless && !is_whole(value)) {
      return add(path, std::string("must be a ") + type_name(field.type) + ", not " + value.dump());
    }
    if (number < field.least || (field.above && number == field.least)) {
      add(path, std::string("must be ") + (field.above ? "more than " : "at least ") +
                    Value(field.least).dump() + ", not " + value.dump());
    }
  }

  void word(const Value& value, const Field& field, const std::string& path) {
    if (!value.is_string() || !has_word(field.words, value.get<std::string>())) {
      const bool one = split_words(field.words).size() == 1;
      add(path,
          std::string(one ? "must be " : "must be one of ") + joined(field.words) + ", not " + value.dump());
    }
  }

  void units(const Value& value, const Field& field, const std::string& path) {
    const auto found = value.find("units");
    const std::string at = child_path(path, "units");
    if (found == value.end() || found->is_null()) {
      add(at, "is missing (" + joined(field.words) + ")");
    } else {
      word(*found, field, at);
    }
  }

  void stats(const Value& value, const Field& field, const std::string& path) {
    if (!value.is_object()) return add(path, "must be statistics: a map with units and mean");
    units(value, field, path);
    object(value, kStatistics, path);
  }

  void series(const Value& value, const Field& field, const std::string& path) {
    if (!value.is_object()) return add(path, "must be a time series: a map with units and series");
    units(value, field, path);
    for (const auto& [key, child] : value.items()) {
      if (key != "units" && key != "series") add(child_path(path, key), "is not a field of a time series");
    }
    const auto found = value.find("series");
    if (found == value.end()) return add(child_path(path, "series"), "is missing");
    objects(*found, kPoint, child_path(path, "series"));
  }

  void objects(const Value& value, const Object& of, const std::string& path) {
    if (!value.is_array()) return add(path, "must be a list");
    for (std::size_t i = 0; i < value.size(); ++i) object(value[i], of, item_path(path, i));
  }

  void component(const Value& value, const std::string& path) {
    if (!value.is_object()) return add(path, "must be a map");
    if (const Object* known = component_of(value)) return object(value, *known, path);
    add(child_path(path, "kind"), "must be generic or inference_engine");
  }
};

// --- normalise -----------------------------------------------------------------------------------------

Value normalise_object(const Value& value, const Object& object);

Value as_double(const Value& value) { return value.is_number() ? Value(value.get<double>()) : value; }

Value as_list(const Value& value, const Object& of) {
  if (!value.is_array()) return value;
  Value list = Value::array();
  for (const auto& item : value) list.push_back(normalise_object(item, of));
  return list;
}

Value normalise_stats(const Value& value) {
  Value result = Value::object();
  if (const auto units = value.find("units"); units != value.end()) result["units"] = *units;
  const Value ordered = normalise_object(value, kStatistics);
  for (const auto& [key, child] : ordered.items()) {
    if (key != "units") result[key] = find_field(kStatistics, key) ? as_double(child) : child;
  }
  return result;
}

Value normalise_series(const Value& value) {
  Value result = value;
  if (const auto found = result.find("series"); found != result.end()) *found = as_list(*found, kPoint);
  return result;
}

Value normalise_field(const Value& value, const Field& field) {
  switch (field.type) {
    case Type::kObject:
      return normalise_object(value, *field.object);
    case Type::kObjects:
      return as_list(value, *field.object);
    case Type::kComponent: {
      const Object* known = value.is_object() ? component_of(value) : nullptr;
      return known ? normalise_object(value, *known) : value;
    }
    case Type::kStats:
      return value.is_object() ? normalise_stats(value) : value;
    case Type::kSeries:
      return value.is_object() ? normalise_series(value) : value;
    case Type::kMap:
      return value.is_array() && value.empty() ? Value::object() : value;
    case Type::kInteger:
      return value.is_number_float() && is_whole(value)
                 ? Value(static_cast<std::int64_t>(value.get<double>()))
                 : value;
    default:
      return value;
  }
}

Value normalise_object(const Value& value, const Object& object) {
  if (value.is_array() && value.empty()) return Value::object();
  if (!value.is_object()) return value;
  Value result = Value::object();
  for (const auto& field : object.fields) {
    const auto found = value.find(field.name);
    if (found != value.end() && !found->is_null()) result[field.name] = normalise_field(*found, field);
  }
  for (const auto& [key, child] : value.items()) {
    if (!find_field(object, key)) result[key] = child;
  }
  return result;
}

// --- fields --------------------------------------------------------------------------------------------

void list_fields(const Object& object, const std::string& path, Value& rows);

void list_field(const Field& field, const std::string& path, Value& rows) {
  Value row = {{"path", path},
               {"type", type_name(field.type)},
               {"required", field.required},
               {"meaning", field.meaning},
               {"since", field.since}};
  if (field.words) row[field.type == Type::kChoice ? "choices" : "units"] = split_words(field.words);
  rows.push_back(std::move(row));
  if (field.type == Type::kObject) list_fields(*field.object, path, rows);
  if (field.type == Type::kObjects) list_fields(*field.object, path + "[]", rows);
  if (field.type == Type::kComponent) {
    list_fields(kGeneric, path + "(generic)", rows);
    list_fields(kInferenceEngine, path + "(inference_engine)", rows);
  }
}

void list_fields(const Object& object, const std::string& path, Value& rows) {
  for (const auto& field : object.fields) list_field(field, child_path(path, field.name), rows);
}

}  // namespace

std::vector<Problem> check(const Value& tree) {
  Checker checker;
  checker.object(tree, kReport, "");
  return std::move(checker.problems);
}

Result<Done> validate(const Value& tree) {
  constexpr std::size_t kShown = 3;
  const auto problems = check(tree);
  if (problems.empty()) return Done{};
  std::string message = "not a benchmark report " + std::string(kVersion) + ": ";
  Value list = Value::array();
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const auto& problem = problems[i];
    if (i < kShown) message += (i ? "; " : "") + problem.path + " " + problem.message;
    list.push_back({{"path", problem.path}, {"message", problem.message}});
  }
  if (problems.size() > kShown) message += " (and " + std::to_string(problems.size() - kShown) + " more)";
  return Error{"invalid", std::move(message)}.with("problems", std::move(list));
}

Value normalise(const Value& tree) { return normalise_object(tree, kReport); }

std::string to_yaml(const Value& tree) { return encode_yaml(normalise(tree), {.sort_keys = true}); }

std::string to_json(const Value& tree) { return encode_json(normalise(tree), {.indent = 2}) + "\n"; }

Value fields() {
  Value rows = Value::array();
  list_fields(kReport, "", rows);
  return rows;
}

}  // namespace core::report
