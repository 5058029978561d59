#include <regex>
#include <set>

#include "catch.hpp"
#include "core/text.hpp"

TEST_CASE("sha256 gives the published digests") {
  CHECK(core::sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(core::sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  core::Sha256 pieces;
  pieces.update("a");
  pieces.update("");
  pieces.update("bc");
  CHECK(pieces.hex() == core::sha256("abc"));
}

TEST_CASE("base64 follows RFC 4648 and returns to where it came from") {
  const std::vector<std::pair<std::string, std::string>> known{
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : known) {
    CHECK(core::base64_encode(plain) == coded);
    CHECK(core::base64_decode(coded).value() == plain);
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  CHECK(core::base64_decode(core::base64_encode(all)).value() == all);
}

TEST_CASE("base64 decoding is lenient about form and strict about content") {
  CHECK(core::base64_decode("Zm9v\n Yg").value() == "foob");
  CHECK(core::base64_decode("-_8").value() == core::base64_decode("+/8=").value());
  CHECK(core::base64_decode("Zm9!").error().facts["offset"] == 3);
  CHECK(core::base64_decode("Zm9vY").error().code == "invalid");
  CHECK(core::base64_decode("Zg==Zg==").error().code == "invalid");
  CHECK(core::base64_decode("Zg=").error().code == "invalid");
}

TEST_CASE("random names have their form and do not repeat") {
  const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  const std::regex id("[a-z][a-z0-9]{11}");
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto a = core::uuid4(), b = core::random_id(12);
    CHECK(std::regex_match(a, uuid));
    CHECK(std::regex_match(b, id));
    CHECK(seen.insert(a).second);
    CHECK(seen.insert(b).second);
  }
  CHECK(core::random_id(0).empty());
  CHECK(core::random_id(1).size() == 1);
}
