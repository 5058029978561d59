// From errno to the error values of the program.
#pragma once

#include <string>

#include "core/error.hpp"

namespace core {

/// The error for `number` (an errno) met while doing `action` (a verb: "write", "remove") to `path`, e.g.
/// `cannot write /x/y: no space left on device`. Codes: not_found for what is missing, denied for
/// permissions, read-only and full disks and exhausted limits, conflict for what exists or is busy, timeout,
/// invalid for the rest. Facts: `path`, `errno` (its name). The hint says what to do.
Error os_error(int number, const std::string& action, const std::string& path);

/// The symbolic name, e.g. `ENOSPC`; `E<number>` for unusual ones.
std::string errno_name(int number);

}  // namespace core
