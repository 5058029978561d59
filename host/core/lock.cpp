#include "core/lock.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/env.hpp"
#include "core/fs.hpp"
#include "core/json.hpp"
#include "core/os_error.hpp"
#include "core/sessions.hpp"

namespace core {

namespace {

constexpr double kRetryS = 0.1;

std::string describe(const Value& holder) {
  const auto text = [&](const char* key) {
    const auto found = holder.find(key);
    if (found == holder.end() || found->is_structured()) return std::string("?");
    return found->is_string() ? found->get<std::string>() : encode_json(*found);
  };
  return "process " + text("pid") + " of " + text("user") + " on " + text("host") + ", since " +
         text("since") + (text("purpose").empty() ? "" : " (" + text("purpose") + ")");
}

Value note_of(const std::string& path) {
  auto text = read_file(path, 64 * 1024);
  if (!text) return nullptr;
  const auto note = decode_json(*text);
  return note && note->is_object() ? *note : Value(nullptr);
}

Error held(const std::string& path) {
  const Value holder = note_of(path);
  const std::string who = holder.is_object() ? describe(holder) : "another process";
  return Error{"conflict", path + " is locked by " + who, "wait until it has finished, or stop it"}
      .with("path", path)
      .with("holder", holder);
}

/// True if the open file is still the one that others would open.
bool is_current(int fd, const std::string& path) {
  struct stat mine {
  }, theirs{};
  return ::fstat(fd, &mine) == 0 && ::stat(path.c_str(), &theirs) == 0 && mine.st_ino == theirs.st_ino &&
         mine.st_dev == theirs.st_dev;
}

std::string write_note(int fd, const std::string& purpose, std::int64_t wall_ns) {
  const Value note{{"pid", ::getpid()},   {"start", process_start(::getpid())}, {"host", host_name()},
                   {"user", user_name()}, {"since", rfc3339(wall_ns)},          {"purpose", purpose}};
  const std::string text = note.dump(-1, ' ', false, Value::error_handler_t::replace) + "\n";
  if (::ftruncate(fd, 0) != 0) return "";
  [[maybe_unused]] const auto ignored = ::pwrite(fd, text.data(), text.size(), 0);
  return text;
}

Error flock_error(int number, const std::string& path) {
  Error error = os_error(number, "lock", path);
  if (number == ENOLCK || number == ENOSYS || number == EOPNOTSUPP)
    error.hint = "this file system has no locks; use a workspace on another one";
  return error;
}

}  // namespace

void FileLock::release() {
  if (!fd_) return;
  if (is_current(fd_.get(), path_))
    ::unlink(path_.c_str());  // before the lock goes: the next makes a new file
  fd_.reset();
}

Result<std::shared_ptr<FileLock>> try_lock(const std::string& path, const std::string& purpose,
                                           std::int64_t wall_ns) {
  for (;;) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd) return os_error(errno, "lock", path);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      return errno == EWOULDBLOCK ? held(path) : flock_error(errno, path);
    }
    if (!is_current(fd.get(), path)) continue;  // the last holder released and removed it meanwhile
    const Value before = note_of(path);
    write_note(fd.get(), purpose, wall_ns);
    return std::make_shared<FileLock>(path, std::move(fd), before.is_object() ? describe(before) : "");
  }
}

namespace {

struct Waiting : std::enable_shared_from_this<Waiting> {
  Clock& clock;
  std::string path, purpose;
  std::int64_t deadline_ns;
  Callback<std::shared_ptr<FileLock>> done;
  Cancel timer;

  explicit Waiting(Clock& given) : clock(given) {}

  void finish(Result<std::shared_ptr<FileLock>> result) {
    auto callback = std::exchange(done, {});
    if (callback) callback(std::move(result));
  }

  void attempt(double timeout_s) {
    auto taken = try_lock(path, purpose, clock.wall_ns());
    const bool give_up = clock.monotonic_ns() >= deadline_ns;
    if (taken || taken.error().code != "conflict" || give_up) {
      if (!taken && taken.error().code == "conflict" && timeout_s > 0) taken.error().code = "timeout";
      return finish(std::move(taken));
    }
    timer = clock.call_after(kRetryS, [self = shared_from_this(), timeout_s] { self->attempt(timeout_s); });
  }
};

}  // namespace

Cancel lock(Clock& clock, const std::string& path, const std::string& purpose, double timeout_s,
            Callback<std::shared_ptr<FileLock>> done) {
  auto waiting = std::make_shared<Waiting>(clock);
  waiting->path = path;
  waiting->purpose = purpose;
  waiting->deadline_ns = clock.monotonic_ns() + static_cast<std::int64_t>(std::min(timeout_s, 1e9) * 1e9);
  waiting->done = std::move(done);
  waiting->timer = clock.call_after(0, [waiting, timeout_s] { waiting->attempt(timeout_s); });
  return [waiting, path] {
    if (waiting->timer) waiting->timer();
    waiting->timer = waiting->clock.call_after(0, [waiting, path] {
      waiting->finish(Error{"cancelled", "waiting for the lock " + path + " was cancelled"});
    });
  };
}

}  // namespace core
