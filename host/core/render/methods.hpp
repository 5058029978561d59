// The tables of methods, one per type.
#pragma once

#include <string_view>

#include "core/render/builtins.hpp"

namespace core::render::methods {

/// Null if the type has no method of that name.
Function of_str(std::string_view name);
Function of_str_search(std::string_view name);
Function of_str_format(std::string_view name);
Function of_list(std::string_view name);
Function of_tuple(std::string_view name);
Function of_dict(std::string_view name);
Function of_int(std::string_view name);
Function of_float(std::string_view name);
/// Those that all containers have: `__len__`, `__getitem__`, `__contains__`.
Function of_any(std::string_view name);

/// Picks from a table of rows { name, function }.
template <class Table>
Function pick(const Table& table, std::string_view name) {
  for (const auto& [known, function] : table)
    if (name == known) return function;
  return nullptr;
}

}  // namespace core::render::methods
