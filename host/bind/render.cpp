// host.render: Jinja2 templates.
#include "core/fs.hpp"
#include "core/render/engine.hpp"
#include "core/suggest.hpp"
#include "render_values.hpp"
#include "script/stack.hpp"

namespace bind {

namespace {

namespace render = core::render;

// The options that hold functions, which `script::options` cannot read.
constexpr const char* kTables[] = {"filters", "tests", "globals"};

/// Replaces the options at `index` by a copy without the tables of functions.
void split_options(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return;
  if (!lua_istable(L, index))
    throw core::UsageError("argument " + std::to_string(index) + ": expected a table of options");
  lua_newtable(L);
  const int copy = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, copy);
  }
  for (const char* table : kTables) {
    lua_pushnil(L);
    lua_setfield(L, copy, table);
  }
}

render::UndefinedKind undefined_kind(const std::string& name, const std::string& function) {
  static const std::vector<std::string> kNames = {"default", "strict", "chainable", "debug"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<render::UndefinedKind>(i);
  }
  throw core::UsageError(function +
                         ": option 'undefined' is one of default, strict, chainable, debug, not '" + name +
                         "'" + core::did_you_mean(name, kNames));
}

core::Value read_options(lua_State* L, int index, const std::string& function) {
  const int top = lua_gettop(L);
  split_options(L, index);
  const auto opts = script::options(L, lua_gettop(L) > top ? top + 1 : index, function,
                                    {{"name", ""},
                                     {"search", nullptr, "list"},
                                     {"files", nullptr, "table"},
                                     {"trim_blocks", false},
                                     {"lstrip_blocks", false},
                                     {"keep_trailing_newline", false},
                                     {"undefined", "default"},
                                     {"filter_set", "jinja2"},
                                     {"filters", nullptr, "table"},
                                     {"tests", nullptr, "table"},
                                     {"globals", nullptr, "table"}});
  lua_settop(L, top);
  return opts;
}

/// Calls `take(name)` for each entry of the table of functions `table`, with the entry on top of the stack.
template <class Take>
void each_entry(lua_State* L, int index, const char* table, const std::string& function, const Take& take) {
  if (!lua_istable(L, index)) return;
  lua_getfield(L, index, table);
  if (!lua_isnil(L, -1)) {
    if (!lua_istable(L, -1)) throw core::UsageError(function + ": option '" + table + "' must be a table");
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
      if (lua_type(L, -2) != LUA_TSTRING)
        throw core::UsageError(function + ": option '" + std::string(table) + "' needs names as keys");
      take(std::string(lua_tostring(L, -2)));
    }
  }
  lua_pop(L, 1);
}

bool adds_names(lua_State* L, int index) {
  if (!lua_istable(L, index)) return false;
  bool any = false;
  for (const char* table : kTables) {
    lua_getfield(L, index, table);
    any = any || !lua_isnil(L, -1);
    lua_pop(L, 1);
  }
  return any;
}

std::shared_ptr<const render::Registry> read_registry(lua_State* L, int index, const core::Value& opts,
                                                      LuaFunctions& functions, const std::string& function) {
  const std::string set = opts["filter_set"];
  if (set != "jinja2" && set != "plan")
    throw core::UsageError(function + ": option 'filter_set' is 'jinja2' or 'plan', not '" + set + "'");
  const auto base = render::builtin_registry(set == "plan");
  if (!adds_names(L, index)) return base;
  auto registry = std::make_shared<render::Registry>(*base);
  const auto callable = [&](const char* table, const std::string& name) {
    if (!lua_isfunction(L, -1))
      throw core::UsageError(function + ": '" + name + "' in option '" + table + "' must be a function");
    return render::Callable{nullptr, functions.wrap(lua_gettop(L), name)};
  };
  each_entry(L, index, "filters", function,
             [&](const std::string& name) { registry->filters[name] = callable("filters", name); });
  each_entry(L, index, "tests", function,
             [&](const std::string& name) { registry->tests[name] = callable("tests", name); });
  each_entry(L, index, "globals", function, [&](const std::string& name) {
    registry->global(name, lua_isfunction(L, -1) ? functions.wrap(lua_gettop(L), name) : to_render(L, -1));
  });
  return registry;
}

