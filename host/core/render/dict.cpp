// The hash table of dicts: entries in order, and an index of their positions once there are more than a few.
#include "core/render/operators.hpp"
#include "core/render/value.hpp"

namespace core::render {

namespace {

constexpr std::size_t kSmall = 8;
constexpr std::uint32_t kEmpty = UINT32_MAX;
constexpr std::size_t kNowhere = SIZE_MAX;

}  // namespace

template <class Same>
std::size_t Dict::locate(std::size_t hash, const Same& same) const {
  if (slots_.empty()) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].hash == hash && !entries_[i].key.is_missing() && same(entries_[i].key)) return i;
    }
    return kNowhere;
  }
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const std::uint32_t position = slots_[at];
    if (position == kEmpty) return kNowhere;
    const Entry& entry = entries_[position];
    if (entry.hash == hash && !entry.key.is_missing() && same(entry.key)) return position;
  }
}

std::size_t Dict::locate(const Value& key, std::size_t hash) const {
  return locate(hash, [&](const Value& there) { return there.same_as(key) || equals(there, key); });
}

Value* Dict::find(const Value& key) {
  if (key.is_string()) return find(key.as_text());
  const std::size_t position = locate(key, hash(key));
  return position == kNowhere ? nullptr : &entries_[position].value;
}

Value* Dict::find(const Text& key) {
  const std::size_t position = locate(key.hash(), [&](const Value& there) {
    return there.is_string() && (&there.as_text() == &key || there.as_string() == key.bytes());
  });
  return position == kNowhere ? nullptr : &entries_[position].value;
}

Value* Dict::find(std::string_view key) {
  const std::size_t position = locate(
      Text::hash_of(key), [&](const Value& there) { return there.is_string() && there.as_string() == key; });
  return position == kNowhere ? nullptr : &entries_[position].value;
}

void Dict::set(Value key, Value value) {
  const std::size_t key_hash = hash(key);
  const std::size_t position = locate(key, key_hash);
  if (position != kNowhere) {
    entries_[position].value = std::move(value);
    return;
  }
  entries_.push_back({std::move(key), std::move(value), key_hash});
  ++alive_;
  if (slots_.empty() ? entries_.size() > kSmall : entries_.size() * 2 > slots_.size()) {
    rebuild();
  } else if (!slots_.empty()) {
    index_entry(entries_.size() - 1);
  }
}

bool Dict::erase(const Value& key) {
  const std::size_t position = locate(key, hash(key));
  if (position == kNowhere) return false;
  // The index keeps pointing at the dead entry, so that searches go on past it.
  const Value old_key = std::exchange(entries_[position].key, Value());
  const Value old_value = std::exchange(entries_[position].value, Value());
  --alive_;
  if (alive_ == 0) {
    entries_.clear();
    slots_.clear();
  }
  return true;
}

void Dict::clear() noexcept {
  // What is dropped may lead back here, so this is empty before it goes.
  std::vector<Entry> dropped;
  dropped.swap(entries_);
  slots_.clear();
  alive_ = 0;
}

void Dict::index_entry(std::size_t position) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = entries_[position].hash & mask;
  while (slots_[at] != kEmpty) at = (at + 1) & mask;
  slots_[at] = static_cast<std::uint32_t>(position);
}

void Dict::rebuild() {
  if (alive_ < entries_.size())
    std::erase_if(entries_, [](const Entry& entry) { return entry.key.is_missing(); });
  std::size_t size = kSmall * 2;
  while (size < entries_.size() * 4) size *= 2;
  slots_.assign(size, kEmpty);
  for (std::size_t i = 0; i < entries_.size(); ++i) index_entry(i);
}

}  // namespace core::render
