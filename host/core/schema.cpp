#include "core/schema.hpp"

#include <algorithm>
#include <cmath>
#include <regex>
#include <utility>

#include "core/json.hpp"
#include "core/suggest.hpp"
#include "core/utf8.hpp"

namespace core {

namespace {

constexpr int kDeepest = 500;
constexpr std::size_t kLongestMatched = 10000;  // std::regex recurses once per character

/// The schema, not the value, is wrong; thrown inside this file only.
struct BrokenSchema {
  std::string what;
};

using Problems = std::vector<SchemaProblem>;

constexpr const char* kUnsupported[] = {"if",
                                        "then",
                                        "else",
                                        "dependentSchemas",
                                        "dependentRequired",
                                        "dependencies",
                                        "unevaluatedProperties",
                                        "unevaluatedItems",
                                        "$dynamicRef",
                                        "prefixItems",
                                        "contains",
                                        "propertyNames"};

/// Equal as JSON: the order of keys does not count, 1 equals 1.0, true does not equal 1.
bool same(const Value& a, const Value& b) {
  if (a.is_object() && b.is_object()) {
    if (a.size() != b.size()) return false;
    return std::all_of(a.items().begin(), a.items().end(), [&b](const auto& member) {
      const auto found = b.find(member.key());
      return found != b.end() && same(member.value(), *found);
    });
  }
  if (a.is_array() && b.is_array())
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same);
  return a == b;
}

std::string shown(const Value& value) {
  constexpr std::size_t kLongest = 60;
  return shortened(encode_json(value), kLongest);
}

bool is_whole(const Value& value) {
  if (value.is_number_float())
    return std::isfinite(value.get<double>()) && std::floor(value.get<double>()) == value;
  return value.is_number();
}

bool has_type(const Value& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  if (type == "integer") return is_whole(value);
  throw BrokenSchema{"'" + type + "' is not a type"};
}

std::string type_of(const Value& value) {
  for (const char* type : {"object", "array", "string", "boolean", "null", "integer"})
    if (has_type(value, type)) return type;
  return "number";
}

std::string joined(const Value& words) {
  std::string text;
  for (const auto& word : words)
    text += (text.empty() ? "" : ", ") + (word.is_string() ? word.get<std::string>() : shown(word));
  return text;
}

class Checker {
 public:
  explicit Checker(const Value& root) : root_(root) {}

