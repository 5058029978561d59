// The functions and classes that every template knows: range, dict, lipsum, cycler, joiner, namespace.
#include <array>
#include <random>

#include "core/render/builtin_support.hpp"
#include "core/render/dicts.hpp"
#include "core/render/methods.hpp"

namespace core::render {

namespace {

Value make_range(Runtime&, const Value&, Arguments& arguments) {
  if (!arguments.keyword.empty()) raise_type_error("range() takes no keyword arguments");
  const auto& given = arguments.positional;
  if (given.empty()) raise_type_error("range expected at least 1 argument, got 0");
  if (given.size() > 3)
    raise_type_error("range expected at most 3 arguments, got " + std::to_string(given.size()));
  const std::int64_t step = given.size() > 2 ? to_index(given[2]) : 1;
  if (given.size() == 1) return make<Range>(0, to_index(given[0]), step);
  const std::int64_t start = to_index(given[0]), stop = to_index(given[1]);
  if (step == 0) raise_value_error("range() arg 3 must not be zero");
  return make<Range>(start, stop, step);
}

Value make_dict(Runtime& runtime, const Value&, Arguments& arguments) {
  Value dict = Value::dict();
  fill_dict(runtime, dict.as_dict(), arguments, "dict");
  return dict;
}

Value make_namespace(Runtime& runtime, const Value&, Arguments& arguments) {
  auto space = make<Namespace>();
  fill_dict(runtime, *space->members, arguments, "dict");
  return space;
}

// --- cycler and joiner --------------------------------------------------------------------------------

/// Gives its items in turns.
class Cycler final : public Object {
 public:
  explicit Cycler(Values given) : items(std::move(given)) {}
  void clear() noexcept override { items.clear(); }
  std::string type_name() const override { return "Cycler"; }
  Value attribute(Runtime&, std::string_view name) override {
    if (name == "current") return items[at];
    if (name == "next") return make<NativeFunction>("next", next, Ref<Cycler>(this));
    if (name == "reset") return make<NativeFunction>("reset", reset, Ref<Cycler>(this));
    if (name == "pos") return static_cast<std::int64_t>(at);
    if (name == "items") return Value::tuple(items);
    return {};
  }

  Values items;
  std::size_t at = 0;

  static Value next(Runtime&, const Value& self, Arguments& arguments) {
    bind_arguments(arguments, "Cycler.next", 1, {});
    auto& cycler = *self.as<Cycler>();
    Value item = cycler.items[cycler.at];
    cycler.at = (cycler.at + 1) % cycler.items.size();
    return item;
  }
  static Value reset(Runtime&, const Value& self, Arguments& arguments) {
    bind_arguments(arguments, "Cycler.reset", 1, {});
    self.as<Cycler>()->at = 0;
    return Value::none();
  }
};

Value make_cycler(Runtime&, const Value&, Arguments& arguments) {
  if (!arguments.keyword.empty()) bind_arguments({{}, arguments.keyword}, "Cycler.__init__", 1, {});
  if (arguments.positional.empty()) raise("RuntimeError", "at least one item has to be provided");
  return make<Cycler>(std::move(arguments.positional));
}

/// Gives nothing at first, then its separator.
class Joiner final : public Object {
 public:
  explicit Joiner(Value given) : separator(std::move(given)) {}
  void clear() noexcept override { separator = Value(); }
  std::string type_name() const override { return "Joiner"; }
  bool is_callable() const override { return true; }
  Value attribute(Runtime&, std::string_view name) override {
    if (name == "sep") return separator;
    if (name == "used") return used;
    return {};
  }
  Value call(Runtime&, Arguments& arguments) override {
    bind_arguments(arguments, "Joiner.__call__", 1, {});
    if (std::exchange(used, true)) return separator;
    return "";
  }

  Value separator;
  bool used = false;
};

Value make_joiner(Runtime&, const Value&, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "Joiner.__init__", 1, {{"sep"}});
  return make<Joiner>(value_or(given[0], ", "));
}

// --- lipsum -------------------------------------------------------------------------------------------

/// Text that means nothing, of words that look like Latin.
class Lipsum {
 public:
  Lipsum(std::int64_t fewest, std::int64_t most) : fewest_(fewest), most_(most) {}

  std::string paragraph() {
    const std::int64_t count = between(fewest_, most_ - 1);
    std::string out;
    std::int64_t until_comma = 0, until_stop = 0;
    bool capital = true;
    std::string_view last;
    for (std::int64_t i = 0; i < count; ++i) {
      charge_bytes(out.size());
      std::string word(other_word(last));
      if (i == 0) until_comma = between(3, 8), until_stop = between(10, 20);
      if (capital) word[0] = static_cast<char>(word[0] - 32);
      capital = false;
      out += (i > 0 ? " " : "") + word;
      if (i + 1 == count) break;
      if (--until_stop <= 0) {
        out += '.';
        capital = true;
        until_comma = between(3, 8), until_stop = between(10, 20);
      } else if (--until_comma <= 0) {
        out += ',';
        until_comma = between(3, 8);
      }
    }
    return out + '.';
  }

