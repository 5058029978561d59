#include "core/temp.hpp"

#include <cerrno>
#include <cstdlib>

#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.hpp"
#include "core/os_error.hpp"
#include "core/sessions.hpp"
#include "core/text.hpp"
#include "core/tree.hpp"

namespace core {

namespace {

constexpr char kPrefix[] = "llmdbenchmark-";

std::string temp_base() {
  const char* chosen = std::getenv("TMPDIR");
  std::string base = chosen && *chosen ? chosen : "/tmp";
  while (base.size() > 1 && base.back() == '/') base.pop_back();
  return base;
}

bool is_own_folder(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid();
}

/// Removes folders `llmdbenchmark-<pid>-<start>-<random>` whose process is gone.
void sweep(const std::string& base) {
  auto entries = list_dir(base);
  if (!entries) return;
  for (const auto& entry : *entries) {
    if (entry.type != "dir" || entry.name.rfind(kPrefix, 0) != 0) continue;
    const std::string rest = entry.name.substr(sizeof kPrefix - 1);
    const auto first = rest.find('-'), last = rest.rfind('-');
    if (first == std::string::npos || first == last) continue;
    const int pid = std::atoi(rest.substr(0, first).c_str());
    const std::string start = rest.substr(first + 1, last - first - 1), path = base + "/" + entry.name;
    if (pid > 0 && !process_alive(pid, start) && is_own_folder(path)) (void)remove_tree(path).ok();
  }
}

}  // namespace

TempDirs::~TempDirs() { remove_all(); }

void TempDirs::remove_all() {
  const std::lock_guard lock(mutex_);
  if (!root_.empty()) (void)remove_tree(root_).ok();
  root_.clear();
}

Result<std::string> TempDirs::root() {
  const std::lock_guard lock(mutex_);
  if (!root_.empty()) return root_;
  const std::string base = temp_base();
  sweep(base);
  const int pid = ::getpid();
  const std::string path =
      base + "/" + kPrefix + std::to_string(pid) + "-" + process_start(pid) + "-" + random_id(8);
  if (::mkdir(path.c_str(), 0700) != 0) {
    Error error = os_error(errno, "make temporary folder", path);
    error.hint += "; TMPDIR chooses another place";
    return error;
  }
  root_ = path;
  return root_;
}

Result<std::string> TempDirs::new_path(const std::string& prefix) {
  auto base = root();
  if (!base) return base;
  return *base + "/" + prefix + "-" + random_id(8);
}

Result<std::string> TempDirs::make_dir(const std::string& prefix) {
  auto path = new_path(prefix);
  if (path && ::mkdir(path->c_str(), 0700) != 0) return os_error(errno, "make temporary folder", *path);
  return path;
}

}  // namespace core
