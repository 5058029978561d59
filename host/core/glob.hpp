// File names by pattern.
#pragma once

#include <string>
#include <vector>

namespace core {

/// Paths that match `pattern`, sorted: `*`, `?`, `[a-z]` inside one name, `**` for any number of folders
/// (symbolic links to folders are not descended into), `{a,b}` for alternatives. A leading dot must be
/// written out. Without a match, or in a folder that cannot be read, the list is empty. Relative patterns
/// give relative paths.
std::vector<std::string> glob(const std::string& pattern);

/// The patterns that `{a,b}` groups stand for, nested ones too; an unclosed brace is an ordinary character.
std::vector<std::string> expand_braces(const std::string& pattern);

}  // namespace core
