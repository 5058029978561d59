// Builds an object of unique keys without searching it for each new key.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>

#include "core/value.hpp"

namespace core {

/// Collects the members of one object in order. A repeated key keeps its first place and takes the last
/// value. `Value` itself searches linearly on each insert, which large objects cannot afford.
class ObjectBuilder {
 public:
  /// True if the key was new.
  bool add(std::string key, Value value) {
    if (const auto at = find(key); at != kNone) {
      member(at).second = std::move(value);
      return false;
    }
    auto& list = members();
    if (list.size() >= kIndexFrom) index_.emplace(key, list.size());
    list.emplace_back(std::move(key), std::move(value));
    if (list.size() == kIndexFrom) build_index();
    return true;
  }

  bool contains(const std::string& key) { return find(key) != kNone; }

  Value finish() && { return std::move(object_); }

 private:
  using Members = Value::object_t::Container;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kIndexFrom = 16;

  Members& members() { return object_.get_ref<Value::object_t&>(); }
  Members::value_type& member(std::size_t at) { return members()[at]; }

  std::size_t find(const std::string& key) {
    auto& list = members();
    if (list.size() < kIndexFrom) {
      for (std::size_t i = 0; i < list.size(); ++i)
        if (list[i].first == key) return i;
      return kNone;
    }
    const auto found = index_.find(key);
    return found == index_.end() ? kNone : found->second;
  }

  void build_index() {
    for (std::size_t i = 0; i < members().size(); ++i) index_.emplace(members()[i].first, i);
  }

  Value object_ = Value::object();
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace core
