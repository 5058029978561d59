// Python's values as templates see them. Lists, dicts and objects are shared: a copy of a Value is the same
// list. Strings are immutable and shared.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/render/counted.hpp"
#include "core/render/exception.hpp"

namespace core::render {

class Value;
class List;
class Dict;
class Object;
class Runtime;
struct Arguments;

using Values = std::vector<Value>;

/// What a value is. `kMissing` never reaches a template: it is "no such attribute", "argument not given".
enum class Kind : std::uint8_t {
  kMissing,
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kTuple,
  kDict,
  kObject
};

/// The bytes of a string, UTF-8. Bytes that are not UTF-8 count as one character each.
class Text final : public Counted {
 public:
  explicit Text(std::string bytes);
  ~Text() override;

  const std::string& bytes() const { return bytes_; }
  std::size_t hash() const {
    if (hash_ == 0) hash_ = hash_of(bytes_);
    return hash_;
  }
  /// Number of code points, as Python's `len`.
  std::size_t length() const {
    if (length_ == kUnknown) length_ = count(bytes_);
    return length_;
  }
  bool is_ascii() const { return length() == bytes_.size(); }

  static std::size_t hash_of(std::string_view bytes);
  static std::size_t count(std::string_view bytes);

 private:
  static constexpr std::size_t kUnknown = SIZE_MAX;
  std::string bytes_;
  mutable std::size_t hash_ = 0;
  mutable std::size_t length_ = kUnknown;
};

/// How an undefined value reacts to use.
enum class UndefinedKind : std::uint8_t { kDefault, kStrict, kChainable, kDebug };

/// What is known about a value that is not there.
class UndefinedInfo;

class Value {
 public:
  Value() noexcept = default;
  template <class T>
  requires std::same_as<T, bool> Value(T truth)
  noexcept : kind_(Kind::kBool) {  // NOLINT: implicit on purpose, as all of these
    payload_.integer = truth ? 1 : 0;
  }
  template <class T>
  requires(std::integral<T> && !std::same_as<T, bool>) Value(T number)
  noexcept : kind_(Kind::kInt) {  // NOLINT
    payload_.integer = static_cast<std::int64_t>(number);
  }
  Value(double number) noexcept : kind_(Kind::kFloat) { payload_.real = number; }  // NOLINT
  Value(std::string text) : Value(Kind::kString, new Text(std::move(text))) {}     // NOLINT
  Value(std::string_view text) : Value(std::string(text)) {}                       // NOLINT
  Value(const char* text) : Value(std::string(text)) {}                            // NOLINT
  Value(const Ref<Text>& text) : Value(Kind::kString, text.get()) {}               // NOLINT
  Value(const Ref<Dict>& dict);                                                    // NOLINT
  template <class T>
  requires std::derived_from<T, Object> Value(const Ref<T>& object)
      : Value(Kind::kObject, object.get()) {}  // NOLINT
  Value(const Value& other) noexcept : payload_(other.payload_), kind_(other.kind_), markup_(other.markup_) {
    if (is_counted()) payload_.counted->retain();
  }
  Value(Value&& other) noexcept : payload_(other.payload_), kind_(other.kind_), markup_(other.markup_) {
    other.kind_ = Kind::kMissing;
  }
  ~Value() {
    if (is_counted()) payload_.counted->release();
  }
  Value& operator=(const Value& other) noexcept {
    Value copy(other);
    swap(copy);
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    Value moved(std::move(other));
    swap(moved);
    return *this;
  }
  void swap(Value& other) noexcept {
    std::swap(payload_, other.payload_);
    std::swap(kind_, other.kind_);
    std::swap(markup_, other.markup_);
  }

  static Value none() noexcept {
    Value value;
    value.kind_ = Kind::kNone;
    return value;
  }
  static Value list(Values items = {});
  static Value tuple(Values items = {});
  static Value dict();
  static Value undefined(Ref<UndefinedInfo> info);
  /// A string that `escape` leaves alone (Python: markupsafe.Markup).
  static Value markup(std::string text) {
    Value value(std::move(text));
    value.markup_ = true;
    return value;
  }

  /// The tuple (grouper, items) of the filter `groupby`, whose parts also have the names `grouper` and
  /// `list`.
  static Value group(Value grouper, Values items) {
    Value value = tuple({std::move(grouper), list(std::move(items))});
    value.markup_ = true;
    return value;
  }

