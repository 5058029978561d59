// Tests of refused access: root is refused nothing, so it becomes somebody else for a while. And of a full
// disk: a small file system in memory, which only root may mount.
#pragma once

#include <string>

#include <sys/mount.h>
#include <unistd.h>

/// While it lives, a process started as root acts as `nobody`.
struct AsNobody {
  AsNobody() : was_root_(geteuid() == 0) {
    if (was_root_ && seteuid(65534) != 0) was_root_ = false;
  }
  ~AsNobody() {
    if (was_root_ && seteuid(0) != 0) std::abort();
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  bool was_root_;
};

/// A tmpfs of `size_kib` over the folder `path`; not `mounted` where we are not allowed to.
struct SmallDisk {
  SmallDisk(std::string where, int size_kib, unsigned long flags = 0) : path(std::move(where)) {
    const std::string options = "size=" + std::to_string(size_kib) + "k";
    mounted = geteuid() == 0 && mount("tmpfs", path.c_str(), "tmpfs", flags, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted) umount2(path.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  std::string path;
  bool mounted = false;
};
