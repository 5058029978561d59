// host.info: what this program is.
#include <nlohmann/json.hpp>

#include "core/executable.hpp"
#include "exit_codes.hpp"
#include "script/stack.hpp"
#include "script/state.hpp"

namespace bind {

int open_info(lua_State* L) {
  core::Value codes = core::Value::object();
  core::Value meanings = core::Value::array();
  for (const auto& code : exit_codes::kAll) {
    codes[code.name] = code.number;
    meanings.push_back({{"code", code.number}, {"name", code.name}, {"meaning", code.meaning}});
  }
  const core::Value info = {{"name", "llmdbenchmark"},
                            {"version", BENCH_VERSION},
                            {"api", 1},
                            {"home", script::home(L)},
                            {"executable", core::executable_path()},
                            {"exit_codes", codes},
                            {"exit_code_list", meanings}};
  script::push(L, info);
  return 1;
}

}  // namespace bind
