// Advisory locks between processes, with a note of who holds them.
#pragma once

#include <memory>
#include <string>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/fd.hpp"

namespace core {

/// A held lock; released by `release` or the destructor, and by the kernel if the process dies.
class FileLock {
 public:
  FileLock(std::string path, Fd fd, std::string broken)
      : path_(std::move(path)), fd_(std::move(fd)), broken_(std::move(broken)) {}
  ~FileLock() { release(); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  void release();
  const std::string& path() const { return path_; }
  /// Who held it before and died without releasing it; "" if nobody.
  const std::string& broken() const { return broken_; }

 private:
  std::string path_;
  Fd fd_;
  std::string broken_;
};

/// Takes the lock file `path` at once, or says in a `conflict` who holds it (facts: `holder` with pid, host,
/// user, since, purpose). `purpose` is a few words for whoever meets the lock. A file left by a dead process
/// is no lock: it is taken over.
Result<std::shared_ptr<FileLock>> try_lock(const std::string& path, const std::string& purpose,
                                           std::int64_t wall_ns);

/// Waits up to `timeout_s` for it, trying ten times a second; then fails like `try_lock`, with code
/// `timeout`.
Cancel lock(Clock& clock, const std::string& path, const std::string& purpose, double timeout_s,
            Callback<std::shared_ptr<FileLock>> done);

}  // namespace core
