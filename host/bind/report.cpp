// host.report: the benchmark report format, its check and its text.
#include "core/report.hpp"

#include "script/stack.hpp"

namespace bind {

namespace {

namespace report = core::report;

int l_validate(lua_State* L) { return script::push_result(L, report::validate(script::check_value(L, 1))); }

int l_encode(lua_State* L) {
  const core::Value tree = script::check_value(L, 1);
  const std::string format = script::check_string(L, 2);
  if (format != "yaml" && format != "json")
    throw core::UsageError("report.encode: format is 'yaml' or 'json'");
  script::push_text(L, format == "yaml" ? report::to_yaml(tree) : report::to_json(tree));
  return 1;
}

int l_fields(lua_State* L) {
  script::push(L, report::fields());
  return 1;
}

constexpr script::Function kFunctions[] = {
    {"validate", script::guard<l_validate>},
    {"encode", script::guard<l_encode>},
    {"fields", script::guard<l_fields>},
};

}  // namespace

int open_report(lua_State* L) {
  const int count = script::module(L, "host.report", kFunctions);
  lua_pushstring(L, report::kVersion);
  lua_setfield(L, -2, "version");
  return count;
}

}  // namespace bind
