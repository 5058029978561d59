// Builds an object of unique keys without searching it for each new key.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/value.hpp"

namespace core {

/// Collects the members of one object in order. A repeated key keeps its first place and takes the last
/// value. `Value` itself searches linearly on each insert, which large objects cannot afford.
class ObjectBuilder {
 public:
  /// True if the key was new.
  bool add(std::string key, Value value) {
    if (const auto at = find(key); at != kNone) {
      members_[at].second = std::move(value);
      return false;
    }
    if (members_.size() >= kIndexFrom) index_.emplace(key, members_.size());
    members_.emplace_back(std::move(key), std::move(value));
    if (members_.size() == kIndexFrom) build_index();
    return true;
  }

  Value finish() && {
    Value object = Value::object();
    // A `Value` copies its members when it grows, so it gets its size first.
    auto& list = static_cast<Value::object_t::Container&>(object.get_ref<Value::object_t&>());
    list.reserve(members_.size());
    for (auto& [key, value] : members_) list.emplace_back(std::move(key), std::move(value));
    return object;
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kIndexFrom = 16;

  std::size_t find(const std::string& key) const {
    if (members_.size() < kIndexFrom) {
      for (std::size_t i = 0; i < members_.size(); ++i)
        if (members_[i].first == key) return i;
      return kNone;
    }
    const auto found = index_.find(key);
    return found == index_.end() ? kNone : found->second;
  }

  void build_index() {
    for (std::size_t i = 0; i < members_.size(); ++i) index_.emplace(members_[i].first, i);
  }

  std::vector<std::pair<std::string, Value>> members_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace core
