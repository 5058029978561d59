// The engine's own promises: limits, memory, values that hold themselves, errors, kept templates.
#include <string>

#include "catch.hpp"
#include "core/render/engine.hpp"
#include "core/render/operators.hpp"

namespace {

using namespace core::render;

Value no_variables() { return Value::dict(); }

core::Result<std::string> try_render(const std::string& text, const Options& options = {},
                                     std::unordered_map<std::string, std::string> files = {}) {
  const Engine engine(options, builtin_registry(false), make_loader(std::move(files), {}));
  return engine.render("main", text, no_variables);
}

std::string rendered(const std::string& text, const Options& options = {}) {
  const auto out = try_render(text, options);
  return out ? *out : "error: " + out.error().message;
}

bool mentions(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

std::string error_class(const std::string& text, const Options& options = {}) {
  const auto out = try_render(text, options);
  return out ? "" : out.error().facts["class"].get<std::string>();
}

}  // namespace

TEST_CASE("render: values that hold themselves print and are taken apart", "[render]") {
  const std::size_t before = memory().used;
  CHECK(rendered("{% set l = [1] %}{% do l.append(l) %}{{ l }}") == "[1, [...]]");
  CHECK(rendered("{% set d = {} %}{% do d.update(me=d) %}{{ d }}") == "{'me': {...}}");
  CHECK(rendered("{% set ns = namespace() %}{% macro m() %}{{ ns }}{% endmacro %}{% set ns.m = m %}ok") ==
        "ok");
  rendered("{% set l = ['" + std::string(10000, 'x') + "'|upper] %}{% do l.append(l) %}");
  // Literals of the parsed templates are kept, what the renderings made is not.
  CHECK(memory().used - before < 15000);
}

TEST_CASE("render: deep values neither overflow the stack when printed nor when dropped", "[render]") {
  const std::string deep =
      "{% set ns = namespace(v=[]) %}{% for i in range(200000) %}{% set ns.v = [ns.v] %}{% endfor %}";
  CHECK(rendered(deep + "ok") == "ok");
  CHECK(error_class(deep + "{{ ns.v }}") == "RecursionError");
  CHECK(error_class(deep + "{{ ns.v == [ns.v] }}") == "RecursionError");
}

TEST_CASE("render: every limit is an error that names it", "[render]") {
  Options options;
  options.limits.iterations = 100;
  CHECK(mentions(rendered("{% for i in range(101) %}{% endfor %}", options), "limit iterations"));
  CHECK(rendered("{% for i in range(100) %}{% endfor %}ok", options) == "ok");
  options = {};
  options.limits.output_bytes = 1000;
  CHECK(mentions(rendered("{% for i in range(101) %}0123456789{% endfor %}", options), "limit output_bytes"));
  options = {};
  options.limits.steps = 1000;
  CHECK(mentions(
      rendered("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(30) }}",
               options),
      "limit steps"));
  options = {};
  options.limits.depth = 50;
  CHECK(mentions(rendered("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", options), "limit depth"));
  options = {};
  options.limits.memory_bytes = 1 << 20;
  CHECK(error_class("{{ 'x' * 10000000 }}", options) == "MemoryError");
  CHECK(error_class("{{ [0] * 10000000 }}", options) == "MemoryError");
}

TEST_CASE("render: templates that lead back to themselves end", "[render]") {
  for (const std::string word : {"include 'a'", "import 'a' as x", "extends 'a'"}) {
    const auto out = try_render("{% " + word + " %}", {}, {{"a", "{% " + word + " %}"}});
    REQUIRE_FALSE(out);
    CHECK(out.error().facts["class"] == "RecursionError");
  }
}

TEST_CASE("render: brackets and statements nest only so deep", "[render]") {
  const auto many = [](const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  CHECK(error_class("{{ " + many("(", 5000) + " }}") == "TemplateSyntaxError");
  CHECK(error_class("{{ " + many("not ", 5000) + "x }}") == "TemplateSyntaxError");
  CHECK(error_class("{{ x" + many("|upper", 5000) + " }}") == "TemplateSyntaxError");
  CHECK(error_class("{{ 1" + many(" + 1", 5000) + " }}") == "TemplateSyntaxError");
  CHECK(error_class(many("{% if x %}", 5000)) == "TemplateSyntaxError");
  CHECK(rendered("{{ 1" + many(" ~ 1", 5000) + " }}") == std::string(5001, '1'));
}

TEST_CASE("render: delimiters and line statements can be chosen", "[render]") {
  Options options;
  options.block_start_string = "<%";
  options.block_end_string = "%>";
  options.variable_start_string = "${";
  options.variable_end_string = "}";
  options.comment_start_string = "<!--";
  options.comment_end_string = "-->";
  CHECK(rendered("<% for i in [1, 2] %>${ i }<!-- no --><% endfor %>{{ x }}", options) == "12{{ x }}");
  options = {};
  options.line_statement_prefix = "#";
  options.line_comment_prefix = "##";
  CHECK(rendered("# for i in [1, 2]\n{{ i }}\n# endfor\n## gone\nend", options) == "1\n2\n\nend");
}

TEST_CASE("render: a template of one name is parsed anew when its text changes", "[render]") {
  CHECK(rendered("a{{ 1 }}") == "a1");
  CHECK(rendered("b{{ 1 }}") == "b1");
  Options trimmed;
  trimmed.trim_blocks = true;
  CHECK(rendered("{% if 1 %}\nx{% endif %}") == "\nx");
  CHECK(rendered("{% if 1 %}\nx{% endif %}", trimmed) == "x");
}
