// Files and folders: reads, atomic writes, listings, copies. All calls block; paths are plain text.
// Every failure is an `os_error` that names the path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace core {

/// The whole content. Larger than `limit_bytes`: `invalid`.
Result<std::string> read_file(const std::string& path, std::uint64_t limit_bytes = 1ULL << 30);

struct WriteOptions {
  /// Permission bits; -1 keeps those of a replaced file, or lets the umask decide.
  int mode = -1;
  /// Survive a power cut (fsync of file and folder) before returning.
  bool sync = true;
};

/// Replaces the content of `path` in one step: temporary file in the same folder, fsync, rename. At any
/// moment, also after kill -9, the old or the new content is there. A symbolic link is followed; something
/// that is not a regular file (/dev/null, a pipe) is written in place.
Result<Done> write_file(const std::string& path, std::string_view data, WriteOptions options = {});

/// Adds `data` at the end and waits until it is on the disk. Writers exclude each other (flock), so pieces
/// never mix; if the disk fills up half way the file is cut back to what it was. `conflict` if somebody keeps
/// the file locked for two seconds, as the writer of a journal does.
Result<Done> append_file(const std::string& path, std::string_view data);

/// mkdir -p. Fine if it exists already as a folder.
Result<Done> make_dirs(const std::string& path);

struct DirEntry {
  std::string name;
  /// file, dir, symlink or other.
  std::string type;
};

/// What is in a folder, without `.` and `..`, sorted by name.
Result<std::vector<DirEntry>> list_dir(const std::string& path);

struct FileInfo {
  std::string type;  ///< file, dir, symlink or other
  std::int64_t size_bytes = 0;
  double modified_s = 0;  ///< seconds since 1970
  int mode = 0;           ///< permission bits
  std::string target;     ///< where a symlink points, as written in it
};

/// About `path`; with `follow` about what a symbolic link leads to.
Result<FileInfo> stat_path(const std::string& path, bool follow = true);
/// True if something is there, be it a dangling symbolic link.
bool path_exists(const std::string& path);

/// Copies a file (atomically, with its permissions), a symbolic link (as a link) or a folder with all in it
/// (an existing target folder is added to). `to` is the new name, never the folder to copy into.
Result<Done> copy_path(const std::string& from, const std::string& to);

/// Renames; between file systems it copies to a temporary name, renames that, then removes the source.
Result<Done> move_path(const std::string& from, const std::string& to);

/// Makes the symbolic link `path` with the text `target`, replacing an older link in one step. Something
/// else under that name: `conflict`.
Result<Done> make_symlink(const std::string& target, const std::string& path);

/// Removes a file, link or empty folder; one that is not there is fine.
Result<Done> remove_path(const std::string& path);

/// SHA-256 of a file's content as hex.
Result<std::string> sha256_file(const std::string& path);

/// A name next to `path` that is not taken: `.<name>.tmp-<pid>-<random>`.
std::string temporary_name(const std::string& path);

/// Makes a folder's entries (new names, renames) survive a power cut.
Result<Done> sync_dir(const std::string& path);

/// The folder part of a path; "." if it has none.
std::string parent_of(const std::string& path);

}  // namespace core
