#include "core/suggest.hpp"

#include <random>
#include "catch.hpp"

using Words = std::vector<std::string>;

TEST_CASE("edit distance counts single edits and swaps") {
  CHECK(core::edit_distance("", "") == 0);
  CHECK(core::edit_distance("", "abc") == 3);
  CHECK(core::edit_distance("kitten", "sitting") == 3);
  CHECK(core::edit_distance("profle", "profile") == 1);
  CHECK(core::edit_distance("porfile", "profile") == 1);
  CHECK(core::edit_distance("dry-run", "DRY_RUN") == 0);
}

TEST_CASE("a limit changes no distance up to it, and no answer above it") {
  std::mt19937 random(7);
  const auto word = [&] {
    std::string text(random() % 9, 'a');
    for (auto& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::string a = word(), b = word();
    const std::size_t limit = random() % 5, distance = core::edit_distance(a, b);
    const std::size_t limited = core::edit_distance(a, b, limit);
    INFO(a << " " << b << " " << limit);
    CHECK((distance <= limit ? limited == distance : limited > limit));
  }
}

TEST_CASE("a typo finds its word") {
  const Words words{"profile", "limit", "timeout_s", "namespace"};
  CHECK(core::nearest("profle", words) == "profile");
  CHECK(core::nearest("timeout", words) == "timeout_s");
  CHECK(core::nearest("namspace", words) == "namespace");
  CHECK(core::did_you_mean("lmit", words) == " (did you mean 'limit'?)");
}

TEST_CASE("an unrelated word gets no suggestion") {
  const Words words{"profile", "limit", "n"};
  CHECK(core::nearest("kubernetes", words).empty());
  CHECK(core::did_you_mean("zebra", words).empty());
  CHECK(core::nearest("p", words).empty());  // one edit away from "n", but nothing in common
  CHECK(core::nearest("anything", {}).empty());
}

TEST_CASE("several suggestions come best first, without repeats") {
  const Words words{"stands", "standup", "standup", "standupp", "standalone"};
  CHECK(core::nearest_words("standup", words, 3) == Words{"standup", "standupp", "stands"});
  CHECK(core::nearest("concurrency", {"max_concurrency", "currency_code"}) == "max_concurrency");
}
