// tojson and pprint.
#include "core/render/builtin_support.hpp"
#include "core/render/filters.hpp"

namespace core::render::filters {

namespace {

// JSON that may stand inside HTML, also in an attribute in single quotes.
std::string safe_for_html(const std::string& json) {
  std::string out;
  for (const char c : json) {
    switch (c) {
      case '<':
        out += "\\u003c";
        break;
      case '>':
        out += "\\u003e";
        break;
      case '&':
        out += "\\u0026";
        break;
      case '\'':
        out += "\\u0027";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Value tojson(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_tojson", 2, {{"indent"}});
  return Value::markup(safe_for_html(to_json(runtime, self, given[0], true)));
}

Value pprint(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_pprint", 1, {});
  return pretty(self);
}

}  // namespace

void register_data(Registry& registry) {
  registry.filter("tojson", tojson);
  registry.filter("pprint", pprint);
}

}  // namespace core::render::filters
