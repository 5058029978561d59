#include "core/env.hpp"

#include <climits>
#include <thread>

#include <pwd.h>
#include <sched.h>
#include <unistd.h>

#include "core/redact.hpp"

extern char** environ;

namespace core {

Environment::Environment() {
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string line = *entry;
    const auto equals = line.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    set(line.substr(0, equals), line.substr(equals + 1));
  }
}

std::optional<std::string> Environment::get(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

void Environment::set(const std::string& name, const std::string& value) {
  if (holds_secret(name, value)) register_secret(value);
  values_[name] = value;
}

void Environment::unset(const std::string& name) { values_.erase(name); }

bool is_env_name(const std::string& name) {
  return !name.empty() && name.find('=') == std::string::npos && name.find('\0') == std::string::npos;
}

std::vector<std::string> environment_block(const Environment& env, const EnvChanges& changes) {
  auto values = env.all();
  for (const auto& [name, value] : changes) {
    if (value)
      values[name] = *value;
    else
      values.erase(name);
  }
  std::vector<std::string> block;
  for (const auto& [name, value] : values) block.push_back(name + "=" + value);
  return block;
}

namespace {

struct User {
  std::string name, home;
};

template <class Lookup>
std::optional<User> find_user(Lookup lookup) {
  passwd entry{}, *found = nullptr;
  std::string buffer(16384, '\0');
  if (lookup(&entry, buffer.data(), buffer.size(), &found) != 0 || !found) return std::nullopt;
  return User{entry.pw_name, entry.pw_dir};
}

std::optional<User> current_user() {
  return find_user([](passwd* entry, char* buffer, std::size_t size, passwd** found) {
    return getpwuid_r(geteuid(), entry, buffer, size, found);
  });
}

std::optional<User> user_named(const std::string& name) {
  return find_user([&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
    return getpwnam_r(name.c_str(), entry, buffer, size, found);
  });
}

}  // namespace

std::string home_dir(const Environment& env) {
  if (const auto home = env.get("HOME"); home && !home->empty()) return *home;
  const auto user = current_user();
  return user && !user->home.empty() ? user->home : "/";
}

std::string expand_home(const Environment& env, const std::string& path) {
  if (path.empty() || path[0] != '~') return path;
  const auto slash = std::min(path.find('/'), path.size());
  const std::string name = path.substr(1, slash - 1), rest = path.substr(slash);
  if (name.empty()) return home_dir(env) + rest;
  const auto user = user_named(name);
  return user ? user->home + rest : path;
}

std::string user_name() {
  const auto user = current_user();
  return user && !user->name.empty() ? user->name : "uid-" + std::to_string(geteuid());
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] ? name : "localhost";
}

int cpu_count() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace core
