// The filters and the function that only templates of the plan phase have.
#include "catch.hpp"
#include "render_support.hpp"

namespace {

std::string plan(const std::string& text) {
  const auto result = render_test::render(text, true);
  INFO(text);
  if (!result) FAIL(result.error().message);
  return *result;
}

}  // namespace

TEST_CASE("indent of the plan phase leaves the first line and empty lines alone", "[render]") {
  CHECK(plan("{{ 'a\\nb\\n\\nc'|indent }}") == "a\n    b\n\n    c");
  CHECK(plan("{{ 'a\\nb\\n'|indent(2, true) }}") == "  a\n  b\n");
  CHECK(plan("[{{ ''|indent(2, first=true) }}]") == "[]");
  CHECK(plan("{{ 'one'|indent(8) }}") == "one");
}

TEST_CASE("toyaml writes sorted block YAML", "[render]") {
  CHECK(plan("{{ {'b': 1, 'a': ['x', none, true, '1', 1.0]}|toyaml }}") ==
        "a:\n- x\n- null\n- true\n- '1'\n- 1.0\nb: 1");
  CHECK(plan("x:\n{{ {'k': {'z': [], 'y': {}}}|toyaml(indent=2) }}") == "x:\n  k:\n    y: {}\n    z: []");
  CHECK(plan("{{ 'no: quotes'|toyaml }}|{{ none|toyaml }}|{{ {}|toyaml }}|{{ []|toyaml }}|{{ 5|toyaml }}") ==
        "no: quotes||||5\n...");
  CHECK(plan("{{ [{'a': 1, 'b': 2}]|toyaml }}") == "- a: 1\n  b: 2");
  CHECK(plan("{{ {'a': [1, 2]}|toyaml(default_flow_style=true) }}") == "{a: [1, 2]}");
  CHECK(plan("{{ {'k': 'd\xC3\xA9j\xC3\xA0'}|toyaml }}") == "k: d\xC3\xA9j\xC3\xA0");
}

TEST_CASE("tojson of the plan phase is compact, ordered and not made safe for HTML", "[render]") {
  CHECK(plan("{{ {'b': [1, 2], 'a': '<\xC3\xA9&>', 'n': none}|tojson }}") ==
        R"({"b":[1,2],"a":"<\u00e9&>","n":null})");
}

TEST_CASE("base64 is padded and written, and references to secrets stay", "[render]") {
  CHECK(plan("{{ ' YWJj '|b64pad }}|{{ 'YWI'|b64pad }}|{{ 'Y'|b64pad }}|{{ ''|b64pad }}|{{ 5|b64pad }}") ==
        "YWJj|YWI=|Y===||5");
  CHECK(plan("{{ '{{secret:hf_token_base64}}'|b64pad }}") == "{{secret:hf_token_base64}}");
  CHECK(plan("{{ 'abc'|b64encode }}|{{ 'd\xC3\xA9'|b64encode }}") == "YWJj|ZMOp");
}

TEST_CASE("model_id_label shortens a model's name", "[render]") {
  CHECK(plan("{{ 'facebook/opt-125m'|model_id_label('llmdbench') }}") == "facebook-16adac56-opt-125m");
  CHECK(plan("{{ 'Qwen/Qwen3-32B'|model_id_label(namespace='llmdbench') }}") == "qwen-qwe-03cce4e9-wen3-32b");
  CHECK(plan("{{ 'random'|model_id_label('llmdbench') }}") == "random-d9436b1e-random");
  CHECK(plan("{{ 'gpt2'|model_id_label }}|{{ ''|model_id_label }}") == "gpt2-238f51b7-gpt2|");
}

TEST_CASE("empty values are found and replaced", "[render]") {
  CHECK(plan("{{ none|is_empty }} {{ ' \\n'|is_empty }} {{ {}|is_empty }} {{ []|is_empty }} {{ nope|is_empty "
             "}}") == "True True True True True");
  CHECK(plan("{{ 0|is_empty }} {{ false|is_empty }} {{ 'x'|is_empty }} {{ [0]|is_empty }}") ==
        "False False False False");
  CHECK(plan("{{ ''|default_if_empty('d') }} {{ 0|default_if_empty('d') }}") == "d 0");
}

TEST_CASE("raise ends the rendering with a message", "[render]") {
  const auto result = render_test::render("a\n{{ raise('replicas must be positive') }}", true);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().message.find("replicas must be positive") != std::string::npos);
  CHECK(result.error().facts.value("line", 0) == 2);
  CHECK_FALSE(render_test::render("{{ raise('x') }}").ok());
}
