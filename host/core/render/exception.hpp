// How templates fail: as Python's and Jinja2's exceptions, with the place.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace core::render {

/// A line of a template.
struct Place {
  std::string name;
  int line = 0;
};

/// Thrown by everything below core::render while a template is parsed or rendered; `Engine` turns it into a
/// core::Error. The place is taken from the runtime that is current when it is made.
struct Exception : std::exception {
  Exception(std::string type_name, std::string text);
  const char* what() const noexcept override { return message.c_str(); }

  /// Whether it is of class `base` or one derived from it: `is("LookupError")` for a KeyError.
  bool is(std::string_view base) const;

  /// Name of the class: `UndefinedError`, `TypeError`, `TemplateSyntaxError`, ...
  std::string type;
  std::string message;
  /// The variable, attribute or template that is at fault; may be empty.
  std::string variable;
  /// What may have been meant; may be empty.
  std::string hint;
  /// Outermost template first; the last entry is where it happened.
  std::vector<Place> stack;
};

[[noreturn]] void raise(const char* type, std::string message);
[[noreturn]] void raise_type_error(std::string message);
[[noreturn]] void raise_value_error(std::string message);

/// Raises RecursionError while more than a fixed number of these are alive: put one into every function that
/// calls itself for nested values.
class DepthGuard {
 public:
  DepthGuard();
  ~DepthGuard();
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;
};

}  // namespace core::render
