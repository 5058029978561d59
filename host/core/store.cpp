#include "core/store.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <map>

#include <sys/stat.h>

#include "core/clock.hpp"
#include "core/fs.hpp"
#include "core/json.hpp"
#include "core/os_error.hpp"

namespace core {

namespace {

constexpr int kMostAttempts = 10'000;
constexpr std::int64_t kMillisecondNs = 1'000'000;

/// A user name as a part of a file name.
std::string file_word(const std::string& name) {
  std::string word;
  for (const char c : name)
    word += std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-' ? c : '-';
  if (word.empty() || word[0] == '.') word.insert(0, "user");
  return word;
}

/// mkdir decides who gets a name: of two runs in the same millisecond the second takes the next one.
Result<std::string> claim_name(const std::string& workspace, const std::string& user, std::int64_t wall_ns) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const std::string name = user + "-" + compact_stamp(wall_ns + attempt * kMillisecondNs);
    if (::mkdir((workspace + "/" + name).c_str(), 0777) == 0) return name;
    if (errno != EEXIST) return os_error(errno, "make folder", workspace + "/" + name);
  }
  return os_error(EEXIST, "make a run folder in", workspace);
}

}  // namespace

Result<RunFolder> make_run_folder(const std::string& workspace, const std::string& user, std::int64_t wall_ns,
                                  const std::vector<std::string>& subfolders) {
  if (auto made = make_dirs(workspace); !made) return made.error();
  const auto name = claim_name(workspace, file_word(user), wall_ns);
  if (!name) return name.error();
  RunFolder folder{workspace + "/" + *name, *name, ""};
  for (const auto& subfolder : subfolders)
    if (auto made = make_dirs(folder.path + "/" + subfolder); !made) return made.error();
  if (auto linked = make_symlink(*name, workspace + "/latest"); !linked) folder.note = linked.error().message;
  return folder;
}

namespace {

bool is_temporary(const std::string& name) {
  return name[0] == '.' && name.find(".tmp-") != std::string::npos;
}

Result<Value> describe_entry(const std::string& path, const std::string& name, const std::string& type) {
  if (type == "symlink") {
    auto info = stat_path(path, false);
    if (!info) return info.error();
    return Value{{"name", name}, {"target", info->target}};
  }
  const auto info = stat_path(path);
  if (!info) return info.error();
  const auto digest = sha256_file(path);
  if (!digest) return digest.error();
  return Value{{"name", name}, {"size_bytes", info->size_bytes}, {"sha256", *digest}};
}

Result<Done> hash_folder(const std::string& dir, const std::string& below, Value& files) {
  auto entries = list_dir(dir);
  if (!entries) return entries.error();
  for (const auto& entry : *entries) {
    const std::string name = below + entry.name, path = dir + "/" + entry.name;
    if (name == kManifest || is_temporary(entry.name) || entry.type == "other") continue;
    if (entry.type == "dir") {
      if (auto hashed = hash_folder(path, name + "/", files); !hashed) return hashed;
      continue;
    }
    auto described = describe_entry(path, name, entry.type);
    if (!described) return described.error();
    files.push_back(std::move(*described));
  }
  return Done{};
}

std::map<std::string, Value> by_name(const Value& files) {
  std::map<std::string, Value> map;
  for (const auto& file : files) map[file.value("name", "")] = file;
  return map;
}

}  // namespace

Result<Value> hash_tree(const std::string& dir) {
  Value files = Value::array();
  if (auto hashed = hash_folder(dir, "", files); !hashed) return hashed.error();
  std::sort(files.begin(), files.end(), [](const Value& a, const Value& b) { return a["name"] < b["name"]; });
  return files;
}

Result<std::string> write_manifest(const std::string& dir, Value facts) {
  auto files = hash_tree(dir);
  if (!files) return files.error();
  facts["files"] = std::move(*files);
  const std::string path = dir + "/" + kManifest;
  JsonStyle style;
  style.indent = 1;
  if (auto written = write_file(path, encode_json(facts, style) + "\n"); !written) return written.error();
  return sha256_file(path);
}

Result<std::vector<Damage>> check_manifest(const std::string& dir) {
  const auto manifest = load_json(dir + "/" + kManifest);
  if (!manifest) return manifest.error();
  if (!manifest->is_object() || !manifest->contains("files"))
    return Error{"invalid", dir + "/" + kManifest + " is no manifest"}.with("path", dir + "/" + kManifest);
  auto now = hash_tree(dir);
  if (!now) return now.error();
  auto found = by_name(*now);
  std::vector<Damage> damages;
  for (const auto& [name, file] : by_name((*manifest)["files"])) {
    const auto node = found.extract(name);
    if (!node)
      damages.push_back({name, "missing"});
    else if (node.mapped() != file)
      damages.push_back({name, "changed"});
  }
  for (const auto& [name, file] : found) damages.push_back({name, "added"});
  std::sort(damages.begin(), damages.end(), [](const Damage& a, const Damage& b) { return a.name < b.name; });
  return damages;
}

}  // namespace core
