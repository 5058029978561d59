#include "core/fs.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/fd.hpp"
#include "core/os_error.hpp"
#include "core/text.hpp"
#include "core/tree.hpp"

namespace core {

namespace {

constexpr std::size_t kBlockBytes = 256 * 1024;

std::string type_name(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "dir";
  return S_ISLNK(mode) ? "symlink" : "other";
}

/// Calls `use(block)` for the whole content; 0 or an errno.
template <class Use>
int read_blocks(int fd, Use use) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kBlockBytes);
  for (;;) {
    const ssize_t got = ::read(fd, buffer.get(), kBlockBytes);
    if (got == 0) return 0;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (const int error = use(std::string_view(buffer.get(), static_cast<std::size_t>(got)))) return error;
  }
}

int write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t put = ::write(fd, data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    data.remove_prefix(static_cast<std::size_t>(put));
  }
  return 0;
}

Fd open_file(const std::string& path, int flags, mode_t mode = 0666) {
  return Fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
}

/// Where writing to `path` really goes: the end of a chain of symbolic links.
std::string resolve_link(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_symlink(path, ignored)) return path;
  const auto real = std::filesystem::weakly_canonical(path, ignored);
  return ignored ? path : real.string();
}

/// A new file under a temporary name; gone again unless committed.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)), temporary_(temporary_name(path_)) {}
  ~Draft() {
    if (fd_) ::unlink(temporary_.c_str());
  }

  Result<Done> open() {
    fd_ = open_file(temporary_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (!fd_) return os_error(errno, "write", path_);
    return Done{};
  }
  int fd() const { return fd_.get(); }

  Result<Done> commit(int mode, bool sync) {
    if (mode >= 0 && ::fchmod(fd(), static_cast<mode_t>(mode)) != 0) return os_error(errno, "write", path_);
    if (sync && ::fsync(fd()) != 0) return os_error(errno, "write", path_);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return os_error(errno, "write", path_);
    fd_.reset();
    return sync ? sync_dir(parent_of(path_)) : Done{};
  }

 private:
  std::string path_, temporary_;
  Fd fd_;
};

Result<Done> write_in_place(const std::string& path, std::string_view data) {
  const Fd fd = open_file(path, O_WRONLY | O_NOCTTY);
  const int error = fd ? write_all(fd.get(), data) : errno;
  if (error) return os_error(error, "write", path);
  return Done{};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::uint64_t limit_bytes) {
  const Fd fd = open_file(path, O_RDONLY);
  if (!fd) return os_error(errno, "read", path);
  std::string content;
  const int error = read_blocks(fd.get(), [&](std::string_view block) {
    content += block;
    return content.size() > limit_bytes ? EFBIG : 0;
  });
  if (error == EFBIG)
    return Error{"invalid",
                 "cannot read " + path + ": it has more than " + std::to_string(limit_bytes) + " bytes",
                 "raise limit_bytes, or read it in pieces"}
        .with("path", path);
  if (error) return os_error(error, "read", path);
  return content;
}

Result<Done> write_file(const std::string& path, std::string_view data, WriteOptions options) {
  const std::string real = resolve_link(path);
  struct stat old {};
  const bool exists = ::stat(real.c_str(), &old) == 0;
  if (exists && S_ISDIR(old.st_mode)) return os_error(EISDIR, "write", path);
  if (exists && !S_ISREG(old.st_mode)) return write_in_place(real, data);
  Draft draft(real);
  if (auto opened = draft.open(); !opened) return opened;
  if (const int error = write_all(draft.fd(), data)) return os_error(error, "write", path);
  const int kept_mode = exists ? static_cast<int>(old.st_mode & 07777) : -1;
  return draft.commit(options.mode >= 0 ? options.mode : kept_mode, options.sync);
}

