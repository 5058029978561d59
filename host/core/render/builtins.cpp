#include "core/render/builtins.hpp"

#include <algorithm>

namespace core::render {

Value Arguments::take(std::string_view name) {
  const auto at = std::find_if(keyword.begin(), keyword.end(),
                               [&](const auto& entry) { return entry.first->bytes() == name; });
  if (at == keyword.end()) return {};
  Value value = std::move(at->second);
  keyword.erase(at);
  return value;
}

// -- binding ---------------------------------------------------------------------------------------------

namespace {

using Parameters = std::initializer_list<Parameter>;

std::string plural(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

void bind_keywords(Values& bound, const Arguments& arguments, const std::string& function,
                   Parameters parameters) {
  for (const auto& [name, value] : arguments.keyword) {
    const auto at = std::find_if(parameters.begin(), parameters.end(),
                                 [&, key = std::string_view(name->bytes())](const Parameter& parameter) {
                                   return key == parameter.name;
                                 });
    if (at == parameters.end())
      raise_type_error(function + "() got an unexpected keyword argument '" + name->bytes() + "'");
    Value& slot = bound[static_cast<std::size_t>(at - parameters.begin())];
    if (!slot.is_missing())
      raise_type_error(function + "() got multiple values for argument '" + name->bytes() + "'");
    slot = value;
  }
}

[[noreturn]] void fail_too_many(std::size_t given, const std::string& function, std::size_t before,
                                Parameters parameters) {
  const auto required = static_cast<std::size_t>(
      std::count_if(parameters.begin(), parameters.end(), [](const Parameter& p) { return p.required; }));
  const std::size_t most = before + parameters.size();
  std::string takes = plural(most, "positional argument");
  if (required < parameters.size()) takes = "from " + std::to_string(before + required) + " to " + takes;
  raise_type_error(function + "() takes " + takes + " but " + std::to_string(before + given) +
                   (before + given == 1 ? " was given" : " were given"));
}

void check_missing(const Values& bound, const std::string& function, Parameters parameters) {
  std::vector<std::string> absent;
  std::size_t i = 0;
  for (const auto& parameter : parameters) {
    if (parameter.required && bound[i].is_missing())
      absent.push_back("'" + std::string(parameter.name) + "'");
    ++i;
  }
  if (absent.empty()) return;
  std::string names = absent[0];
  for (std::size_t k = 1; k < absent.size(); ++k) {
    const bool last = k + 1 == absent.size();
    names += (!last ? ", " : absent.size() == 2 ? " and " : ", and ") + absent[k];
  }
  raise_type_error(function + "() missing " + plural(absent.size(), "required positional argument") + ": " +
                   names);
}

}  // namespace

Values bind_arguments(const Arguments& arguments, const char* function, int bound,
                      std::initializer_list<Parameter> parameters) {
  Values values(parameters.size());
  const std::size_t given = arguments.positional.size();
  for (std::size_t i = 0; i < std::min(given, values.size()); ++i) values[i] = arguments.positional[i];
  if (!arguments.keyword.empty()) bind_keywords(values, arguments, function, parameters);
  if (given > values.size()) fail_too_many(given, function, static_cast<std::size_t>(bound), parameters);
  check_missing(values, function, parameters);
  return values;
}

// -- objects ---------------------------------------------------------------------------------------------

std::string NativeFunction::type_name() const {
  if (self.is_missing()) return "function";
  return self.is_object() ? "method" : "builtin_function_or_method";
}

bool NativeFunction::equals(const Object& other) const {
  const auto* that = dynamic_cast<const NativeFunction*>(&other);
  return that && that->function == function && that->self.same_as(self);
}

std::string NativeFunction::repr() const {
  if (self.is_missing()) return "<function " + name + ">";
  if (self.is_object())
    return "<bound method " + render::type_name(self) + "." + name + " of " + render::repr(self) + ">";
  return "<built-in method " + name + " of " + render::type_name(self) + " object>";
}

Value Namespace::attribute(Runtime& /*runtime*/, std::string_view name) {
  const Value* found = members ? members->find(name) : nullptr;
  return found ? *found : Value();
}

bool Namespace::set_attribute(Runtime& /*runtime*/, const Value& name, Value value) {
  members->set(name, std::move(value));
  return true;
}

Value Namespace::item(Runtime& /*runtime*/, const Value& /*key*/) { return {}; }

std::string Namespace::repr() const {
  return "<Namespace " + (members ? render::repr(Value(members)) : "{}") + ">";
}

}  // namespace core::render
