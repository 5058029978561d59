#include "core/yaml.hpp"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "core/json.hpp"

using core::Value;

namespace {

Value read(const std::string& text) {
  auto document = core::decode_yaml(text);
  INFO(text);
  if (!document) FAIL(document.error().message);
  return document->value;
}

core::Error fails(const std::string& text) {
  auto document = core::decode_yaml(text, {.file = "values.yaml"});
  INFO(text);
  REQUIRE_FALSE(document);
  CHECK(document.error().code == "invalid");
  return document.error();
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("plain YAML scalars have the types that YAML 1.1 gives them") {
  const std::pair<const char*, Value> cases[] = {
      {"yes", true},
      {"Yes", true},
      {"yEs", "yEs"},
      {"on", true},
      {"OFF", false},
      {"n", "n"},
      {"true", true},
      {"~", nullptr},
      {"", nullptr},
      {"Null", nullptr},
      {"nULL", "nULL"},
      {"0", 0},
      {"012", 10},
      {"018", "018"},
      {"0o7", "0o7"},
      {"0x1F", 31},
      {"-0x_f", -15},
      {"0b101", 5},
      {"1_000", 1000},
      {"+7", 7},
      {"-0", 0},
      {"1:30", 90},
      {"-1:30:05", -5405},
      {"1:60", "1:60"},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"18446744073709551615", std::numeric_limits<std::uint64_t>::max()},
      {"18446744073709551616", 18446744073709551616.0},
      {"1.5", 1.5},
      {"1.", 1.0},
      {".5", 0.5},
      {"-.5", "-.5"},
      {"1e3", "1e3"},
      {"1.0e3", "1.0e3"},
      {"1.0e+3", 1000.0},
      {"1_0.2_5", 10.25},
      {"1:30.5", 90.5},
      {".inf", std::numeric_limits<double>::infinity()},
      {"-.INF", -std::numeric_limits<double>::infinity()},
      {"1.0e+999", std::numeric_limits<double>::infinity()},
      {"2024-05-01", "2024-05-01"},
      {"1.2.3", "1.2.3"},
      {"16Gi", "16Gi"},
      {".", "."},
      {"-", nullptr}};
  for (const auto& [text, value] : cases) {
    if (std::string(text) == "-") continue;
    CHECK(read(std::string("k: ") + text)["k"] == value);
  }
  CHECK(std::isnan(read("k: .NaN")["k"].get<double>()));
}

TEST_CASE("quotes and tags decide a type against the look of the text") {
  CHECK(read("[\"1\", 'yes', !!str 12, !!int '3', !!float 2, !!bool 'on', !!null x]") ==
        Value::parse(R"(["1", "yes", "12", 3, 2.0, true, null])"));
  CHECK(read("!!set {a, b}") == Value::parse(R"({"a": null, "b": null})"));
  CHECK(read("!!timestamp 2024-05-01") == "2024-05-01");
  CHECK(has(fails("a: !Ref x").message, "the tag !Ref is not supported"));
  CHECK(has(fails("a: !!int x").message, "'x' is not of the type !!int"));
  CHECK(has(fails("a: !!python/tuple [1]").message, "python/tuple"));
}

TEST_CASE("YAML maps keep their order and turn every key into text") {
  const auto value = read("z: 1\na: 2\n3: x\n1.5: y\nyes: z\n~: n\n2024-05-01: d\n=: e\n");
  CHECK(core::encode_json(value) ==
        R"({"z":1,"a":2,"3":"x","1.5":"y","true":"z","null":"n","2024-05-01":"d","=":"e"})");
  CHECK(has(fails("? [a]\n: 1\n").message, "a list cannot be the key of a map"));
  const auto unrendered = fails("a: 1\nb: {{ x }}\n");
  CHECK(has(unrendered.message, "values.yaml:2:5"));
  CHECK(has(unrendered.hint, "template"));
}

TEST_CASE("merge keys add what is missing; the first map of a list wins") {
  const auto value = read(
      "a: &a {x: 1, y: 1}\n"
      "b: &b {y: 2, z: 2}\n"
      "one: {<<: *a, y: own}\n"
      "two: {own: 0, <<: [*a, *b]}\n"
      "deep: {<<: {<<: *a, q: 3}}\n");
  CHECK(core::encode_json(value["one"]) == R"({"x":1,"y":"own"})");
  CHECK(core::encode_json(value["two"]) == R"({"y":1,"z":2,"x":1,"own":0})");
  CHECK(core::encode_json(value["deep"]) == R"({"x":1,"y":1,"q":3})");
  CHECK(has(fails("a: &a 1\nb: {<<: *a}\n").message, "values.yaml:2:9: only a map or a list of maps"));
  CHECK(has(fails("a: <<").message, "'<<' has a special meaning"));
  CHECK(read("'<<': 1") == Value{{"<<", 1}});
}

TEST_CASE("aliases copy what they name, and cannot be used as a bomb") {
  CHECK(read("a: &x [1, {b: 2}]\nc: *x\n")["c"] == Value::parse(R"([1, {"b": 2}])"));
  CHECK(has(fails("a: *nowhere").message, "not defined above"));
  CHECK(has(fails("&a [*a]").message, "contains the alias itself"));
  CHECK(has(fails("&a {<<: *a}").message, "contains the alias itself"));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string me = std::to_string(i), below = "*a" + std::to_string(i - 1);
    bomb += "a" + me + ": &a" + me + " [" + below;
    for (int k = 1; k < 10; ++k) bomb += ", " + below;
    bomb += "]\n";
  }
  CHECK(has(fails(bomb).message, "beyond 1000000 nodes"));
  std::string long_text = "a: &a " + std::string(1 << 20, 'x') + "\nb: [";
  for (int i = 0; i < 1000; ++i) long_text += "*a, ";
  CHECK(has(fails(long_text + "]").message, "beyond 1000000 nodes"));
  std::string chain = "a0: &a0 {k: 1}\n";
  for (int i = 1; i < 20000; ++i)
    chain +=
        "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {<<: *a" + std::to_string(i - 1) + "}\n";
  CHECK(has(fails(chain).message, "nested deeper"));
}

