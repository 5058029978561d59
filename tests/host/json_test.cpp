#include "core/json.hpp"

#include <limits>

#include "catch.hpp"

using core::Value;

namespace {

Value read(const std::string& text) {
  auto value = core::decode_json(text);
  INFO(text);
  if (!value) FAIL(value.error().message);
  return *value;
}

std::string failure(const std::string& text) {
  auto value = core::decode_json(text, {.file = "r.json"});
  INFO(text);
  REQUIRE_FALSE(value);
  CHECK(value.error().code == "invalid");
  CHECK(value.error().facts["file"] == "r.json");
  return value.error().message;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("JSON keeps order, null and 64-bit integers") {
  const auto value =
      read(R"({"z": null, "a": [9223372036854775807, 18446744073709551615, -9223372036854775808],
                              "f": [1.0, 1e3, -0.0, 0.1], "z": 1})");
  CHECK(
      core::encode_json(value) ==
      R"({"z":1,"a":[9223372036854775807,18446744073709551615,-9223372036854775808],"f":[1.0,1000.0,-0.0,0.1]})");
  CHECK(read("18446744073709551616").is_number_float());
  CHECK(read("1e999") == std::numeric_limits<double>::infinity());
  CHECK(read("1e-999") == 0.0);
}

TEST_CASE("JSON strings are checked and unescaped") {
  CHECK(read(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00")") == "\"\\/\b\f\n\r\tA\xC3\xA9\xF0\x9F\x98\x80");
  CHECK(has(failure(R"("\ud83d")"), "surrogate"));
  CHECK(has(failure(R"("\ud83dA")"), "surrogate"));
  CHECK(has(failure(R"("\u12g4")"), "hexadecimal"));
  CHECK(has(failure(R"("\x")"), "unknown escape"));
  CHECK(has(failure("\"a\nb\""), "r.json:1:3: a control character"));
  CHECK(has(failure("\"a\xC0\x80\""), "r.json:1:3: a byte that is not UTF-8"));
  CHECK(has(failure("\"\xED\xA0\x80\""), "not UTF-8"));
  CHECK(has(failure("\"\xF5\x80\x80\x80\""), "not UTF-8"));
}

TEST_CASE("a JSON error says what was expected and points at the place") {
  const auto message = failure("{\n  \"a\": 1,\n  \"b\": tru\n}");
  CHECK(message ==
        "r.json:3:8: a value was expected, but found 'tru'\n"
        "  3 |   \"b\": tru\n"
        "    |        ^");
  CHECK(has(failure("[1, 2,]"), "r.json:1:6: JSON allows no comma behind the last member"));
  CHECK(has(failure("{\"a\" 1}"), "':' was expected after the key, but found '1'"));
  CHECK(has(failure("{a: 1}"), "a key in double quotes was expected, but found 'a'"));
  CHECK(has(failure("[1 2]"), "',' or ']' was expected, but found '2'"));
  CHECK(has(failure("{\"a\": [1"), "the text ends inside the list opened at line 1:7"));
  CHECK(has(failure("\"abc"), "r.json:1:1: the string that starts here is not closed"));
  CHECK(has(failure("1 2"), "more text behind"));
  CHECK(has(failure(""), "the text is empty"));
  CHECK(has(failure("01"), "must not start with 0"));
  CHECK(has(failure("1."), "behind the decimal point"));
  CHECK(has(failure("-"), "a digit was expected"));
  CHECK(has(failure("1e"), "in the exponent"));
  CHECK(has(failure("+1"), "found '+'"));
  CHECK(has(failure("nullx"), "found 'nullx'"));
  CHECK(has(failure(std::string(100000, '[')), "nested deeper than 1000"));
  CHECK(core::decode_json("{'a': True}").error().hint == "");
  CHECK(has(core::decode_json("[True]").error().hint, "Python's spelling"));
}

TEST_CASE("NaN is refused unless it is asked for") {
  CHECK(has(failure("[NaN]"), "r.json:1:2: JSON has no NaN"));
  CHECK(has(failure("[-Infinity]"), "JSON has no NaN"));
  auto value = core::decode_json("[NaN, Infinity, -Infinity]", {.nan = true});
  REQUIRE(value);
  CHECK(core::encode_json(*value, {.nan_literals = true}) == "[NaN,Infinity,-Infinity]");
  CHECK(core::encode_json(*value) == "[null,null,null]");
  CHECK(core::find_not_finite({{"a", {1, {{"b", *value}}}}}) == "a[1].b[0]");
  CHECK(core::find_not_finite({{"a", {1, 2.5}}}).empty());
}

TEST_CASE("JSON is written in the layouts that others write") {
  const Value value = {{"b", {1, 2.5, Value::array()}},
                       {"a", {{"\xC3\xA9\n\x01\xF0\x9F\x98\x80", Value::object()}}}};
  CHECK(core::encode_json(value, {.sort_keys = true, .ascii = true}) ==
        R"({"a":{"\u00e9\n\u0001\ud83d\ude00":{}},"b":[1,2.5,[]]})");
  CHECK(core::encode_json(value, {.spaced = true}) ==
        "{\"b\": [1, 2.5, []], \"a\": {\"\xC3\xA9\\n\\u0001\xF0\x9F\x98\x80\": {}}}");
  CHECK(core::encode_json({{"b", {1, 2}}, {"c", Value::array()}}, {.indent = 2}) ==
        "{\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": []\n}");
  CHECK(core::encode_json("a\xFF"
                          "b") ==
        "\"a\xEF\xBF\xBD"
        "b\"");
}

TEST_CASE("doubles are written as the shortest text that reads back equal") {
  const std::pair<double, const char*> cases[] = {{0.1, "0.1"},
                                                  {1.0, "1.0"},
                                                  {100.0, "100.0"},
                                                  {123456.789, "123456.789"},
                                                  {1e15, "1000000000000000.0"},
                                                  {1e16, "1e+16"},
                                                  {1e-4, "0.0001"},
                                                  {1e-5, "1e-05"},
                                                  {1.5e-7, "1.5e-07"},
                                                  {-2.5, "-2.5"},
                                                  {1e300, "1e+300"},
                                                  {5e-324, "5e-324"},
                                                  {0.30000000000000004, "0.30000000000000004"}};
  for (const auto& [number, text] : cases) CHECK(core::encode_json(number) == text);
}