  void check(const Value& value, const Value& schema, const std::string& path, Problems& problems) {
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) add(problems, path, "nothing is allowed here");
      return;
    }
    if (!schema.is_object())
      throw BrokenSchema{"a schema must be an object or a boolean, not " + shown(schema)};
    if (++depth_ > kDeepest)
      throw BrokenSchema{"the schema refers to itself, or the value is nested too deep"};
    refuse_unsupported(schema);
    check_reference(value, schema, path, problems);
    if (check_type(value, schema, path, problems)) {
      check_fixed(value, schema, path, problems);
      if (value.is_object()) check_object(value, schema, path, problems);
      if (value.is_array()) check_array(value, schema, path, problems);
      if (value.is_string()) check_string(value.get_ref<const std::string&>(), schema, path, problems);
      if (value.is_number()) check_number(value, schema, path, problems);
      check_combinations(value, schema, path, problems);
    }
    --depth_;
  }

 private:
  static void add(Problems& problems, const std::string& path, std::string message) {
    problems.push_back({path, std::move(message)});
  }

  static const Value* keyword(const Value& schema, const char* name) {
    const auto found = schema.find(name);
    return found == schema.end() ? nullptr : &*found;
  }

  static void refuse_unsupported(const Value& schema) {
    for (const char* word : kUnsupported)
      if (schema.contains(word))
        throw BrokenSchema{std::string("the keyword '") + word + "' is not supported"};
  }

  // -- references -------------------------------------------------------------------------------------
  void check_reference(const Value& value, const Value& schema, const std::string& path, Problems& problems) {
    const Value* reference = keyword(schema, "$ref");
    if (!reference) return;
    if (!reference->is_string()) throw BrokenSchema{"$ref must be a string"};
    check(value, resolve(reference->get<std::string>()), path, problems);
  }

  const Value& resolve(const std::string& reference) const {
    if (reference == "#") return root_;
    if (reference.rfind("#/", 0) != 0)
      throw BrokenSchema{"$ref '" + reference + "' does not point inside the schema ('#/...')"};
    try {
      return root_.at(Value::json_pointer(reference.substr(1)));
    } catch (const Value::exception&) {
      throw BrokenSchema{"$ref '" + reference + "' points to nothing"};
    }
  }

  // -- any value --------------------------------------------------------------------------------------
  static bool check_type(const Value& value, const Value& schema, const std::string& path,
                         Problems& problems) {
    const Value* type = keyword(schema, "type");
    if (!type) return true;
    const Value types = type->is_array() ? *type : Value::array({*type});
    for (const auto& word : types) {
      if (!word.is_string()) throw BrokenSchema{"'type' must be a word or a list of words"};
      if (has_type(value, word.get<std::string>())) return true;
    }
    add(problems, path,
        "must be of type " + joined(types) + ", but is " + type_of(value) + " " + shown(value));
    return false;
  }

  static void check_fixed(const Value& value, const Value& schema, const std::string& path,
                          Problems& problems) {
    if (const Value* fixed = keyword(schema, "const"); fixed && !same(value, *fixed))
      add(problems, path, "must be " + shown(*fixed) + ", but is " + shown(value));
    const Value* allowed = keyword(schema, "enum");
    if (!allowed) return;
    if (!allowed->is_array()) throw BrokenSchema{"'enum' must be a list"};
    if (std::any_of(allowed->begin(), allowed->end(), [&](const Value& one) { return same(value, one); }))
      return;
    add(problems, path,
        "must be one of " + joined(*allowed) + ", but is " + shown(value) + hint(value, *allowed));
  }

  static std::string hint(const Value& value, const Value& allowed) {
    if (!value.is_string()) return "";
    std::vector<std::string> words;
    for (const auto& one : allowed)
      if (one.is_string()) words.push_back(one.get<std::string>());
    return did_you_mean(value.get<std::string>(), words);
  }

  // -- numbers and strings ----------------------------------------------------------------------------
  static const Value* number_keyword(const Value& schema, const char* name) {
    const Value* limit = keyword(schema, name);
    if (limit && !limit->is_number()) throw BrokenSchema{std::string("'") + name + "' must be a number"};
    return limit;
  }

  static void check_number(const Value& value, const Value& schema, const std::string& path,
                           Problems& problems) {
    const auto demand = [&](const char* name, const char* words, auto holds) {
      const Value* limit = number_keyword(schema, name);
      if (limit && !holds(value, *limit))
        add(problems, path,
            std::string("must be ") + words + " " + shown(*limit) + ", but is " + shown(value));
    };
    demand("minimum", "at least", [](const Value& a, const Value& b) { return a >= b; });
    demand("maximum", "at most", [](const Value& a, const Value& b) { return a <= b; });
    demand("exclusiveMinimum", "greater than", [](const Value& a, const Value& b) { return a > b; });
    demand("exclusiveMaximum", "less than", [](const Value& a, const Value& b) { return a < b; });
    demand("multipleOf", "a multiple of", [](const Value& a, const Value& b) {
      const double ratio = a.get<double>() / b.get<double>();
      return std::fabs(ratio - std::round(ratio)) < 1e-9 * std::max(1.0, std::fabs(ratio));
    });
  }

  /// `minX` and `maxX` for something countable.
  static void check_size(std::size_t size, const Value& schema, const std::string& suffix, const char* unit,
                         const std::string& path, Problems& problems) {
    const Value* least = number_keyword(schema, ("min" + suffix).c_str());
    const Value* most = number_keyword(schema, ("max" + suffix).c_str());
    const std::string but = std::string(" ") + unit + ", but has " + std::to_string(size);
    if (least && size < least->get<double>())
      add(problems, path, "must have at least " + shown(*least) + but);
    if (most && size > most->get<double>()) add(problems, path, "must have at most " + shown(*most) + but);
  }

  static void check_string(const std::string& text, const Value& schema, const std::string& path,
                           Problems& problems) {
    if (schema.contains("minLength") || schema.contains("maxLength"))
      check_size(to_utf32(text).size(), schema, "Length", "characters", path, problems);
    const Value* pattern = keyword(schema, "pattern");
    if (!pattern) return;
    if (!pattern->is_string()) throw BrokenSchema{"'pattern' must be a string"};
    if (!matches(text, pattern->get<std::string>()))
      add(problems, path, "must match " + pattern->get<std::string>() + ", but is " + shown(text));
  }

  static bool matches(const std::string& text, const std::string& pattern) {
    if (text.size() > kLongestMatched) return false;
    try {
      return std::regex_search(text, std::regex(pattern, std::regex::ECMAScript));
    } catch (const std::regex_error& e) {
      throw BrokenSchema{"the pattern '" + pattern + "' cannot be used: " + e.what()};
    }
  }

  // -- objects and lists ------------------------------------------------------------------------------
  void check_object(const Value& value, const Value& schema, const std::string& path, Problems& problems) {
    check_size(value.size(), schema, "Properties", "keys", path, problems);
    if (const Value* required = keyword(schema, "required")) {
      for (const auto& name : *required)
        if (!value.contains(name.get<std::string>()))
          add(problems, path, "the key '" + name.get<std::string>() + "' is missing");
    }
    for (const auto& [key, member] : value.items())
      check_member(key, member, schema, path.empty() ? key : path + "." + key, path, problems);
  }

  void check_member(const std::string& key, const Value& member, const Value& schema, const std::string& path,
                    const std::string& parent, Problems& problems) {
    bool declared = false;
    const Value* properties = keyword(schema, "properties");
    if (properties && properties->contains(key)) {
      declared = true;
      check(member, properties->at(key), path, problems);
    }
    if (const Value* patterns = keyword(schema, "patternProperties")) {
      for (const auto& [pattern, part] : patterns->items()) {
        if (!matches(key, pattern)) continue;
        declared = true;
        check(member, part, path, problems);
      }
    }
    const Value* others = keyword(schema, "additionalProperties");
    if (declared || !others) return;
    if (*others == false) {
      add(problems, parent, "unknown key '" + key + "'" + suggestion(key, properties));
    } else {
      check(member, *others, path, problems);
    }
  }

  static std::string suggestion(const std::string& key, const Value* properties) {
    std::vector<std::string> names;
    if (properties)
      for (const auto& [name, part] : properties->items()) names.push_back(name);
    return did_you_mean(key, names);
  }

  void check_array(const Value& value, const Value& schema, const std::string& path, Problems& problems) {
    check_size(value.size(), schema, "Items", "items", path, problems);
    if (const Value* items = keyword(schema, "items")) {
      for (std::size_t i = 0; i < value.size(); ++i)
        check(value[i], *items, path + "[" + std::to_string(i) + "]", problems);
    }
    if (const Value* unique = keyword(schema, "uniqueItems"); unique && *unique == true) {
      for (std::size_t i = 1; i < value.size(); ++i)
        if (std::any_of(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(i),
                        [&](const Value& earlier) { return same(earlier, value[i]); }))
          add(problems, path + "[" + std::to_string(i) + "]", "is in the list twice");
    }
  }

  // -- combinations -----------------------------------------------------------------------------------
  static const Value& branches(const Value& schema, const char* name) {
    static const Value none = Value::array();
    const Value* list = keyword(schema, name);
    if (!list) return none;
    if (!list->is_array() || list->empty())
      throw BrokenSchema{std::string("'") + name + "' must be a list of schemas"};
    return *list;
  }

  void check_combinations(const Value& value, const Value& schema, const std::string& path,
                          Problems& problems) {
    for (const auto& part : branches(schema, "allOf")) check(value, part, path, problems);
    check_alternatives(value, branches(schema, "anyOf"), false, path, problems);
    check_alternatives(value, branches(schema, "oneOf"), true, path, problems);
    if (const Value* refused = keyword(schema, "not")) {
      Problems found;
      check(value, *refused, path, found);
      if (found.empty()) add(problems, path, "must not be like " + shown(*refused));
    }
  }

  void check_alternatives(const Value& value, const Value& alternatives, bool exactly_one,
                          const std::string& path, Problems& problems) {
    if (alternatives.empty()) return;
    std::size_t fitting = 0;
    std::vector<Problems> failures;
    for (const auto& alternative : alternatives) {
      Problems found;
      check(value, alternative, path, found);
      if (found.empty()) {
        if (!exactly_one) return;
        ++fitting;
      }
      failures.push_back(std::move(found));
    }
    if (fitting == 1) return;
    if (fitting > 1) {
      add(problems, path, "must fit exactly one of the alternatives, but fits " + std::to_string(fitting));
    } else {
      report_nearest(failures, path, problems);
    }
  }

  /// The alternative that went wrong deepest is the one that was meant. If all fail right here, all are
  /// named.
  static void report_nearest(const std::vector<Problems>& failures, const std::string& path,
                             Problems& problems) {
    const auto depth = [](const Problems& found) {
      std::size_t deepest = 0;
      for (const auto& problem : found) deepest = std::max(deepest, problem.path.size());
      return deepest;
    };
    const auto nearest = std::max_element(failures.begin(), failures.end(),
                                          [&](const auto& a, const auto& b) { return depth(a) < depth(b); });
    if (depth(*nearest) > path.size() || failures.size() == 1) {
      problems.insert(problems.end(), nearest->begin(), nearest->end());
      return;
    }
    std::string text;
    for (const auto& found : failures) text += (text.empty() ? "" : "; or ") + found.front().message;
    add(problems, path, text);
  }

  const Value& root_;
  int depth_ = 0;
};

}  // namespace

Result<std::vector<SchemaProblem>> check_schema(const Value& value, const Value& schema) {
  Problems problems;
  try {
    Checker(schema).check(value, schema, "", problems);
  } catch (const BrokenSchema& e) {
    return Error{"invalid", "the schema cannot be used: " + e.what, ""};
  } catch (const Value::exception& e) {
    return Error{"invalid", std::string("the schema cannot be used: ") + e.what(), ""};
  }
  return problems;
}

}  // namespace core