TEST_CASE("a key given twice takes its last value and is reported") {
  auto document = core::decode_yaml("a: 1\nb: 2\na: 3\nc: &c {x: 1, x: 2}\nd: *c\n", {.file = "f.yaml"});
  REQUIRE(document);
  CHECK(core::encode_json(document->value) == R"({"a":3,"b":2,"c":{"x":2},"d":{"x":2}})");
  REQUIRE(document->warnings.size() == 2);
  CHECK(document->warnings[0].message ==
        "f.yaml:3:1: key 'a' is given again (first in line 1); the last one is used");
  CHECK(document->warnings[1].line == 4);
  CHECK(document->warnings[1].column == 14);
  auto merged = core::decode_yaml("a: &a {x: 1}\nb: {<<: *a, x: 2}\n");
  CHECK(merged->warnings.empty());
}

TEST_CASE("YAML documents are counted") {
  CHECK(read("").is_null());
  CHECK(read("# only a comment\n").is_null());
  auto all = core::decode_yaml_all("a: 1\n---\n- 2\n---\n---\n...\n");
  REQUIRE(all);
  REQUIRE(all->size() == 4);
  CHECK((*all)[0].value == Value{{"a", 1}});
  CHECK((*all)[1].value == Value::array({2}));
  CHECK((*all)[2].value.is_null());
  const auto two = fails("a: 1\n---\nb: 2\n");
  CHECK(has(two.message, "values.yaml:2:1: a second document starts here"));
  CHECK_FALSE(core::decode_yaml_all("[1]\n[2]\n").ok());
}

TEST_CASE("a YAML error names file, line and column and points at the place") {
  const auto error = fails("name: x\nlist: [1, 2\nnext: 3\n");
  CHECK(error.facts["file"] == "values.yaml");
  CHECK(error.facts["line"] == 3);
  CHECK(has(error.message, "  3 | next: 3\n    | "));
  CHECK(has(error.message, "^"));
  const auto wide = fails("k: \"\xC3\xA9\xC3\xA9\xC3\xA9\" x: y\n");
  CHECK(has(wide.message, "values.yaml:1:"));
  CHECK(has(fails("a:\n\tb: 1\n").message, "values.yaml:2:"));
  CHECK(has(fails("a: b: c\n").hint, "quote"));
  const auto unclosed = fails("a: 1\nb: \"x\nc: 2\n");
  CHECK(has(unclosed.message, "values.yaml:2:4: the quoted string that starts here is not closed"));
  CHECK(has(fails("a: 1\nreplicas 3\nb: 2\n").message, "values.yaml:2:1: a 'key: value' was expected"));
  CHECK(has(fails("a: [1, {b: 2]\n").message, "values.yaml:1:13: ']' does not close the '{'"));
  CHECK(has(fails("a: [1,\n  2\nb: 3").message, "values.yaml:3:2: this is neither a ',' nor the ']'"));
  CHECK(has(fails("a: [1, 2\n").message, "values.yaml:1:4: the '[' opened here is not closed"));
  CHECK(has(fails("a: \"x\" y\n").message, "values.yaml:1:8: this fits neither as the next key"));
  CHECK(has(fails("- a\nb: 1\n").message, "values.yaml:2:1: this fits neither as the next item"));
  CHECK(has(fails("a: @x\n").message, "a value cannot start with '@'"));
  CHECK(has(fails("a: \"\\d\"\n").hint, "single quotes"));
  CHECK(has(fails(std::string("a: \xFF\n")).message, "values.yaml:1:4: a byte that is not UTF-8"));
  CHECK(has(fails(std::string("a: x\x04y\n")).message, "values.yaml:1:5: a control character"));
  CHECK(has(fails(std::string(3000, '[')).message, "values.yaml:1:"));
  CHECK(has(fails(std::string(400000, '[')).message, "values.yaml:1:"));
}

