#include "core/glob.hpp"

#include <set>

#include <fnmatch.h>

#include "core/fs.hpp"

namespace core {

namespace {

struct Group {
  std::size_t from, to;  // of the braces
  std::vector<std::string> choices;
};

/// The first complete `{...}` with its top-level alternatives.
bool find_group(const std::string& pattern, Group& group) {
  for (auto from = pattern.find('{'); from != std::string::npos; from = pattern.find('{', from + 1)) {
    group = {from, 0, {""}};
    int depth = 0;
    for (std::size_t i = from; i < pattern.size(); ++i) {
      const char c = pattern[i];
      if (c == '{' && depth++ == 0) continue;
      if (c == '}' && --depth == 0) {
        group.to = i;
        return true;
      }
      if (c == ',' && depth == 1)
        group.choices.emplace_back();
      else
        group.choices.back() += c;
    }
  }
  return false;
}

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= path.size();) {
    const auto to = std::min(path.find('/', from), path.size());
    if (to > from) parts.push_back(path.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

bool is_pattern(const std::string& part) { return part.find_first_of("*?[") != std::string::npos; }

/// Matches the parts from `index` on below `base` ("" is the working folder).
class Walk {
 public:
  Walk(std::vector<std::string> parts, std::set<std::string>& found)
      : parts_(std::move(parts)), found_(found) {}

  void from(const std::string& base, std::size_t index) {
    if (index == parts_.size()) {
      if (!base.empty()) found_.insert(base);
      return;
    }
    const std::string& part = parts_[index];
    if (part == "**") return any_depth(base, index);
    if (!is_pattern(part)) {
      if (path_exists(join(base, part))) from(join(base, part), index + 1);
      return;
    }
    for (const auto& entry : entries(base))
      if (::fnmatch(part.c_str(), entry.name.c_str(), FNM_PERIOD) == 0)
        from(join(base, entry.name), index + 1);
  }

 private:
  void any_depth(const std::string& base, std::size_t index) {
    from(base, index + 1);
    const bool last = index + 1 == parts_.size();
    for (const auto& entry : entries(base)) {
      if (entry.name[0] == '.') continue;
      if (entry.type == "dir")
        any_depth(join(base, entry.name), index);
      else if (last)
        found_.insert(join(base, entry.name));
    }
  }

  static std::string join(const std::string& base, const std::string& name) {
    if (base.empty() || base.back() == '/') return base + name;
    return base + "/" + name;
  }

  static std::vector<DirEntry> entries(const std::string& base) {
    auto listed = list_dir(base.empty() ? "." : base);
    return listed ? std::move(*listed) : std::vector<DirEntry>{};
  }

  std::vector<std::string> parts_;
  std::set<std::string>& found_;
};

}  // namespace

std::vector<std::string> expand_braces(const std::string& pattern) {
  Group group;
  if (!find_group(pattern, group)) return {pattern};
  std::vector<std::string> patterns;
  const std::string before = pattern.substr(0, group.from), after = pattern.substr(group.to + 1);
  for (const auto& choice : group.choices)
    for (auto& expanded : expand_braces(before + choice + after)) patterns.push_back(std::move(expanded));
  return patterns;
}

std::vector<std::string> glob(const std::string& pattern) {
  std::set<std::string> found;
  for (const auto& simple : expand_braces(pattern))
    Walk(split_path(simple), found).from(simple.rfind('/', 0) == 0 ? "/" : "", 0);
  return {found.begin(), found.end()};
}

}  // namespace core
