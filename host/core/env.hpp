// The process environment as scripts see it, and a few facts about the user and the machine.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace core {

/// A copy of the environment, taken once. Changes live in the copy: children started through a Runner get
/// them, this process's own `environ` stays as it was (changing it is not safe once threads run).
class Environment {
 public:
  /// Copies this process's environment and registers the values of secret variables (`holds_secret`).
  Environment();

  std::optional<std::string> get(const std::string& name) const;
  void set(const std::string& name, const std::string& value);
  void unset(const std::string& name);
  const std::map<std::string, std::string>& all() const { return values_; }

 private:
  std::map<std::string, std::string> values_;
};

/// `NAME` -> value, or nothing to remove the variable.
using EnvChanges = std::map<std::string, std::optional<std::string>>;

/// True for a name that can stand in an environment: not empty, no `=`, no NUL.
bool is_env_name(const std::string& name);

/// `NAME=value` lines for execve: `env` with `changes` on top, sorted.
std::vector<std::string> environment_block(const Environment& env, const EnvChanges& changes);

/// Home folder: HOME, else the one of the user database, else "/".
std::string home_dir(const Environment& env);
/// A leading `~` or `~/` becomes the home folder, `~name/` that user's; other text stays as it is.
std::string expand_home(const Environment& env, const std::string& path);

/// Login name of the effective user; `uid-N` if the user database does not know it.
std::string user_name();
std::string host_name();
/// Processors this process may use.
int cpu_count();

}  // namespace core
