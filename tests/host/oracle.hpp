// Asks independent implementations (Python modules) what they make of the same input.
#pragma once

#include <optional>
#include <string>

#include "core/value.hpp"

/// Runs tests/host/oracle/<script> with `arguments` and parses what it prints. Nothing, after a visible
/// warning, when Python or the module that the script needs is missing.
std::optional<core::Value> ask_oracle(const std::string& script, const std::string& arguments);