TEST_CASE("loading a YAML file tells apart what can go wrong") {
  const auto path = std::filesystem::temp_directory_path() / "bench_yaml_test.yaml";
  std::ofstream(path) << "\xEF\xBB\xBF"
                         "a: 1\r\nb: [x,\r\n  y]\r\n";
  auto good = core::load_yaml(path.string());
  REQUIRE(good);
  CHECK(core::encode_json(good->value) == R"({"a":1,"b":["x","y"]})");
  std::filesystem::remove(path);
  CHECK(core::load_yaml(path.string()).error().code == "not_found");
  CHECK(core::load_yaml(std::filesystem::temp_directory_path().string()).error().code == "invalid");
}

TEST_CASE("written YAML quotes what would change its type and reads back equal") {
  Value value = Value::array();
  for (const char* text : {"",
                           "yes",
                           "No",
                           "on",
                           "~",
                           "null",
                           "012",
                           "0x1F",
                           "1_000",
                           "1:30",
                           "1e3",
                           "1.0e+3",
                           ".5",
                           ".inf",
                           "2024-05-01",
                           "=",
                           "<<",
                           "- a",
                           "a: b",
                           "a #b",
                           "#a",
                           "a:",
                           ":a",
                           "?",
                           "? a",
                           "-",
                           "--- a",
                           "... a",
                           "[a",
                           "{a",
                           "*a",
                           "&a",
                           "!a",
                           "|",
                           ">",
                           "%a",
                           "@a",
                           "`a",
                           "'",
                           "\"",
                           "it's",
                           " lead",
                           "trail ",
                           "a\nb",
                           "a\n",
                           "\na",

                           "a \nb",
                           "a\n b",
                           "a\n\nb\n\n",
                           "\n",
                           "\xC2\x85",
                           "tab\there",
                           "\x01",
                           "\x7F",
                           "caf\xC3\xA9",
                           "\xF0\x9F\x98\x80",

                           "\xE2\x80\xA8",
                           "\\",
                           "\r\n"})
    value.push_back(text);
  for (Value number :
       {Value(1.0), Value(1e16), Value(1e-5), Value(-0.0), Value(1.5e300), Value(0.1), Value(-3)})
    value.push_back(number);
  for (bool blocks : {false, true}) {
    core::YamlStyle style;
    style.literal_blocks = blocks;
    const auto text =
        core::encode_yaml({{"list", value}, {"map", {{"", value}, {"yes", Value::object()}}}}, style);
    const auto back = read(text);
    REQUIRE(back["list"].size() == value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      INFO(text);
      CHECK(core::encode_json(back["list"][i]) == core::encode_json(value[i]));
    }
    CHECK(back["map"]["yes"] == Value::object());
  }
}

TEST_CASE("written YAML is laid out in one known way") {
  const Value value = {{"b", {1, Value::array(), {{"x", nullptr}, {"y", "a: b"}}}},
                       {"a", {{"k", Value::object()}}}};
  CHECK(core::encode_yaml(value) == "b:\n- 1\n- []\n- x: null\n  y: 'a: b'\na:\n  k: {}\n");
  core::YamlStyle style;
  style.sort_keys = style.indent_lists = true;
  style.indent = 4;
  CHECK(core::encode_yaml(value, style) ==
        "a:\n    k: {}\nb:\n    - 1\n    - []\n    -   x: null\n        y: 'a: b'\n");
  style = {};
  style.flow = true;
  CHECK(core::encode_yaml(value, style) == "{b: [1, [], {x: null, y: 'a: b'}], a: {k: {}}}\n");
  style = {};
  style.literal_blocks = true;
  CHECK(core::encode_yaml({{"s", "one\ntwo\n"}, {"t", "x"}}, style) == "s: |\n  one\n  two\nt: x\n");
  CHECK(core::encode_yaml("x") == "x\n...\n");
  CHECK(core::encode_yaml_all({1, {{"a", 2}}}) == "--- 1\n---\na: 2\n");
  CHECK(core::encode_yaml("\xFF") == "\xEF\xBF\xBD\n...\n");
}

TEST_CASE("an anchor has one place, a comment behind a block's header a blank in front") {
  const auto twice = core::decode_yaml("a: &x 1\nb: &x 2\n");
  REQUIRE_FALSE(twice.ok());
  CHECK(twice.error().message.find("the anchor &x is defined a second time") != std::string::npos);
  CHECK(twice.error().facts["line"] == 2);
  CHECK(core::decode_yaml_all("a: &x 1\n---\nb: &x 2\n").ok());
  CHECK_FALSE(core::decode_yaml("a: |# no\n  text\n").ok());
  CHECK(core::decode_yaml("a: | # yes\n  text\n").ok());
}
