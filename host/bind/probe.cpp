// host.probe: is an endpoint alive, what does it serve, and does it really answer?
#include "core/probe.hpp"

#include "bind/http_options.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

// -- health ---------------------------------------------------------------------------------------------

core::Error to_error(const core::Value& table) {
  core::Error error{table.value("code", "invalid"), table.value("message", ""), table.value("hint", "")};
  for (const auto& [key, fact] : table.items())
    if (key != "code" && key != "message" && key != "hint") error.facts[key] = fact;
  return error;
}

// A Lua function that C++ may ask at any time from the loop. It must not wait.
class Hook {
 public:
  // Takes the function on top of the stack.
  explicit Hook(lua_State* L) : thread_(lua_newthread(L)) {
    lua_insert(L, -2);
    lua_xmove(L, thread_, 1);
    anchor_ = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  ~Hook() { luaL_unref(thread_, LUA_REGISTRYINDEX, anchor_); }
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;

  core::Result<core::Done> ask() const {
    lua_settop(thread_, 1);
    lua_pushvalue(thread_, 1);
    if (lua_pcall(thread_, 0, 2, 0) != 0) {
      const char* text = lua_tostring(thread_, -1);
      return core::Error{"invalid", std::string("while_alive raised: ") + (text ? text : "an error"), ""};
    }
    if (lua_toboolean(thread_, 2) != 0) return core::Done{};
    if (lua_istable(thread_, 3)) return to_error(script::check_value(thread_, 3));
    const bool text = lua_type(thread_, 3) == LUA_TSTRING;
    return core::Error{"exit", text ? lua_tostring(thread_, 3) : "the server ended before it was ready",
                       "see its log"};
  }

 private:
  lua_State* thread_;
  int anchor_ = LUA_NOREF;
};

// Replaces the table at `index` by a copy without `key`; pushes what stood there, or nil.
void take_field(lua_State* L, int index, const char* key) {
  if (!lua_istable(L, index)) return lua_pushnil(L);
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, index) != 0;) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
  lua_getfield(L, -1, key);
  lua_pushnil(L);
  lua_setfield(L, -3, key);
  lua_insert(L, -2);
  lua_replace(L, index);
}

std::function<core::Result<core::Done>()> take_hook(lua_State* L, int index, const char* key) {
  take_field(L, index, key);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return {};
  }
  if (!lua_isfunction(L, -1)) throw core::UsageError(std::string("option '") + key + "' must be a function");
  return [hook = std::make_shared<Hook>(L)] { return hook->ask(); };
}

int push_health(lua_State* L, const core::Health& health) {
  script::push(L, core::Value{{"attempts", health.attempts}, {"seconds", health.seconds}});
  return 1;
}

int l_health(lua_State* L) {
  const auto url = script::check_string(L, 1);
  lua_settop(L, 2);
  core::HealthWait wait;
  wait.while_alive = take_hook(L, 2, "while_alive");
  const auto opts = script::options(L, 2, "probe.health",
                                    http_options({{"path", wait.path},
                                                  {"timeout_s", wait.timeout_s},
                                                  {"interval_s", wait.interval_s},
                                                  {"request_timeout_s", 5.0}}));
  wait.to = http_request("GET", url, opts);
  wait.to.timeout_s = opts["request_timeout_s"].get<double>();
  wait.path = opts["path"];
  wait.timeout_s = opts["timeout_s"].get<double>();
  wait.interval_s = opts["interval_s"].get<double>();
  return script::await(L, [&](script::Waiter waiter) {
    auto& world = waiter.world();
    return core::probe_health(world.http, world.clock, std::move(wait),
                              waiter.callback<core::Health>(push_health));
  });
}

// -- the API --------------------------------------------------------------------------------------------

using Models = std::vector<core::ServedModel>;

int push_names(lua_State* L, const Models& models) {
  core::Value names = core::Value::array();
  for (const auto& model : models) names.push_back(model.id);
  script::push(L, names);
  return 1;
}

