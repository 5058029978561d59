#include "core/runner.hpp"

#include <cerrno>
#include <map>
#include <mutex>
#include <utility>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/os_error.hpp"
#include "core/redact.hpp"
#include "core/suggest.hpp"

namespace core {

Cancel run(Runner& runner, Command command, Callback<Finished> done) {
  const double grace_s = command.grace_s;
  auto child = runner.start(std::move(command));
  if (!child) {
    done(child.error());
    return {};
  }
  (*child)->wait(std::move(done));
  return [child = *child, grace_s] { child->end(grace_s, true); };
}

namespace {

bool is_plain_word(std::string word) {
  static constexpr char kPlain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%_+=:,./-";
  if (const auto hidden = word.find(kRedacted); hidden != std::string::npos)
    word.replace(hidden, kRedacted.size(), "x");
  return !word.empty() && word.find_first_not_of(kPlain) == std::string::npos;
}

}  // namespace

std::string shell_quote(const std::string& word) {
  if (is_plain_word(word)) return word;
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

std::string command_text(const std::vector<std::string>& argv) {
  std::string text;
  for (const auto& word : redact_argv(argv)) {
    if (!text.empty()) text += ' ';
    text += shell_quote(word);
  }
  return text;
}

namespace {

std::vector<std::string> split_search_path(const std::string& path) {
  std::vector<std::string> folders;
  for (std::size_t from = 0; from <= path.size();) {
    const auto to = std::min(path.find(':', from), path.size());
    folders.push_back(to == from ? "." : path.substr(from, to - from));
    from = to + 1;
  }
  return folders;
}

bool is_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

bool may_run(const std::string& path) { return is_file(path) && ::access(path.c_str(), X_OK) == 0; }

std::vector<std::string> programs_in(const std::vector<std::string>& folders) {
  std::vector<std::string> names;
  for (const auto& folder : folders) {
    DIR* dir = ::opendir(folder.c_str());
    if (!dir) continue;
    while (const dirent* entry = ::readdir(dir)) names.emplace_back(entry->d_name);
    ::closedir(dir);
  }
  return names;
}

/// The suggestion for a program that is not on `path`. Remembered: listing all programs takes a millisecond,
/// and whoever lacks a tool is often asked for it again.
std::string suggested_program(const std::string& name, const std::string& path) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, std::string>, std::string> known;
  const std::lock_guard lock(mutex);
  const auto [at, is_new] = known.try_emplace({name, path});
  if (is_new) at->second = did_you_mean(name, programs_in(split_search_path(path)));
  return at->second;
}

Error not_runnable(const std::string& path) {
  return Error{"denied", "cannot run " + path + ": it is not executable", "chmod +x " + shell_quote(path)}
      .with("path", path);
}

Result<std::string> check_program(const std::string& path) {
  if (may_run(path)) return path;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return os_error(errno, "run", path);
  if (S_ISDIR(info.st_mode)) return os_error(EISDIR, "run", path);
  return not_runnable(path);
}

}  // namespace

Result<std::string> find_program(const std::string& name, const std::string& path) {
  if (name.empty()) return Error{"invalid", "cannot run '': the name of the program is empty"};
  if (name.find('/') != std::string::npos) return check_program(name);
  const auto folders = split_search_path(path);
  std::string blocked;
  for (const auto& folder : folders) {
    const std::string candidate = folder + "/" + name;
    if (may_run(candidate)) return candidate;
    if (blocked.empty() && is_file(candidate)) blocked = candidate;
  }
  if (!blocked.empty()) return not_runnable(blocked);
  return Error{"not_found",
               "cannot run " + name + ": no such program on PATH" + suggested_program(name, path),
               "install " + name + ", or add its folder to PATH"}
      .with("program", name);
}

}  // namespace core
