// Where runs leave their traces: a folder of its own for each invocation, an append-only journal, a manifest
// of what a result folder holds. Everything survives kill -9: the old state or the new one, never half of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/fd.hpp"
#include "core/value.hpp"

namespace core {

struct RunFolder {
  std::string path;  ///< `<workspace>/<name>`
  std::string name;  ///< `<user>-YYYYmmdd-HHMMSS-mmm`, local time
  std::string note;  ///< why `<workspace>/latest` could not be set; mostly ""
};

/// Makes a new folder, with `subfolders` in it, named after the moment `wall_ns`, or after the next
/// millisecond that nobody has taken: no two runs share one. The symbolic link `latest` then leads to it.
Result<RunFolder> make_run_folder(const std::string& workspace, const std::string& user, std::int64_t wall_ns,
                                  const std::vector<std::string>& subfolders);

/// A file of one JSON object per line, each with its number `seq`, counted from 1. Only one writer at a time.
class Journal {
 public:
  /// Opens or creates the journal and reads what it holds. What a killed writer left of its last line is cut
  /// off. `conflict` if another writer has it open; `invalid`, with `line`, if something else is in the file.
  static Result<std::unique_ptr<Journal>> open(const std::string& path);

  /// Appends `{"seq": n, <fields of entry>}` and waits until the disk has it. Returns n. After a failure (a
  /// full disk) the file is as it was.
  Result<std::int64_t> append(const Value& entry);

  const std::string& path() const { return path_; }
  /// What it held when it was opened; moved out.
  std::vector<Value> take_entries() { return std::exchange(entries_, {}); }
  /// Bytes that were cut off.
  std::uint64_t cut_bytes() const { return cut_bytes_; }

 private:
  Journal(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  Result<Done> recover();

  std::string path_;
  Fd fd_;
  std::vector<Value> entries_;
  std::int64_t next_seq_ = 1;
  std::uint64_t size_ = 0, cut_bytes_ = 0;
};

struct JournalContent {
  std::vector<Value> entries;
  std::uint64_t whole_bytes = 0;  ///< of the complete lines
  std::uint64_t torn_bytes = 0;   ///< after them: of a line that was never finished
};

/// Reads a journal without touching it; also while somebody writes it.
Result<JournalContent> read_journal(const std::string& path);

/// The name of the manifest in its folder.
inline constexpr const char* kManifest = "manifest.json";

/// Every file below `dir` but the manifest: `{name, size_bytes, sha256}`, sorted by name; a symbolic link as
/// `{name, target}`. Temporary files of interrupted writes are left out.
Result<Value> hash_tree(const std::string& dir);

/// Writes `<dir>/manifest.json`: `facts` with the key `files`, which is `hash_tree`. Returns the SHA-256 of
/// the manifest.
Result<std::string> write_manifest(const std::string& dir, Value facts);

struct Damage {
  std::string name;
  std::string what;  ///< missing, changed or added
};

/// Compares a folder with its manifest; empty if nothing differs. `not_found` without a manifest.
Result<std::vector<Damage>> check_manifest(const std::string& dir);

}  // namespace core