namespace {

constexpr int kAppendPatience_ms = 2000;  // an append of another writer takes milliseconds

Result<Done> lock_for_append(int fd, const std::string& path) {
  for (int waited_ms = 0; ::flock(fd, LOCK_EX | LOCK_NB) != 0; ++waited_ms) {
    if (errno != EWOULDBLOCK && errno != EINTR) return os_error(errno, "lock", path);
    if (waited_ms == kAppendPatience_ms)
      return Error{"conflict", "cannot append to " + path + ": somebody keeps it locked",
                   "the program that writes it as its journal must close it first"}
          .with("path", path);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return Done{};
}

}  // namespace

Result<Done> append_file(const std::string& path, std::string_view data) {
  const bool is_new = !path_exists(path);
  const Fd fd = open_file(path, O_WRONLY | O_APPEND | O_CREAT);
  if (!fd) return os_error(errno, "append to", path);
  if (auto locked = lock_for_append(fd.get(), path); !locked) return locked;
  struct stat before {};
  if (::fstat(fd.get(), &before) != 0) return os_error(errno, "append to", path);
  int error = write_all(fd.get(), data);
  if (!error && ::fsync(fd.get()) != 0 && errno != EINVAL) error = errno;  // EINVAL: a pipe or device
  if (error) {
    if (S_ISREG(before.st_mode) && ::ftruncate(fd.get(), before.st_size) != 0)
      return os_error(errno, "undo a failed append to", path);
    return os_error(error, "append to", path);
  }
  return is_new ? sync_dir(parent_of(path)) : Done{};
}

Result<Done> make_dirs(const std::string& path) {
  if (path.empty()) return os_error(ENOENT, "make folder", "''");
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (::mkdir(part.c_str(), 0777) != 0) {
      const int error = errno;
      struct stat found {};
      const bool is_dir = ::stat(part.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
      if (!is_dir) return os_error(error == EEXIST ? ENOTDIR : error, "make folder", part);
    }
    if (at == std::string::npos) return Done{};
  }
}

Result<std::vector<DirEntry>> list_dir(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), ::closedir);
  if (!dir) return os_error(errno, "list", path);
  std::vector<DirEntry> entries;
  for (errno = 0; const dirent* entry = ::readdir(dir.get()); errno = 0) {
    const std::string name = entry->d_name;
    struct stat info {};
    if (name == "." || name == "..") continue;
    if (::fstatat(dirfd(dir.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
      continue;  // just vanished
    entries.push_back({name, type_name(info.st_mode)});
  }
  if (errno) return os_error(errno, "list", path);
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Result<FileInfo> stat_path(const std::string& path, bool follow) {
  struct stat info {};
  if ((follow ? ::stat : ::lstat)(path.c_str(), &info) != 0) return os_error(errno, "look at", path);
  FileInfo result;
  result.type = type_name(info.st_mode);
  result.size_bytes = info.st_size;
  result.modified_s =
      static_cast<double>(info.st_mtim.tv_sec) + static_cast<double>(info.st_mtim.tv_nsec) / 1e9;
  result.mode = static_cast<int>(info.st_mode & 07777);
  std::error_code ignored;
  if (result.type == "symlink") result.target = std::filesystem::read_symlink(path, ignored).string();
  return result;
}

bool path_exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

namespace {

Result<Done> copy_file(const std::string& from, const std::string& to, mode_t mode) {
  const Fd source = open_file(from, O_RDONLY);
  if (!source) return os_error(errno, "copy", from);
  struct stat target {};
  if (::stat(to.c_str(), &target) == 0 && S_ISDIR(target.st_mode))
    return os_error(EISDIR, "copy " + from + " to", to);
  Draft draft(to);
  if (auto opened = draft.open(); !opened) return opened;
  bool reading = true;
  const int error = read_blocks(source.get(), [&](std::string_view block) {
    const int failed = write_all(draft.fd(), block);
    reading = failed == 0;
    return failed;
  });
  if (error) return os_error(error, reading ? "read" : "write", reading ? from : to);
  return draft.commit(static_cast<int>(mode & 07777), true);
}

Result<Done> copy_dir(const std::string& from, const std::string& to, mode_t mode) {
  auto entries = list_dir(from);  // before the target exists: it may be inside
  if (!entries) return entries.error();
  const auto inside =
      std::filesystem::weakly_canonical(to).lexically_relative(std::filesystem::canonical(from));
  if (!inside.empty() && *inside.begin() != "..")
    return Error{"invalid", "cannot copy " + from + " into itself (" + to + ")"}.with("path", to);
  if (auto made = make_dirs(to); !made) return made;
  for (const auto& entry : *entries)
    if (auto copied = copy_path(from + "/" + entry.name, to + "/" + entry.name); !copied) return copied;
  if (::chmod(to.c_str(), mode & 07777) != 0) return os_error(errno, "set the mode of", to);
  return Done{};
}

Result<Done> move_across(const std::string& from, const std::string& to) {
  const std::string draft = temporary_name(to);
  auto copied = copy_path(from, draft);
  if (copied && ::rename(draft.c_str(), to.c_str()) != 0)
    copied = os_error(errno, "move " + from + " to", to);
  if (copied) return remove_tree(from);
  auto undone = remove_tree(draft);
  if (!undone) copied.error().hint += " (and " + draft + " was left behind)";
  return copied;
}

}  // namespace

Result<Done> copy_path(const std::string& from, const std::string& to) {
  struct stat info {};
  if (::lstat(from.c_str(), &info) != 0) return os_error(errno, "copy", from);
  if (S_ISREG(info.st_mode)) return copy_file(from, to, info.st_mode);
  if (S_ISDIR(info.st_mode)) return copy_dir(from, to, info.st_mode);
  if (!S_ISLNK(info.st_mode))
    return Error{"invalid", "cannot copy " + from + ": neither a file, a folder nor a link"}.with("path",
                                                                                                  from);
  std::error_code failed;
  const auto target = std::filesystem::read_symlink(from, failed);
  if (failed) return os_error(failed.value(), "copy", from);
  return make_symlink(target.string(), to);
}

Result<Done> move_path(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return Done{};
  if (errno != EXDEV) return os_error(errno, "move " + from + " to", to);
  return move_across(from, to);
}

Result<Done> make_symlink(const std::string& target, const std::string& path) {
  struct stat old {};
  if (::lstat(path.c_str(), &old) == 0 && !S_ISLNK(old.st_mode)) return os_error(EEXIST, "make link", path);
  const std::string draft = temporary_name(path);
  if (::symlink(target.c_str(), draft.c_str()) != 0) return os_error(errno, "make link", path);
  if (::rename(draft.c_str(), path.c_str()) == 0) return Done{};
  const int error = errno;
  ::unlink(draft.c_str());
  return os_error(error, "make link", path);
}

Result<Done> remove_path(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return Done{};
  const int error = errno;
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return os_error(error, "remove", path);
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return os_error(errno, "remove", path);
  return Done{};
}

Result<std::string> sha256_file(const std::string& path) {
  const Fd fd = open_file(path, O_RDONLY);
  if (!fd) return os_error(errno, "read", path);
  Sha256 digest;
  const int error = read_blocks(fd.get(), [&](std::string_view block) {
    digest.update(block);
    return 0;
  });
  if (error) return os_error(error, "read", path);
  return digest.hex();
}

std::string temporary_name(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto at = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(0, at) + "." + path.substr(at, 180) + ".tmp-" + std::to_string(::getpid()) + "-" +
         random_id(6);
}

Result<Done> sync_dir(const std::string& path) {
  const Fd fd = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!fd) return os_error(errno, "open folder", path);
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return os_error(errno, "save folder", path);
  return Done{};
}

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace core
