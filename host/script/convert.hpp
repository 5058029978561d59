// How trees cross the border between C++ and Lua tables.
#pragma once

#include <lua.hpp>

namespace script {

/// First result with which the scheduler resumes a waiting function when the second result is an error
/// to be raised at the caller.
void* raise_sentinel();

}  // namespace script