render::Loader read_loader(const core::Value& opts, const std::string& folder, const std::string& function) {
  std::unordered_map<std::string, std::string> files;
  if (opts.contains("files")) {
    for (const auto& [name, text] : opts["files"].items()) {
      if (!text.is_string()) throw core::UsageError(function + ": the file '" + name + "' must be a string");
      files[name] = text;
    }
  }
  std::vector<std::string> folders;
  if (opts.contains("search")) {
    for (const auto& entry : opts["search"]) {
      if (!entry.is_string())
        throw core::UsageError(function + ": option 'search' must be a list of folders");
      folders.push_back(entry);
    }
  } else if (!folder.empty()) {
    folders.push_back(folder);
  }
  return render::make_loader(std::move(files), std::move(folders));
}

constexpr const char* kVariables = "host.render.Variables";

/// What `render.variables` returns: variables that were read from Lua once.
struct Variables {
  SharedTree tree;
};

SharedTree read_variables(lua_State* L, int index) {
  const std::string argument = "argument " + std::to_string(index);
  if (!lua_istable(L, index)) throw core::UsageError(argument + ": expected a table of variables");
  auto tree = script::check_value(L, index);
  if (tree.is_array() && tree.empty()) tree = core::Value::object();
  if (!tree.is_object()) throw core::UsageError(argument + ": variables need names");
  return std::make_shared<const core::Value>(std::move(tree));
}

render::Value read_context(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return render::Value::dict();
  if (luaL_testudata(L, index, kVariables))
    return to_variables(script::check_object<Variables>(L, index, kVariables).tree);
  return to_variables(read_variables(L, index));
}

int l_variables(lua_State* L) {
  script::push_object(L, kVariables, Variables{read_variables(L, 1)});
  return 1;
}

/// `folder`: where to look for other templates unless the options say it.
int render_text(lua_State* L, std::string name, const std::string& text, const std::string& folder,
                const std::string& function) {
  const auto opts = read_options(L, 3, function);
  render::Options options;
  options.trim_blocks = opts["trim_blocks"];
  options.lstrip_blocks = opts["lstrip_blocks"];
  options.keep_trailing_newline = opts["keep_trailing_newline"];
  options.undefined = undefined_kind(opts["undefined"], function);
  if (const std::string given = opts["name"]; !given.empty()) name = given;
  LuaFunctions functions(L);
  auto registry = read_registry(L, 3, opts, functions, function);
  const render::Engine engine(std::move(options), std::move(registry), read_loader(opts, folder, function));
  const auto out = engine.render(name, text, [L] { return read_context(L, 2); });
  if (!out) return script::fail(L, out.error());
  script::push_text(L, *out);
  return 1;
}

int l_text(lua_State* L) { return render_text(L, "", script::check_string(L, 1), "", "render.text"); }

int l_file(lua_State* L) {
  const auto path = script::check_string(L, 1);
  const auto text = core::read_file(path);
  if (!text) return script::fail(L, text.error());
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  return render_text(L, path, *text, folder, "render.file");
}

constexpr script::Function kVariablesMethods[] = {{"__gc", script::collect<Variables>}};

constexpr script::Function kFunctions[] = {
    {"variables", script::guard<l_variables>},
    {"text", script::guard<l_text>},
    {"file", script::guard<l_file>},
};

}  // namespace

int open_render(lua_State* L) {
  script::metatable(L, kVariables, kVariablesMethods);
  lua_pop(L, 1);
  const int count = script::module(L, "host.render", kFunctions);
  script::push(L, core::Value{{"trim_blocks", true}, {"lstrip_blocks", true}, {"filter_set", "plan"}});
  lua_setfield(L, -2, "plan_environment");
  return count;
}

}  // namespace bind
