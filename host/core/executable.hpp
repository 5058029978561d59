// The file of the running program.
#pragma once

#include <string>

namespace core {

/// Absolute path of this program's binary; "" if the system does not tell.
std::string executable_path();

}  // namespace core
