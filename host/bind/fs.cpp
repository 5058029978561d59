// host.fs: files, folders, locks.
#include "core/fs.hpp"

#include <filesystem>

#include "core/glob.hpp"
#include "core/lock.hpp"
#include "core/temp.hpp"
#include "core/tree.hpp"
#include "script/stack.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

std::string check_path(lua_State* L, int index) {
  auto path = script::check_string(L, index);
  if (path.empty()) throw core::UsageError("argument " + std::to_string(index) + ": a path cannot be empty");
  if (path.find('\0') != std::string::npos)
    throw core::UsageError("argument " + std::to_string(index) + ": a path cannot hold a NUL byte");
  return path;
}

int l_read(lua_State* L) {
  const auto path = check_path(L, 1);
  const auto opts = script::options(L, 2, "fs.read", {{"limit_bytes", 1073741824}});
  const double limit = opts["limit_bytes"];
  const auto content = core::read_file(path, limit < 1 ? 1 : static_cast<std::uint64_t>(limit));
  if (!content) return script::fail(L, content.error());
  script::push_text(L, *content);
  return 1;
}

// `"0644"` or `"644"`: octal digits as `chmod` takes them.
int read_mode(const std::string& text) {
  if (text.empty()) return -1;
  if (text.size() > 4 || text.find_first_not_of("01234567") != std::string::npos)
    throw core::UsageError("option 'mode': expected octal digits such as '0600'");
  return std::stoi(text, nullptr, 8);
}

int l_write(lua_State* L) {
  const auto path = check_path(L, 1);
  const auto data = script::check_string(L, 2);
  const auto opts = script::options(L, 3, "fs.write", {{"mode", ""}, {"sync", true}});
  return script::push_result(L, core::write_file(path, data, {read_mode(opts["mode"]), opts["sync"]}));
}

int l_append(lua_State* L) {
  const auto path = check_path(L, 1);
  return script::push_result(L, core::append_file(path, script::check_string(L, 2)));
}

int l_mkdir(lua_State* L) { return script::push_result(L, core::make_dirs(check_path(L, 1))); }

int l_list(lua_State* L) {
  const auto entries = core::list_dir(check_path(L, 1));
  if (!entries) return script::fail(L, entries.error());
  core::Value list = core::Value::array();
  for (const auto& entry : *entries) list.push_back({{"name", entry.name}, {"type", entry.type}});
  script::push(L, list);
  return 1;
}

int l_glob(lua_State* L) {
  script::push(L, core::Value(core::glob(check_path(L, 1))));
  return 1;
}

std::string octal(int mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode) & 07777U);
  return text;
}

int l_stat(lua_State* L) {
  const auto path = check_path(L, 1);
  const auto opts = script::options(L, 2, "fs.stat", {{"follow", true}});
  const auto info = core::stat_path(path, opts["follow"]);
  if (!info) return script::fail(L, info.error());
  core::Value result{{"type", info->type},
                     {"size_bytes", info->size_bytes},
                     {"modified_s", info->modified_s},
                     {"mode", octal(info->mode)}};
  if (!info->target.empty()) result["target"] = info->target;
  script::push(L, result);
  return 1;
}

int l_exists(lua_State* L) {
  lua_pushboolean(L, core::path_exists(check_path(L, 1)));
  return 1;
}

int l_copy(lua_State* L) {
  return script::push_result(L, core::copy_path(check_path(L, 1), check_path(L, 2)));
}
int l_move(lua_State* L) {
  return script::push_result(L, core::move_path(check_path(L, 1), check_path(L, 2)));
}
int l_symlink(lua_State* L) {
  return script::push_result(L, core::make_symlink(check_path(L, 1), check_path(L, 2)));
}
int l_remove(lua_State* L) { return script::push_result(L, core::remove_path(check_path(L, 1))); }

int l_remove_tree(lua_State* L) {
  const auto path = check_path(L, 1);
  const auto opts = script::options(L, 2, "fs.remove_tree", {{"inside", ""}});
  const std::string inside = opts["inside"];
  return script::push_result(
      L, inside.empty() ? core::remove_tree(path) : core::remove_tree_inside(inside, path));
}

