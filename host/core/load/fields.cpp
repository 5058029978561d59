#include "core/load/fields.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/suggest.hpp"

namespace core::load {

namespace {

const Value kNull;

std::string shown(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.12g", number);
  return text;
}

}  // namespace

Fields::Fields(std::string path, const Value& table) : path_(std::move(path)), table_(&table) {
  // An empty Lua table is indistinguishable from an empty list.
  const bool empty_list = table.is_array() && table.empty();
  if (!table.is_object() && !table.is_null() && !empty_list) throw UsageError(path_ + " must be a table");
}

const Value* Fields::find(const std::string& name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.push_back(name);
  if (!table_->is_object()) return nullptr;
  const auto at = table_->find(name);
  return at == table_->end() || at->is_null() ? nullptr : &*at;
}

const Value& Fields::need(const std::string& name) {
  const Value* value = find(name);
  if (!value) refuse(name, "is required" + misspelt());
  return *value;
}

std::string Fields::misspelt() const {
  if (!table_->is_object()) return "";
  for (const auto& [key, value] : table_->items()) {
    const bool is_known = std::find(known_.begin(), known_.end(), key) != known_.end();
    const std::string meant = is_known ? "" : did_you_mean(key, known_);
    if (!meant.empty()) return "; there is '" + key + "'" + meant;
  }
  return "";
}

void Fields::refuse(const std::string& name, const std::string& why) const {
  throw UsageError(path(name) + " " + why);
}

double Fields::checked(const std::string& name, const Value& value, double min, double max) const {
  if (!value.is_number()) refuse(name, "must be a number");
  const double number = value.get<double>();
  if (!(number >= min && number <= max))
    refuse(name, "must be from " + shown(min) + " to " + shown(max) + ", not " + shown(number));
  return number;
}

bool Fields::has(const std::string& name) { return find(name) != nullptr; }

double Fields::number(const std::string& name, double fallback, double min, double max) {
  const Value* value = find(name);
  return value ? checked(name, *value, min, max) : fallback;
}

double Fields::number(const std::string& name, double min, double max) {
  return checked(name, need(name), min, max);
}

std::int64_t Fields::integer(const std::string& name, std::int64_t min, std::int64_t max) {
  const double number = checked(name, need(name), static_cast<double>(min), static_cast<double>(max));
  if (number != std::floor(number)) refuse(name, "must be a whole number, not " + shown(number));
  return static_cast<std::int64_t>(number);
}

std::int64_t Fields::integer(const std::string& name, std::int64_t fallback, std::int64_t min,
                             std::int64_t max) {
  return has(name) ? integer(name, min, max) : fallback;
}

bool Fields::flag(const std::string& name, bool fallback) {
  const Value* value = find(name);
  if (value && !value->is_boolean()) refuse(name, "must be true or false");
  return value ? value->get<bool>() : fallback;
}

std::string Fields::text(const std::string& name) {
  const Value& value = need(name);
  if (!value.is_string()) refuse(name, "must be a string");
  return value.get<std::string>();
}

std::string Fields::text(const std::string& name, const std::string& fallback) {
  return has(name) ? text(name) : fallback;
}

std::size_t Fields::choice(const std::string& name, std::initializer_list<const char*> allowed) {
  if (!has(name)) return 0;
  const std::string word = text(name);
  std::string list;
  std::vector<std::string> words;
  for (const char* each : allowed) {
    if (word == each) return words.size();
    words.emplace_back(each);
    list += (list.empty() ? "" : ", ") + words.back();
  }
  refuse(name, "must be one of " + list + ", not '" + word + "'" + did_you_mean(word, words));
}

const Value& Fields::raw(const std::string& name) {
  const Value* value = find(name);
  return value ? *value : kNull;
}

Fields Fields::table(const std::string& name) { return Fields(path(name), raw(name)); }

void Fields::done() const {
  if (!table_->is_object()) return;
  for (const auto& [key, value] : table_->items()) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end())
      throw UsageError(path_ + ": unknown field '" + key + "'" + did_you_mean(key, known_));
  }
}

}  // namespace core::load
