#include "core/yaml_lines.hpp"

#include "catch.hpp"

TEST_CASE("every key and list item of a YAML text has its line") {
  const auto lines = core::yaml_lines(R"(# comment
setup:
  treatments:
    - name: a
      decode.replicas: 1

    - {name: b, decode: {replicas: 2}}
run: [1,
  2]
)");
  REQUIRE(lines.ok());
  CHECK(lines->dump() == R"({"setup":2,"setup.treatments":3,"setup.treatments.0":4,)"
                         R"("setup.treatments.0.name":4,"setup.treatments.0.\"decode.replicas\"":5,)"
                         R"("setup.treatments.1":7,"setup.treatments.1.name":7,)"
                         R"("setup.treatments.1.decode":7,"setup.treatments.1.decode.replicas":7,)"
                         R"("run":8,"run.0":8,"run.1":9})");
}

TEST_CASE("an alias is listed where its anchor stands, also inside itself") {
  const auto lines = core::yaml_lines("a: &x {b: 1}\nc: *x\nd: &y [*y]\n");
  REQUIRE(lines.ok());
  CHECK(lines->dump() == R"({"a":1,"a.b":1,"c":2,"d":3,"d.0":3})");
}

TEST_CASE("an empty text has no lines and a broken one an error") {
  CHECK(core::yaml_lines("")->empty());
  CHECK(core::yaml_lines("just text")->empty());
  const auto broken = core::yaml_lines("a: [1", "file.yaml");
  REQUIRE_FALSE(broken.ok());
  CHECK(broken.error().code == "invalid");
}
