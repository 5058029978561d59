#include "core/os_error.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <sys/statvfs.h>
#include <unistd.h>

namespace core {

namespace {

struct Row {
  int number;
  const char* name;
  const char* code;
  const char* hint;
};

constexpr Row kRows[] = {
    {ENOENT, "ENOENT", "not_found", "check the spelling; a relative path starts at the working directory"},
    {EACCES, "EACCES", "denied", "check owner and mode of the file and of every folder above it"},
    {EPERM, "EPERM", "denied", "the operation needs another user or more rights"},
    {EROFS, "EROFS", "denied", "the file system is mounted read-only; choose a place that can be written"},
    {ENOSPC, "ENOSPC", "denied", "free some space or choose another place"},
    {EDQUOT, "EDQUOT", "denied", "the disk quota is used up; free some space or choose another place"},
    {EMFILE, "EMFILE", "denied", "raise the limit of open files (ulimit -n)"},
    {ENFILE, "ENFILE", "denied", "the whole system has too many open files"},
    {ENOMEM, "ENOMEM", "denied", "the system is out of memory"},
    {EAGAIN, "EAGAIN", "denied", "raise the limit of processes (ulimit -u)"},
    {EEXIST, "EEXIST", "conflict", "remove it first or choose another name"},
    {ENOTEMPTY, "ENOTEMPTY", "conflict", "the folder still holds files; remove_tree removes them too"},
    {EBUSY, "EBUSY", "conflict", "something still uses it: a mount, a running program"},
    {ETXTBSY, "ETXTBSY", "conflict", "the program is being written or is running"},
    {ENOTDIR, "ENOTDIR", "invalid", "a part of the path is a file, not a folder"},
    {EISDIR, "EISDIR", "invalid", "it is a folder; a file is needed here"},
    {ELOOP, "ELOOP", "invalid", "symbolic links lead in a circle, or lead where they must not"},
    {ENAMETOOLONG, "ENAMETOOLONG", "invalid", "use a shorter name"},
    {ENOEXEC, "ENOEXEC", "invalid", "not a program of this machine, or a script without a #! line"},
    {E2BIG, "E2BIG", "invalid", "arguments and environment are too long; pass large data on stdin"},
    {EINVAL, "EINVAL", "invalid", ""},
    {EXDEV, "EXDEV", "invalid", "source and target are on different file systems"},
    {EFBIG, "EFBIG", "denied", "the file size limit is reached (ulimit -f)"},
    {EIO, "EIO", "unreachable", "the device reports an error; look at the system log"},
    {ESTALE, "ESTALE", "unreachable", "the network file system lost the file"},
    {ETIMEDOUT, "ETIMEDOUT", "timeout", ""},
    {EPIPE, "EPIPE", "conflict", "the reader has gone"},
};

const Row* find_row(int number) {
  for (const auto& row : kRows)
    if (row.number == number) return &row;
  return nullptr;
}

std::string free_space_note(const std::string& path) {
  auto place = std::filesystem::path(path);
  struct statvfs space {};
  while (statvfs(place.empty() ? "." : place.c_str(), &space) != 0) {
    if (place.empty() || place == place.parent_path()) return "";
    place = place.parent_path();
  }
  const auto free_mib = static_cast<std::uintmax_t>(space.f_bavail) * space.f_frsize / (1 << 20);
  return std::to_string(free_mib) + " MiB are free on the file system of " +
         (place.empty() ? std::string(".") : place.string()) + "; ";
}

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace

std::string errno_name(int number) {
  const Row* row = find_row(number);
  return row ? row->name : "E" + std::to_string(number);
}

Error os_error(int number, const std::string& action, const std::string& path) {
  const Row* row = find_row(number);
  Error error{row ? row->code : "invalid",
              "cannot " + action + " " + path + ": " + lower_first(std::strerror(number)),
              row ? row->hint : ""};
  if (number == ENOSPC) error.hint = free_space_note(path) + error.hint;
  return std::move(error).with("path", path).with("errno", errno_name(number));
}

}  // namespace core