  Kind kind() const noexcept { return kind_; }
  bool is_missing() const noexcept { return kind_ == Kind::kMissing; }
  bool is_undefined() const noexcept { return kind_ == Kind::kUndefined; }
  bool is_none() const noexcept { return kind_ == Kind::kNone; }
  bool is_bool() const noexcept { return kind_ == Kind::kBool; }
  /// An int that is no bool.
  bool is_int() const noexcept { return kind_ == Kind::kInt; }
  /// An int or a bool: Python's bools are ints.
  bool is_integral() const noexcept { return kind_ == Kind::kInt || kind_ == Kind::kBool; }
  bool is_float() const noexcept { return kind_ == Kind::kFloat; }
  bool is_number() const noexcept { return is_integral() || is_float(); }
  bool is_string() const noexcept { return kind_ == Kind::kString; }
  bool is_markup() const noexcept { return kind_ == Kind::kString && markup_; }
  bool is_group() const noexcept { return kind_ == Kind::kTuple && markup_; }
  bool is_list() const noexcept { return kind_ == Kind::kList; }
  bool is_tuple() const noexcept { return kind_ == Kind::kTuple; }
  bool is_dict() const noexcept { return kind_ == Kind::kDict; }
  bool is_object() const noexcept { return kind_ == Kind::kObject; }

  // Access without a check: the caller has asked for the kind.
  bool as_bool() const noexcept { return payload_.integer != 0; }
  /// Of an int or a bool.
  std::int64_t as_int() const noexcept { return payload_.integer; }
  /// Of any number.
  double as_double() const noexcept {
    return kind_ == Kind::kFloat ? payload_.real : static_cast<double>(payload_.integer);
  }
  const Text& as_text() const noexcept { return *static_cast<const Text*>(payload_.counted); }
  const std::string& as_string() const noexcept { return as_text().bytes(); }
  /// The items of a list or tuple.
  Values& items() const noexcept;
  Dict& as_dict() const noexcept;
  Object& as_object() const noexcept;
  const UndefinedInfo& as_undefined() const noexcept;
  /// The object if it is a T, else null.
  template <class T>
  T* as() const noexcept {
    return is_object() ? dynamic_cast<T*>(&as_object()) : nullptr;
  }

  /// Whether both are the same thing in memory (Python's `is`); scalars by kind and value.
  bool same_as(const Value& other) const noexcept;

 private:
  Value(Kind kind, Counted* counted) noexcept : kind_(kind) {
    payload_.counted = counted;
    counted->retain();
  }
  bool is_counted() const noexcept { return kind_ >= Kind::kString || kind_ == Kind::kUndefined; }

  union Payload {
    std::int64_t integer = 0;
    double real;
    Counted* counted;
  } payload_;
  Kind kind_ = Kind::kMissing;
  bool markup_ = false;  // of a tuple: it is a group
};

class UndefinedInfo final : public Counted {
 public:
  UndefinedKind kind = UndefinedKind::kDefault;
  /// A message of its own; if empty, one is made from `owner` and `name`.
  std::string hint;
  /// What lacks the attribute or item; missing for a variable.
  Value owner;
  /// The name or key that is not there.
  Value name;
  /// Class of the exception.
  const char* type = "UndefinedError";

  /// "'foo' is undefined", "'dict object' has no attribute 'x'", ...
  std::string message() const;
  /// Raises that message.
  [[noreturn]] void fail() const;
};

class List final : public Tracked {
 public:
  explicit List(Values given) : items(std::move(given)) {}
  void clear() noexcept override { items.clear(); }
  Values items;
};

/// A dict: keys of any hashable kind, in the order in which they came.
class Dict final : public Tracked {
 public:
  struct Entry {
    Value key;  // missing: the entry was removed
    Value value;
    std::size_t hash;
  };

  /// The value under `key` or null. The pointer holds until the next change. Raises TypeError for an
  /// unhashable key.
  Value* find(const Value& key);
  Value* find(std::string_view key);
  Value* find(const Text& key);
  const Value* find(const Value& key) const { return const_cast<Dict*>(this)->find(key); }
  const Value* find(std::string_view key) const { return const_cast<Dict*>(this)->find(key); }
  /// Adds, or replaces the value and keeps the place and the old key.
  void set(Value key, Value value);
  /// False if it was not there.
  bool erase(const Value& key);
  void clear() noexcept override;
  void reserve(std::size_t count) { entries_.reserve(count); }
  std::size_t size() const { return alive_; }
  bool empty() const { return alive_ == 0; }
  /// All entries in order, with removed ones between (their key is missing): skip those.
  const std::vector<Entry>& entries() const { return entries_; }
  /// Position in `entries()` of the first live entry from `from` on; `entries().size()` at the end.
  std::size_t next(std::size_t from) const {
    while (from < entries_.size() && entries_[from].key.is_missing()) ++from;
    return from;
  }

 private:
  template <class Same>
  std::size_t locate(std::size_t hash, const Same& same) const;
  std::size_t locate(const Value& key, std::size_t hash) const;
  void index_entry(std::size_t position);
  void rebuild();

