// host.text: digests, encodings, random names, likeness of words.
#include "core/text.hpp"

#include "core/suggest.hpp"
#include "script/stack.hpp"

namespace bind {

namespace {

int l_sha256(lua_State* L) {
  script::push_text(L, core::sha256(script::check_string(L, 1)));
  return 1;
}

int l_base64_encode(lua_State* L) {
  script::push_text(L, core::base64_encode(script::check_string(L, 1)));
  return 1;
}

int l_base64_decode(lua_State* L) {
  const auto decoded = core::base64_decode(script::check_string(L, 1));
  if (!decoded) return script::fail(L, decoded.error());
  script::push_text(L, *decoded);
  return 1;
}

int l_uuid(lua_State* L) {
  script::push_text(L, core::uuid4());
  return 1;
}

int l_random_id(lua_State* L) {
  const auto length = lua_isnoneornil(L, 1) ? 8 : script::check_integer(L, 1);
  if (length < 1 || length > 1000) throw core::UsageError("text.random_id: the length is from 1 to 1000");
  script::push_text(L, core::random_id(static_cast<std::size_t>(length)));
  return 1;
}

int l_nearest(lua_State* L) {
  const auto best = core::nearest(script::check_string(L, 1), script::check_strings(L, 2));
  if (best.empty()) return 0;
  script::push_text(L, best);
  return 1;
}

int l_nearest_words(lua_State* L) {
  const auto word = script::check_string(L, 1);
  const auto candidates = script::check_strings(L, 2);
  const auto opts = script::options(L, 3, "text.nearest_words", {{"limit", 3}});
  const double limit = opts["limit"];
  if (limit < 1) throw core::UsageError("text.nearest_words: limit is at least 1");
  script::push(L, core::Value(core::nearest_words(word, candidates, static_cast<std::size_t>(limit))));
  return 1;
}

int l_did_you_mean(lua_State* L) {
  script::push_text(L, core::did_you_mean(script::check_string(L, 1), script::check_strings(L, 2)));
  return 1;
}

int l_distance(lua_State* L) {
  lua_pushnumber(
      L, static_cast<double>(core::edit_distance(script::check_string(L, 1), script::check_string(L, 2))));
  return 1;
}

constexpr script::Function kFunctions[] = {
    {"sha256", script::guard<l_sha256>},
    {"base64_encode", script::guard<l_base64_encode>},
    {"base64_decode", script::guard<l_base64_decode>},
    {"uuid", script::guard<l_uuid>},
    {"random_id", script::guard<l_random_id>},
    {"nearest", script::guard<l_nearest>},
    {"nearest_words", script::guard<l_nearest_words>},
    {"did_you_mean", script::guard<l_did_you_mean>},
    {"distance", script::guard<l_distance>},
};

}  // namespace

int open_text(lua_State* L) { return script::module(L, "host.text", kFunctions); }

}  // namespace bind
