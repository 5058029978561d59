#include "core/render/exception.hpp"

#include <array>
#include <utility>

#include "core/render/runtime_state.hpp"

namespace core::render {

namespace {

struct Derived {
  std::string_view type, base;
};

// The part of Python's and Jinja2's class tree that templates can raise.
constexpr std::array<Derived, 24> kClasses = {{
    {"KeyError", "LookupError"},
    {"IndexError", "LookupError"},
    {"LookupError", "Exception"},
    {"TypeError", "Exception"},
    {"ValueError", "Exception"},
    {"UnicodeError", "ValueError"},
    {"UnicodeDecodeError", "UnicodeError"},
    {"UnicodeEncodeError", "UnicodeError"},
    {"AttributeError", "Exception"},
    {"ArithmeticError", "Exception"},
    {"ZeroDivisionError", "ArithmeticError"},
    {"OverflowError", "ArithmeticError"},
    {"RuntimeError", "Exception"},
    {"RecursionError", "RuntimeError"},
    {"MemoryError", "Exception"},
    {"TemplateError", "Exception"},
    {"TemplateNotFound", "TemplateError"},
    {"TemplatesNotFound", "TemplateNotFound"},
    {"TemplateSyntaxError", "TemplateError"},
    {"TemplateAssertionError", "TemplateSyntaxError"},
    {"TemplateRuntimeError", "TemplateError"},
    {"UndefinedError", "TemplateRuntimeError"},
    {"FilterArgumentError", "TemplateRuntimeError"},
    {"SecurityError", "TemplateRuntimeError"},
}};

std::string_view base_of(std::string_view type) {
  for (const auto& entry : kClasses) {
    if (entry.type == type) return entry.base;
  }
  return {};
}

constexpr int kDeepestNesting = 500;
thread_local int nesting = 0;

}  // namespace

Exception::Exception(std::string type_name, std::string text)
    : type(std::move(type_name)), message(std::move(text)), stack(current_places()) {}

bool Exception::is(std::string_view base) const {
  for (std::string_view at = type; !at.empty(); at = base_of(at)) {
    if (at == base) return true;
  }
  return base == "Exception";
}

void raise(const char* type, std::string message) { throw Exception(type, std::move(message)); }
void raise_type_error(std::string message) { raise("TypeError", std::move(message)); }
void raise_value_error(std::string message) { raise("ValueError", std::move(message)); }

DepthGuard::DepthGuard() {
  if (nesting >= kDeepestNesting || stack_is_low()) {
    raise("RecursionError", "maximum recursion depth exceeded");
  }
  ++nesting;
}

DepthGuard::~DepthGuard() { --nesting; }

}  // namespace core::render
