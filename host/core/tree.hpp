// Removal of whole folders, without ever leaving them through a symbolic link.
#pragma once

#include <string>

#include "core/error.hpp"

namespace core {

/// Removes `path` and all below it. Symbolic links are removed, never followed; a folder on another file
/// system (a mount) stops the removal with `conflict`. One that is not there is fine. Refuses (`denied`)
/// "/", "", paths that end in `.` or `..`, and the home folder.
Result<Done> remove_tree(const std::string& path);

/// The same for `path` that must lie inside the folder `root`: refuses (`denied`) a path that is `root`
/// itself, lies outside of it, or reaches its place through a symbolic link below `root`.
Result<Done> remove_tree_inside(const std::string& root, const std::string& path);

}  // namespace core