int push_details(lua_State* L, const Models& models) {
  core::Value list = core::Value::array();
  for (const auto& model : models) {
    list.push_back({{"id", model.id}});
    if (model.max_model_len > 0) list.back()["max_model_len"] = model.max_model_len;
  }
  script::push(L, list);
  return 1;
}

int l_models(lua_State* L) {
  const auto url = script::check_string(L, 1);
  const auto opts = script::options(L, 2, "probe.models",
                                    http_options({{"timeout_s", 10.0}, {"expect", ""}, {"details", false}}));
  return script::await(L, [&](script::Waiter waiter) {
    return core::probe_models(waiter.world().http, http_request("GET", url, opts), opts["expect"],
                              waiter.callback<Models>(opts["details"] ? push_details : push_names));
  });
}

int push_answer(lua_State* L, const core::CompletionAnswer& answer) {
  core::Value table{{"api", answer.api}, {"text", answer.text}, {"seconds", answer.seconds}};
  if (!answer.model.empty()) table["model"] = answer.model;
  if (!answer.finish_reason.empty()) table["finish_reason"] = answer.finish_reason;
  if (answer.usage.is_object()) table["usage"] = answer.usage;
  script::push(L, table);
  return 1;
}

int l_completion(lua_State* L) {
  const auto url = script::check_string(L, 1);
  core::CompletionTry request;
  const auto opts = script::options(L, 2, "probe.completion",
                                    http_options({{"timeout_s", 60.0},
                                                  {"model", ""},
                                                  {"prompt", "Say hello."},
                                                  {"api", request.api},
                                                  {"max_tokens", request.max_tokens}}));
  request.to = http_request("POST", url, opts);
  request.model = opts["model"];
  request.prompt = opts["prompt"];
  request.api = opts["api"];
  request.max_tokens = static_cast<int>(opts["max_tokens"].get<double>());
  if (request.model.empty()) throw core::UsageError("probe.completion: the option 'model' is needed");
  if (request.api != "auto" && request.api != "completions" && request.api != "chat")
    throw core::UsageError("probe.completion: option 'api' is 'auto', 'completions' or 'chat'");
  return script::await(L, [&](script::Waiter waiter) {
    return core::probe_completion(waiter.world().http, std::move(request),
                                  waiter.callback<core::CompletionAnswer>(push_answer));
  });
}

int push_tokens(lua_State* L, const core::Tokens& tokens) {
  core::Value table{{"count", tokens.ids.size()}, {"ids", tokens.ids}};
  if (tokens.max_model_len > 0) table["max_model_len"] = tokens.max_model_len;
  script::push(L, table);
  return 1;
}

int l_tokenize(lua_State* L) {
  const auto url = script::check_string(L, 1), text = script::check_string(L, 2);
  const auto opts =
      script::options(L, 3, "probe.tokenize", http_options({{"timeout_s", 10.0}, {"model", ""}}));
  return script::await(L, [&](script::Waiter waiter) {
    return core::probe_tokenize(waiter.world().http, http_request("POST", url, opts), opts["model"], text,
                                waiter.callback<core::Tokens>(push_tokens));
  });
}

int push_metrics(lua_State* L, const std::string& text) {
  script::push_text(L, text);
  return 1;
}

int l_metrics(lua_State* L) {
  const auto url = script::check_string(L, 1);
  const auto opts = script::options(L, 2, "probe.metrics", http_options({{"timeout_s", 10.0}}));
  return script::await(L, [&](script::Waiter waiter) {
    return core::probe_metrics(waiter.world().http, http_request("GET", url, opts),
                               waiter.callback<std::string>(push_metrics));
  });
}

constexpr script::Function kFunctions[] = {
    {"health", script::guard<l_health>, script::kWaits},
    {"models", script::guard<l_models>, script::kWaits},
    {"completion", script::guard<l_completion>, script::kWaits},
    {"tokenize", script::guard<l_tokenize>, script::kWaits},
    {"metrics", script::guard<l_metrics>, script::kWaits},
};

}  // namespace

int open_probe(lua_State* L) { return script::module(L, "host.probe", kFunctions); }

}  // namespace bind
