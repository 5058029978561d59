// Temporary folders that vanish with the program.
#pragma once

#include <mutex>
#include <string>

#include "core/error.hpp"

namespace core {

/// One private folder (mode 0700) under TMPDIR, made at first use; all temporary folders and files of this
/// process are inside it. Removed by the destructor. What a killed process left behind is removed by the
/// next process of the same user that makes its own.
class TempDirs {
 public:
  TempDirs() = default;
  ~TempDirs();
  TempDirs(const TempDirs&) = delete;
  TempDirs& operator=(const TempDirs&) = delete;

  /// A new empty folder `<prefix>-<random>`.
  Result<std::string> make_dir(const std::string& prefix = "tmp");
  /// A path `<prefix>-<random>` at which nothing exists yet.
  Result<std::string> new_path(const std::string& prefix);
  /// Removes everything now.
  void remove_all();

 private:
  Result<std::string> root();

  std::mutex mutex_;
  std::string root_;
};

}  // namespace core
