#include "core/render/value.hpp"

#include <functional>

#include "core/render/builtins.hpp"
#include "core/render/operators.hpp"

namespace core::render {

Value Value::list(Values items) { return Value(Kind::kList, new List(std::move(items))); }
Value Value::tuple(Values items) { return Value(Kind::kTuple, new List(std::move(items))); }
Value Value::dict() { return Value(Kind::kDict, new Dict()); }
Value Value::undefined(Ref<UndefinedInfo> info) { return Value(Kind::kUndefined, info.get()); }

bool Value::same_as(const Value& other) const noexcept {
  if (kind_ != other.kind_) return false;
  if (is_counted()) {
    return payload_.counted == other.payload_.counted || (is_string() && as_string() == other.as_string());
  }
  if (kind_ == Kind::kFloat) return payload_.real == other.payload_.real;
  return kind_ == Kind::kNone || kind_ == Kind::kMissing || payload_.integer == other.payload_.integer;
}

// -- undefined -------------------------------------------------------------------------------------------

namespace {

// Jinja2's object_type_repr: classes outside of builtins carry their module.
std::string described_type(const Value& value) {
  if (value.is_none()) return "None";
  static constexpr std::pair<const char*, const char*> kModules[] = {
      {"Macro", "jinja2.runtime."},
      {"LoopContext", "jinja2.runtime."},
      {"BlockReference", "jinja2.runtime."},
      {"TemplateReference", "jinja2.runtime."},
      {"Namespace", "jinja2.utils."},
      {"Cycler", "jinja2.utils."},
      {"Joiner", "jinja2.utils."},
      {"TemplateModule", "jinja2.environment."},
      {"Markup", "markupsafe."}};
  const std::string name = type_name(value);
  for (const auto& [known, module] : kModules) {
    if (name == known) return module + name + " object";
  }
  return name + " object";
}

}  // namespace

std::string UndefinedInfo::message() const {
  if (!hint.empty()) return hint;
  std::string text;
  if (owner.is_missing()) {
    append_repr(text, name);
    return text + " is undefined";
  }
  if (!name.is_string()) return described_type(owner) + " has no element " + repr(name);
  append_quoted(text, described_type(owner));
  return text + " has no attribute " + repr(name);
}

void UndefinedInfo::fail() const {
  Exception error(type, message());
  if (name.is_string()) error.variable = name.as_string();
  throw error;
}

// -- objects ---------------------------------------------------------------------------------------------

Value Object::attribute(Runtime& /*runtime*/, std::string_view /*name*/) { return {}; }
bool Object::set_attribute(Runtime& /*runtime*/, const Value& /*name*/, Value /*value*/) { return false; }
Value Object::item(Runtime& /*runtime*/, const Value& /*key*/) { return {}; }

Value Object::call(Runtime& /*runtime*/, Arguments& /*arguments*/) {
  raise_type_error("'" + type_name() + "' object is not callable");
}

std::string Object::repr() const { return "<" + type_name() + " object>"; }
std::size_t Object::hash() const { return std::hash<const void*>()(this); }

namespace {

/// Keeps the generator alive while it is walked over.
class GeneratorSteps final : public Iterator {
 public:
  explicit GeneratorSteps(Ref<Generator> generator) : generator_(std::move(generator)) {}
  bool next(Value& out) override { return generator_->next(out); }

 private:
  Ref<Generator> generator_;
};

class RangeSteps final : public Iterator {
 public:
  explicit RangeSteps(Ref<Range> range) : range_(std::move(range)), size_(range_->size()) {}
  bool next(Value& out) override {
    if (at_ >= size_) return false;
    out = range_->at(at_++);
    return true;
  }

 private:
  Ref<Range> range_;
  std::size_t size_, at_ = 0;
};

class DictSteps final : public Iterator {
 public:
  DictSteps(Ref<Dict> dict, DictView::Part part)
      : dict_(std::move(dict)), part_(part), size_(dict_ ? dict_->size() : 0) {}

  bool next(Value& out) override {
    if (!dict_) return false;
    if (dict_->size() != size_) raise("RuntimeError", "dictionary changed size during iteration");
    at_ = dict_->next(at_);
    if (at_ >= dict_->entries().size()) return false;
    const auto& entry = dict_->entries()[at_++];
    switch (part_) {
      case DictView::Part::kKeys:
        out = entry.key;
        break;
      case DictView::Part::kValues:
        out = entry.value;
        break;
      case DictView::Part::kItems:
        out = Value::tuple({entry.key, entry.value});
        break;
    }
    return true;
  }

 private:
  Ref<Dict> dict_;
  DictView::Part part_;
  std::size_t size_, at_ = 0;
};

}  // namespace

IteratorPtr Generator::iterate() { return std::make_unique<GeneratorSteps>(Ref<Generator>(this)); }

bool Generator::next(Value& out) {
  if (!steps_) return false;
  if (steps_->next(out)) return true;
  steps_.reset();
  return false;
}

// -- range -----------------------------------------------------------------------------------------------

std::size_t Range::size() const {
  using Wide = unsigned long long;
  if (step > 0) {
    return start < stop
               ? (static_cast<Wide>(stop) - static_cast<Wide>(start) - 1) / static_cast<Wide>(step) + 1
               : 0;
  }
  const Wide stride = 0 - static_cast<Wide>(step);
  return start > stop ? (static_cast<Wide>(start) - static_cast<Wide>(stop) - 1) / stride + 1 : 0;
}

Value Range::item(Runtime& /*runtime*/, const Value& key) {
  if (!key.is_integral()) return {};
  const auto count = static_cast<std::int64_t>(size());
  const std::int64_t index = key.as_int() < 0 ? key.as_int() + count : key.as_int();
  if (index < 0 || index >= count) return {};
  return at(static_cast<std::size_t>(index));
}

IteratorPtr Range::iterate() { return std::make_unique<RangeSteps>(Ref<Range>(this)); }

std::string Range::repr() const {
  const std::string ends = "range(" + std::to_string(start) + ", " + std::to_string(stop);
  return step == 1 ? ends + ")" : ends + ", " + std::to_string(step) + ")";
}

bool Range::equals(const Object& other) const {
  const auto* range = dynamic_cast<const Range*>(&other);
  if (!range || range->size() != size()) return false;
  if (size() == 0) return true;
  return start == range->start && (size() == 1 || step == range->step);
}

std::optional<bool> Range::contains(const Value& item) {
  if (!item.is_number()) return false;
  if (item.is_float() && item.as_double() != static_cast<double>(static_cast<std::int64_t>(item.as_double())))
    return false;
  const std::int64_t number = item.is_float() ? static_cast<std::int64_t>(item.as_double()) : item.as_int();
  if (step > 0 ? number < start || number >= stop : number > start || number <= stop) return false;
  return (number - start) % step == 0;
}

// -- views -----------------------------------------------------------------------------------------------

std::string DictView::type_name() const {
  switch (part) {
    case Part::kKeys:
      return "dict_keys";
    case Part::kValues:
      return "dict_values";
    default:
      return "dict_items";
  }
}

IteratorPtr DictView::iterate() { return std::make_unique<DictSteps>(dict, part); }

std::string DictView::repr() const {
  std::string out = type_name() + "([";
  bool first = true;
  DictSteps steps(dict, part);
  for (Value value; steps.next(value); first = false) {
    if (!first) out += ", ";
    append_repr(out, value);
  }
  return out + "])";
}

std::optional<bool> DictView::contains(const Value& item) {
  if (part != Part::kKeys || !dict) return std::nullopt;
  return dict->find(item) != nullptr;
}

}  // namespace core::render
