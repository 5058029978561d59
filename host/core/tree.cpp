#include "core/tree.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/fd.hpp"
#include "core/os_error.hpp"
#include "core/text.hpp"

namespace core {

namespace {

constexpr int kDeepest = 256;      // folders held open at the same time
constexpr int kMostRounds = 1000;  // also ends the race against somebody who keeps adding files

/// Removes below one opened top folder; every step is relative to an open folder.
class Removal {
 public:
  Removal(int top_fd, dev_t device) : top_fd_(top_fd), device_(device) {}

  /// Empties the open folder `fd`, called `shown` in errors.
  Result<Done> empty(Fd fd, const std::string& shown, int depth) {
    const int folder = fd.get();
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd.release()), ::closedir);
    if (!dir) return os_error(errno, "list", shown);
    for (errno = 0; const dirent* entry = ::readdir(dir.get()); errno = 0) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (auto removed = remove(folder, name, shown + "/" + name, depth); !removed) return removed;
    }
    if (errno) return os_error(errno, "list", shown);
    return Done{};
  }

  Result<Done> remove(int parent, const std::string& name, const std::string& shown, int depth) {
    struct stat info {};
    if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
      return errno == ENOENT ? Result<Done>(Done{}) : os_error(errno, "remove", shown);
    if (!S_ISDIR(info.st_mode)) return unlink(parent, name, shown, 0);
    if (info.st_dev != device_)
      return Error{"conflict", "cannot remove " + shown + ": another file system is mounted there",
                   "unmount it first"}
          .with("path", shown);
    if (depth == kDeepest) return lift(parent, name, shown);
    Fd fd = open_dir(parent, name);
    if (!fd) return os_error(errno, "remove", shown);
    if (auto emptied = empty(std::move(fd), shown, depth + 1); !emptied) return emptied;
    return unlink(parent, name, shown, AT_REMOVEDIR);
  }

 private:
  /// Too deep to hold every level open: moves the folder up to the top, where a later round meets it.
  Result<Done> lift(int parent, const std::string& name, const std::string& shown) {
    const std::string lifted = ".deep-" + random_id(12);
    if (::renameat(parent, name.c_str(), top_fd_, lifted.c_str()) != 0)
      return os_error(errno, "remove", shown);
    return Done{};
  }

  static Fd open_dir(int parent, const std::string& name) {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    Fd fd(::openat(parent, name.c_str(), kFlags));
    if (fd || errno != EACCES) return fd;
    if (::fchmodat(parent, name.c_str(), 0700, 0) != 0) return fd;  // a folder of ours that nobody may read
    return Fd(::openat(parent, name.c_str(), kFlags));
  }

  static Result<Done> unlink(int parent, const std::string& name, const std::string& shown, int flags) {
    if (::unlinkat(parent, name.c_str(), flags) == 0 || errno == ENOENT) return Done{};
    return os_error(errno, "remove", shown);
  }

  int top_fd_;
  dev_t device_;
};

/// Removes `name` in the open folder `parent`; repeats while deep folders were lifted up to it.
Result<Done> remove_in(int parent, const std::string& name, const std::string& shown) {
  struct stat info {};
  if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? Result<Done>(Done{}) : os_error(errno, "remove", shown);
  Fd top(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  for (int round = 1;; ++round) {
    auto removed = Removal(top.get(), info.st_dev).remove(parent, name, shown, 0);
    const bool again = !removed && top && removed.error().facts.value("errno", "") == "ENOTEMPTY";
    if (!again || round == kMostRounds) return removed;
  }
}

Error refuse(const std::string& path, const std::string& why) {
  return Error{"denied", "refusing to remove " + (path.empty() ? std::string("''") : path) + ": " + why,
               "name the folder itself"}
      .with("path", path);
}

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

Result<Done> check_removable(const std::string& path) {
  const auto name = std::filesystem::path(path).filename().string();
  if (path.empty() || path == "/") return refuse(path, "that would remove everything");
  if (name == "." || name == "..") return refuse(path, "it ends in '" + name + "'");
  const char* home = std::getenv("HOME");
  std::error_code failed;
  if (home && *home && std::filesystem::equivalent(path, home, failed) &&
      !std::filesystem::is_symlink(path, failed))
    return refuse(path, "it is the home folder");
  return Done{};
}

}  // namespace

Result<Done> remove_tree(const std::string& given) {
  const std::string path = without_slashes(given);
  if (auto fine = check_removable(path); !fine) return fine;
  const auto slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Fd fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno == ENOENT ? Result<Done>(Done{}) : os_error(errno, "remove", path);
  return remove_in(fd.get(), slash == std::string::npos ? path : path.substr(slash + 1), path);
}

Result<Done> remove_tree_inside(const std::string& root, const std::string& given) {
  namespace stdfs = std::filesystem;
  const auto absolute = [](const std::string& text) {
    return stdfs::absolute(without_slashes(text)).lexically_normal();
  };
  const auto relative = absolute(given).lexically_relative(absolute(root));
  if (relative.empty() || relative == "." || *relative.begin() == "..")
    return refuse(given, "it is not inside " + root);
  Fd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return os_error(errno, "open", root);
  for (const auto& part : relative.parent_path()) {
    Fd next(::openat(fd.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next && errno == ENOENT) return Done{};
    if (!next && (errno == ELOOP || errno == ENOTDIR))
      return refuse(given, "'" + part.string() + "' on the way is not a real folder");
    if (!next) return os_error(errno, "open", (stdfs::path(root) / part).string());
    fd = std::move(next);
  }
  return remove_in(fd.get(), relative.filename().string(), given);
}

}  // namespace core
