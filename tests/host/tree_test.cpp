#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>

#include "as_user.hpp"
#include "catch.hpp"
#include "core/fd.hpp"
#include "core/fs.hpp"
#include "core/glob.hpp"
#include "core/tree.hpp"
#include "scratch.hpp"

namespace stdfs = std::filesystem;

TEST_CASE("a tree is removed, what its links point to is not") {
  const Scratch dir;
  dir.put("outside/precious", "1");
  dir.put("tree/a/b/c", "2");
  stdfs::create_directory_symlink(dir / "outside", dir / "tree/a/escape");
  stdfs::create_symlink(dir / "outside/precious", dir / "tree/file_link");
  REQUIRE(core::remove_tree(dir / "tree").ok());
  CHECK_FALSE(core::path_exists(dir / "tree"));
  CHECK(dir.get("outside/precious") == "1");
  stdfs::create_directory_symlink(dir / "outside", dir / "link");
  REQUIRE(core::remove_tree(dir / "link").ok());
  CHECK_FALSE(core::path_exists(dir / "link"));
  CHECK(dir.get("outside/precious") == "1");
  stdfs::create_directory_symlink(dir / "outside", dir / "link");
  REQUIRE(core::remove_tree(dir / "link/").ok());  // a slash at the end does not make it the folder
  CHECK(dir.get("outside/precious") == "1");
}

TEST_CASE("removal takes files, missing things, closed and very deep folders") {
  const Scratch dir;
  dir.put("file", "x");
  CHECK(core::remove_tree(dir / "file").ok());
  CHECK(core::remove_tree(dir / "file").ok());
  CHECK(core::remove_tree(dir / "no/such/parent").ok());
  {
    stdfs::permissions(dir.path, stdfs::perms(0777));
    const AsNobody nobody;
    dir.put("closed/in/x", "1");
    stdfs::permissions(dir / "closed/in", stdfs::perms::none);
    CHECK(core::remove_tree(dir / "closed").ok());
  }
  REQUIRE(mkdir((dir / "deep").c_str(), 0755) == 0);
  core::Fd at(open((dir / "deep").c_str(), O_RDONLY | O_DIRECTORY));
  for (int level = 0; level < 1200; ++level) {
    REQUIRE(mkdirat(at.get(), "d", 0755) == 0);
    at = core::Fd(openat(at.get(), "d", O_RDONLY | O_DIRECTORY));
  }
  at.reset();
  REQUIRE(core::remove_tree(dir / "deep").ok());
  CHECK_FALSE(core::path_exists(dir / "deep"));
}

TEST_CASE("removal refuses what nobody can mean") {
  const Scratch dir;
  for (const std::string path : {"", "/", "//", ".", "..", "/tmp/.."})
    CHECK(core::remove_tree(path).error().code == "denied");
  const char* before = std::getenv("HOME");
  const std::string saved = before ? before : "";
  stdfs::create_directory(dir / "home");
  setenv("HOME", (dir / "home").c_str(), 1);
  CHECK(core::remove_tree(dir / "home/").error().code == "denied");
  before ? setenv("HOME", saved.c_str(), 1) : unsetenv("HOME");
  CHECK(core::path_exists(dir / "home"));
}

TEST_CASE("removal inside a root does not leave it") {
  const Scratch dir;
  dir.put("outside/precious", "1");
  dir.put("root/run/x", "2");
  stdfs::create_directory_symlink(dir / "outside", dir / "root/escape");
  const auto inside = [&](const std::string& path) {
    return core::remove_tree_inside(dir / "root", dir / path);
  };
  CHECK(inside("root/escape/precious").error().code == "denied");
  CHECK(inside("outside").error().code == "denied");
  CHECK(inside("root/../outside").error().code == "denied");
  CHECK(inside("root").error().code == "denied");
  CHECK(inside("root/no/such").ok());
  CHECK(inside("root/run").ok());
  CHECK(inside("root/escape").ok());  // the link itself
  CHECK_FALSE(core::path_exists(dir / "root/escape"));
  CHECK(dir.get("outside/precious") == "1");
}

TEST_CASE("removal stops at a mount") {
  const Scratch dir;
  stdfs::create_directories(dir / "tree/mnt");
  const SmallDisk disk(dir / "tree/mnt", 64);
  if (!disk.mounted) {
    WARN("skipped: only root can mount");
    return;
  }
  dir.put("tree/mnt/precious", "1");
  CHECK(core::remove_tree(dir / "tree").error().code == "conflict");
  CHECK(dir.get("tree/mnt/precious") == "1");
}

TEST_CASE("braces expand, nested and with empty choices") {
  using Words = std::vector<std::string>;
  CHECK(core::expand_braces("a{b,c{d,e},}f") == Words{"abf", "acdf", "acef", "af"});
  CHECK(core::expand_braces("{a,b}{1,2}") == Words{"a1", "a2", "b1", "b2"});
  CHECK(core::expand_braces("a{b") == Words{"a{b"});
}

TEST_CASE("glob finds names, folders at any depth, and nothing hidden") {
  const Scratch dir;
  for (const char* name : {"a.yaml", "b.yml", ".hidden.yaml", "s/c.yaml", "s/t/d.yaml", "s/t/.h/e.yaml"})
    dir.put(name, "");
  stdfs::create_directory_symlink(dir.path, dir / "s/loop");
  const auto found = [&](const std::string& pattern) {
    std::string names;
    for (const auto& path : core::glob(dir / pattern)) names += path.substr(dir.path.size() + 1) + " ";
    return names;
  };
  CHECK(found("*.yaml") == "a.yaml ");
  CHECK(found("*.{yaml,yml}") == "a.yaml b.yml ");
  CHECK(found("**/*.yaml") == "a.yaml s/c.yaml s/t/d.yaml ");
  CHECK(found("s/**/d.yaml") == "s/t/d.yaml ");
  CHECK(found("[ab].y*") == "a.yaml b.yml ");
  CHECK(found("?/c.yaml") == "s/c.yaml ");
  CHECK(found(".*.yaml") == ".hidden.yaml ");
  CHECK(found("a.yaml") == "a.yaml ");
  CHECK(found("none*") == "");
  CHECK(found("a.yaml/*") == "");
}
