#include "render_values.hpp"

#include "core/error.hpp"
#include "core/render/operators.hpp"
#include "script/stack.hpp"

namespace bind {

namespace {

using core::render::Arguments;
using core::render::Kind;
using core::render::Value;

// -- Lua to templates --------------------------------------------------------------------------------------

Value from_tree(const core::Value& tree) {
  using Type = core::Value::value_t;
  switch (tree.type()) {
    case Type::boolean:
      return tree.get<bool>();
    case Type::number_integer:
    case Type::number_unsigned:
      return tree.get<std::int64_t>();
    case Type::number_float:
      return tree.get<double>();
    case Type::string:
      return tree.get_ref<const std::string&>();
    case Type::array: {
      core::render::Values items;
      items.reserve(tree.size());
      for (const auto& item : tree) items.push_back(from_tree(item));
      return Value::list(std::move(items));
    }
    case Type::object: {
      auto dict = core::render::make<core::render::Dict>();
      dict->reserve(tree.size());
      for (const auto& [key, value] : tree.get_ref<const core::Value::object_t&>())
        dict->set(Value(key), from_tree(value));
      return dict;
    }
    default:
      return Value::none();
  }
}

/// A variable that no template has asked for yet.
class Deferred final : public core::render::Object {
 public:
  Deferred(SharedTree whole, const core::Value& part) : whole_(std::move(whole)), part_(part) {}
  std::string type_name() const override { return "deferred"; }
  void settle(Value& place) override { place = from_tree(part_); }  // the end of this object

 private:
  const SharedTree whole_;
  const core::Value& part_;
};

// -- templates to Lua --------------------------------------------------------------------------------------

core::Value to_tree(const Value& value);

core::Value list_tree(const Value& value) {
  core::Value list = core::Value::array();
  const auto steps = core::render::iterate(value);
  for (Value item; steps->next(item);) list.push_back(to_tree(item));
  return list;
}

core::Value dict_tree(const core::render::Dict& dict) {
  core::Value object = core::Value::object();
  for (const auto& entry : dict.entries()) {
    if (!entry.key.is_missing()) object[core::render::str(entry.key)] = to_tree(entry.value);
  }
  return object;
}

core::Value to_tree(const Value& value) {
  const core::render::DepthGuard guard;
  switch (value.kind()) {
    case Kind::kMissing:
    case Kind::kUndefined:
    case Kind::kNone:
      return nullptr;
    case Kind::kBool:
      return value.as_bool();
    case Kind::kInt:
      return value.as_int();
    case Kind::kFloat:
      return value.as_double();
    case Kind::kString:
      return value.as_string();
    case Kind::kList:
    case Kind::kTuple:
      return list_tree(value);
    case Kind::kDict:
      return dict_tree(value.as_dict());
    case Kind::kObject:
      break;
  }
  const bool sequence = value.as<core::render::Generator>() || value.as<core::render::Range>() ||
                        value.as<core::render::DictView>();
  return sequence ? list_tree(value) : core::Value(core::render::str(value));
}

// -- functions ---------------------------------------------------------------------------------------------

class LuaFunction final : public core::render::Object {
 public:
  LuaFunction(lua_State* L, int reference, std::string name)
      : L_(L), reference_(reference), name_(std::move(name)) {}

  std::string type_name() const override { return "function"; }
  std::string repr() const override { return "<function " + name_ + ">"; }
  bool is_callable() const override { return true; }
  Value call(core::render::Runtime& runtime, Arguments& arguments) override;

 private:
  void push_arguments(const Arguments& arguments) const;

  lua_State* L_;
  int reference_;
  std::string name_;
};

void LuaFunction::push_arguments(const Arguments& arguments) const {
  for (const auto& value : arguments.positional) push_render(L_, value);
  if (arguments.keyword.empty()) return;
  lua_newtable(L_);
  for (const auto& [name, value] : arguments.keyword) {
    script::push_text(L_, name->bytes());
    push_render(L_, value);
    lua_rawset(L_, -3);
  }
}

std::string error_text(lua_State* L) {
  if (lua_istable(L, -1)) lua_getfield(L, -1, "message");
  const char* text = lua_tostring(L, -1);
  return text ? text : "an error without a message";
}

Value LuaFunction::call(core::render::Runtime& runtime, Arguments& arguments) {
  const int top = lua_gettop(L_);
  const auto count = static_cast<int>(arguments.positional.size()) + (arguments.keyword.empty() ? 0 : 1);
  if (!lua_checkstack(L_, count + 16))
    core::render::raise("RecursionError", "no room for the call of " + name_);
  lua_rawgeti(L_, LUA_REGISTRYINDEX, reference_);
  push_arguments(arguments);
  if (lua_pcall(L_, count, 1, 0) != 0) {
    const std::string text = error_text(L_);
    lua_settop(L_, top);
    core::render::raise("RuntimeError", name_ + ": " + text);
  }
  try {
    Value result = lua_isnil(L_, -1) ? runtime.undefined_hint(name_ + " gave nothing") : to_render(L_, -1);
    lua_settop(L_, top);
    return result;
  } catch (const core::UsageError& error) {
    lua_settop(L_, top);
    core::render::raise("TypeError", name_ + ": " + error.what());
  }
}

}  // namespace

core::render::Value to_variables(const SharedTree& tree) {
  if (!tree->is_object()) return from_tree(*tree);
  auto dict = core::render::make<core::render::Dict>();
  dict->reserve(tree->size());
  for (const auto& [key, value] : tree->get_ref<const core::Value::object_t&>()) {
    const bool plain = !value.is_structured();
    dict->set(Value(key), plain ? from_tree(value) : Value(core::render::make<Deferred>(tree, value)));
  }
  return dict;
}

core::render::Value to_render(lua_State* L, int index) { return from_tree(script::check_value(L, index)); }

void push_render(lua_State* L, const core::render::Value& value) {
  if (value.is_undefined() || value.is_missing()) return lua_pushnil(L);
  script::push(L, to_tree(value));
}

LuaFunctions::~LuaFunctions() {
  for (const int reference : references_) luaL_unref(L_, LUA_REGISTRYINDEX, reference);
}

core::render::Value LuaFunctions::wrap(int index, const std::string& name) {
  lua_pushvalue(L_, index);
  references_.push_back(luaL_ref(L_, LUA_REGISTRYINDEX));
  return core::render::make<LuaFunction>(L_, references_.back(), name);
}

}  // namespace bind