  std::vector<Entry> entries_;
  std::size_t alive_ = 0;
  std::vector<std::uint32_t> slots_;  // empty while the dict is small
};

/// Walks over values once.
class Iterator {
 public:
  virtual ~Iterator() = default;
  /// False at the end; stays false.
  virtual bool next(Value& out) = 0;
};
using IteratorPtr = std::unique_ptr<Iterator>;

/// Anything that is not plain data: macros, loops, namespaces, generators, ranges, views, functions.
class Object : public Tracked {
 public:
  void clear() noexcept override {}
  /// Python's class name: 'Macro', 'LoopContext', 'generator', 'range', 'dict_items', ...
  virtual std::string type_name() const = 0;
  /// The attribute, or missing.
  virtual Value attribute(Runtime& runtime, std::string_view name);
  /// Sets an attribute; false if this object has none to set (only namespaces have).
  virtual bool set_attribute(Runtime& runtime, const Value& name, Value value);
  /// `self[key]`, or missing.
  virtual Value item(Runtime& runtime, const Value& key);
  virtual bool is_callable() const { return false; }
  /// Raises TypeError "'x' object is not callable" unless overridden.
  virtual Value call(Runtime& runtime, Arguments& arguments);
  /// Null if it cannot be iterated.
  virtual IteratorPtr iterate() { return nullptr; }
  /// Nothing if it has no `len`.
  virtual std::optional<std::size_t> length() { return std::nullopt; }
  virtual bool truth() {
    const auto size = length();
    return !size || *size > 0;
  }
  virtual std::string str() const { return repr(); }
  /// By default `<type_name object>`.
  virtual std::string repr() const;
  virtual bool equals(const Object& other) const { return this == &other; }
  virtual std::size_t hash() const;
  /// Nothing: membership is decided by walking over it.
  virtual std::optional<bool> contains(const Value& /*item*/) { return std::nullopt; }
  /// For a variable that is made when a template first asks for it: puts the real value in place of this
  /// object.
  virtual void settle(Value& /*place*/) {}
  /// Python's Mapping / Sequence, as the tests `mapping` and `sequence` see it.
  virtual bool is_mapping() const { return false; }
  virtual bool is_sequence() const { return false; }
};

/// What `map`, `select`, `batch` and their like give: computed while walked over, once.
class Generator final : public Object {
 public:
  explicit Generator(IteratorPtr steps, std::string name = "generator")
      : steps_(std::move(steps)), name_(std::move(name)) {}
  void clear() noexcept override { steps_.reset(); }
  std::string type_name() const override { return name_; }
  IteratorPtr iterate() override;
  /// The next value; false at the end.
  bool next(Value& out);

 private:
  IteratorPtr steps_;
  std::string name_;
};

/// Python's `range`.
class Range final : public Object {
 public:
  Range(std::int64_t first, std::int64_t last, std::int64_t stride)
      : start(first), stop(last), step(stride) {}
  std::string type_name() const override { return "range"; }
  Value item(Runtime& runtime, const Value& key) override;
  IteratorPtr iterate() override;
  std::optional<std::size_t> length() override { return size(); }
  std::string repr() const override;
  bool equals(const Object& other) const override;
  std::optional<bool> contains(const Value& item) override;
  bool is_sequence() const override { return true; }
  std::size_t size() const;
  std::int64_t at(std::size_t position) const { return start + static_cast<std::int64_t>(position) * step; }

  const std::int64_t start, stop, step;
};

/// `dict.keys()`, `.values()`, `.items()`: follows changes of the dict.
class DictView final : public Object {
 public:
  enum class Part { kKeys, kValues, kItems };
  DictView(Ref<Dict> viewed, Part shown) : dict(std::move(viewed)), part(shown) {}
  void clear() noexcept override { dict = Ref<Dict>(); }
  std::string type_name() const override;
  IteratorPtr iterate() override;
  std::optional<std::size_t> length() override { return dict ? dict->size() : 0; }
  std::string repr() const override;
  std::optional<bool> contains(const Value& item) override;

  Ref<Dict> dict;
  const Part part;
};

// -- inline parts -----------------------------------------------------------------------------------

inline Value::Value(const Ref<Dict>& dict) : Value(Kind::kDict, dict.get()) {}
inline Values& Value::items() const noexcept { return static_cast<List*>(payload_.counted)->items; }
inline Dict& Value::as_dict() const noexcept { return *static_cast<Dict*>(payload_.counted); }
inline Object& Value::as_object() const noexcept { return *static_cast<Object*>(payload_.counted); }
inline const UndefinedInfo& Value::as_undefined() const noexcept {
  return *static_cast<const UndefinedInfo*>(payload_.counted);
}

}  // namespace core::render
