// Reads declared fields out of a table and refuses the rest.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/value.hpp"

namespace core::load {

/// One table of a specification. Every read names the field; `done` refuses what nobody asked for. All
/// problems are thrown as UsageError with the path of the field (`load.data.input.mean must be ...`).
class Fields {
 public:
  /// `path` names the table in messages; `table` must be an object (or null, which is an empty one).
  Fields(std::string path, const Value& table);

  bool has(const std::string& name);
  double number(const std::string& name, double fallback, double min, double max);
  double number(const std::string& name, double min, double max);  // required
  std::int64_t integer(const std::string& name, std::int64_t fallback, std::int64_t min, std::int64_t max);
  std::int64_t integer(const std::string& name, std::int64_t min, std::int64_t max);  // required
  bool flag(const std::string& name, bool fallback);
  std::string text(const std::string& name, const std::string& fallback);
  std::string text(const std::string& name);  // required
  /// The position of the text among `allowed`; the first is the default.
  std::size_t choice(const std::string& name, std::initializer_list<const char*> allowed);
  /// The value as it is, null when absent.
  const Value& raw(const std::string& name);
  /// A nested table, empty when absent.
  Fields table(const std::string& name);

  /// Refuses unknown fields, with a suggestion.
  void done() const;

  const std::string& path() const { return path_; }
  std::string path(const std::string& name) const { return path_ + "." + name; }
  [[noreturn]] void refuse(const std::string& name, const std::string& why) const;

 private:
  const Value* find(const std::string& name);
  const Value& need(const std::string& name);
  /// What is there instead of a required field: a name much like one that was asked for.
  std::string misspelt() const;
  double checked(const std::string& name, const Value& value, double min, double max) const;

  std::string path_;
  const Value* table_;
  std::vector<std::string> known_;
};

}  // namespace core::load