int l_tempdir(lua_State* L) {
  const auto prefix = lua_isnoneornil(L, 1) ? std::string("tmp") : script::check_string(L, 1);
  if (prefix.find('/') != std::string::npos)
    throw core::UsageError("fs.tempdir: the prefix is a name, not a path");
  const auto path = script::world(L).temp->make_dir(prefix);
  if (!path) return script::fail(L, path.error());
  script::push_text(L, *path);
  return 1;
}

int l_sha256(lua_State* L) {
  const auto digest = core::sha256_file(check_path(L, 1));
  if (!digest) return script::fail(L, digest.error());
  script::push_text(L, *digest);
  return 1;
}

int l_join(lua_State* L) {
  std::filesystem::path path(script::check_string(L, 1));
  for (int i = 2; i <= lua_gettop(L); ++i) path /= script::check_string(L, i);
  script::push_text(L, path.string());
  return 1;
}

int l_parent(lua_State* L) {
  script::push_text(L, core::parent_of(check_path(L, 1)));
  return 1;
}

int l_basename(lua_State* L) {
  script::push_text(L, std::filesystem::path(check_path(L, 1)).filename().string());
  return 1;
}

int l_absolute(lua_State* L) {
  auto path = std::filesystem::absolute(check_path(L, 1)).lexically_normal().string();
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  script::push_text(L, path);
  return 1;
}

constexpr const char* kLock = "host.fs.Lock";

// A lock that a script holds, listed among the world's live handles until it is released.
struct HeldLock {
  std::shared_ptr<core::FileLock> lock;
  std::uint64_t handle = 0;
};

int push_lock(lua_State* L, const std::shared_ptr<core::FileLock>& lock) {
  const auto handle = script::world(L).handles.add("lock", lock->path(), [lock] { lock->release(); });
  script::push_object(L, kLock, HeldLock{lock, handle});
  return 1;
}

int l_lock(lua_State* L) {
  const auto path = check_path(L, 1);
  const auto opts = script::options(L, 2, "fs.lock", {{"timeout_s", 0.0}, {"purpose", ""}});
  return script::await(L, [&](script::Waiter waiter) {
    return core::lock(*waiter.world().clock, path, opts["purpose"], opts["timeout_s"],
                      waiter.callback<std::shared_ptr<core::FileLock>>(push_lock));
  });
}

int l_lock_release(lua_State* L) {
  auto& held = script::check_object<HeldLock>(L, 1, kLock);
  held.lock->release();
  script::world(L).handles.remove(held.handle);
  return 0;
}

int l_lock_broken(lua_State* L) {
  const auto& held = script::check_object<HeldLock>(L, 1, kLock);
  if (held.lock->broken().empty()) return 0;
  script::push_text(L, held.lock->broken());
  return 1;
}

constexpr script::Function kLockMethods[] = {
    {"release", script::guard<l_lock_release>},
    {"broken", script::guard<l_lock_broken>},
    {"__gc", script::collect<HeldLock>},
};

constexpr script::Function kFunctions[] = {
    {"read", script::guard<l_read>},
    {"write", script::guard<l_write>},
    {"append", script::guard<l_append>},
    {"mkdir", script::guard<l_mkdir>},
    {"list", script::guard<l_list>},
    {"glob", script::guard<l_glob>},
    {"stat", script::guard<l_stat>},
    {"exists", script::guard<l_exists>},
    {"copy", script::guard<l_copy>},
    {"move", script::guard<l_move>},
    {"symlink", script::guard<l_symlink>},
    {"remove", script::guard<l_remove>},
    {"remove_tree", script::guard<l_remove_tree>},
    {"tempdir", script::guard<l_tempdir>},
    {"sha256", script::guard<l_sha256>},
    {"lock", script::guard<l_lock>, script::kWaits},
    {"join", script::guard<l_join>},
    {"parent", script::guard<l_parent>},
    {"basename", script::guard<l_basename>},
    {"absolute", script::guard<l_absolute>},
};

}  // namespace

int open_fs(lua_State* L) {
  script::metatable(L, kLock, kLockMethods);
  lua_pop(L, 1);
  return script::module(L, "host.fs", kFunctions);
}

}  // namespace bind
