// The one list of native modules.
#pragma once

#include <lua.hpp>

namespace script {

/// Registers every `host.<name>` so that `require "host.<name>"` opens it on first use.
void register_modules(lua_State* L);

}  // namespace script