 private:
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, std::max(low, high))(engine_);
  }
  std::string_view other_word(std::string_view& last) {
    static constexpr std::array<std::string_view, 40> kWords = {
        "amet",   "aut",    "bonus", "carmen", "cum",   "dolor", "domus", "ergo",   "est",   "fama",
        "flumen", "gratia", "hora",  "idem",   "ignis", "ipsum", "iter",  "lorem",  "lumen", "magna",
        "mensa",  "nomen",  "nunc",  "opus",   "pax",   "porta", "quies", "quod",   "res",   "rosa",
        "semper", "silva",  "sonus", "tempus", "terra", "unda",  "urbs",  "ventus", "verba", "vita"};
    std::string_view word = last;
    while (word == last) word = kWords[static_cast<std::size_t>(between(0, kWords.size() - 1))];
    return last = word;
  }

  std::int64_t fewest_, most_;
  std::mt19937_64 engine_{std::random_device{}()};
};

Value lipsum(Runtime& runtime, const Value&, Arguments& arguments) {
  const auto given =
      bind_arguments(arguments, "generate_lorem_ipsum", 0, {{"n"}, {"html"}, {"min"}, {"max"}});
  const std::int64_t count = index_or(given[0], 5), fewest = index_or(given[2], 20),
                     most = index_or(given[3], 100);
  if (fewest >= most) raise_value_error("empty range for randrange(): min must be below max");
  Lipsum words(fewest, most);
  const bool html = truth_or(given[1], true);
  std::string out;
  for (std::int64_t i = 0; i < count; ++i) {
    runtime.charge();
    if (i > 0) out += html ? "\n" : "\n\n";
    const std::string paragraph = words.paragraph();
    out += html ? "<p>" + paragraph + "</p>" : paragraph;
    charge_bytes(out.size());
  }
  return html ? Value::markup(std::move(out)) : Value(std::move(out));
}

// --- classes ------------------------------------------------------------------------------------------

/// What a class is to templates: its Python name, its constructor, and the methods that may be taken from it.
struct ClassTraits {
  const char* name;
  Function make;
  Function (*method)(std::string_view name);
  bool (*is_instance)(const Value& value);
  const char* misfit = "TypeError";  // raised by a method that is called on anything else
};

/// A method taken from its class: what it works on is its first argument.
class UnboundMethod final : public Object {
 public:
  UnboundMethod(const ClassTraits& of, std::string_view called) : traits_(of), name_(called) {}
  std::string type_name() const override { return "method_descriptor"; }
  bool is_callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override {
    auto& given = arguments.positional;
    const std::string shown = std::string(traits_.name) + "." + name_;
    if (given.empty()) raise_type_error("unbound method " + shown + "() needs an argument");
    const Value self = given.front();
    if (!traits_.is_instance(self))
      raise(traits_.misfit, shown + " does not apply to " + render::type_name(self));
    given.erase(given.begin());
    return traits_.method(name_)(runtime, self, arguments);
  }
  bool equals(const Object& other) const override {
    const auto* that = dynamic_cast<const UnboundMethod*>(&other);
    return that && &that->traits_ == &traits_ && that->name_ == name_;
  }

 private:
  const ClassTraits& traits_;
  const std::string name_;
};

/// A class: called, it makes an instance.
class NativeClass final : public Object {
 public:
  explicit NativeClass(const ClassTraits& traits) : traits_(traits) {}
  std::string type_name() const override { return "type"; }
  std::string repr() const override { return std::string("<class '") + traits_.name + "'>"; }
  bool is_callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override {
    return traits_.make(runtime, Value(), arguments);
  }
  Value attribute(Runtime&, std::string_view name) override {
    const Function method = traits_.method ? traits_.method(name) : nullptr;
    if (!method) return {};
    if (name == "fromkeys") return make<NativeFunction>("fromkeys", method, Value::dict());
    return make<UnboundMethod>(traits_, name);
  }

 private:
  const ClassTraits& traits_;
};

Function cycler_method(std::string_view name) {
  static constexpr std::pair<std::string_view, Function> kMethods[] = {{"next", Cycler::next},
                                                                       {"reset", Cycler::reset}};
  return methods::pick(kMethods, name);
}

bool is_cycler(const Value& value) { return value.as<Cycler>() != nullptr; }
bool is_dict(const Value& value) { return value.kind() == Kind::kDict; }

}  // namespace

void register_globals(Registry& registry) {
  static constexpr std::pair<const char*, ClassTraits> kClasses[] = {
      {"range", {"range", make_range, nullptr, nullptr}},
      {"dict", {"dict", make_dict, methods::of_dict, is_dict}},
      {"cycler", {"jinja2.utils.Cycler", make_cycler, cycler_method, is_cycler, "AttributeError"}},
      {"joiner", {"jinja2.utils.Joiner", make_joiner, nullptr, nullptr}},
      {"namespace", {"jinja2.utils.Namespace", make_namespace, nullptr, nullptr}},
  };
  for (const auto& [name, traits] : kClasses) registry.global(name, make<NativeClass>(traits));
  registry.global("lipsum", make<NativeFunction>("generate_lorem_ipsum", lipsum));
}

}  // namespace core::render
