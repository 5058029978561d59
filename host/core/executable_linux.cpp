#include <unistd.h>
#include <climits>

#include "core/executable.hpp"

namespace core {

std::string executable_path() {
  char path[PATH_MAX];
  const auto size = ::readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace core
