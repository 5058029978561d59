#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include <dirent.h>
#include <unistd.h>

#include "core/sessions.hpp"

namespace core {

namespace {

std::string read_proc(int pid, const char* file) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/" + file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct ProcessStat {
  char state = 0;
  int session = 0;
  std::uint64_t flags = 0;
  std::string start_ticks;
  std::uint64_t env_end =
      0;  ///< where its environment ends in memory; 0 if it has none yet, or we may not know
};

std::optional<ProcessStat> process_stat(int pid) {
  const std::string line = read_proc(pid, "stat");
  const auto name_end = line.rfind(')');  // the name may hold blanks and parentheses
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  ProcessStat stat;
  std::string skipped;
  const auto skip = [&](int count) {
    while (count-- > 0) fields >> skipped;
  };
  // By the numbers of proc(5): 3 state, 6 session, 9 flags, 22 starttime, 51 env_end.
  fields >> stat.state;
  skip(2);
  fields >> stat.session;
  skip(2);
  fields >> stat.flags;
  skip(12);
  fields >> stat.start_ticks;
  if (!fields) return std::nullopt;
  skip(28);
  fields >> stat.env_end;
  return stat;
}

bool is_gone(const ProcessStat& stat) { return stat.state == 'Z' || stat.state == 'X'; }

bool is_kernel_thread(const ProcessStat& stat) {
  constexpr std::uint64_t kKernelThread = 0x00200000;
  return (stat.flags & kKernelThread) != 0;
}

/// What /proc/PID/environ holds; "" if we may not look. While a process replaces its program (exec) that file
/// is empty: we look again then, for at most `kPatience`.
std::string environment_of(int pid) {
  using namespace std::chrono_literals;
  constexpr auto kPatience = 50ms;
  const auto since = std::chrono::steady_clock::now();
  for (;;) {
    const auto before = process_stat(pid);
    if (!before || is_gone(*before) || is_kernel_thread(*before)) return "";
    std::ifstream in("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
    if (!in) return "";
    std::string variables{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const auto after = process_stat(pid);
    const bool settled = after && before->env_end != 0 && before->env_end == after->env_end;
    if (!variables.empty() || settled || std::chrono::steady_clock::now() - since > kPatience)
      return variables;
    std::this_thread::sleep_for(200us);
  }
}

const std::string& boot_mark() {
  static const std::string mark = [] {
    std::ifstream in("/proc/sys/kernel/random/boot_id");
    std::string id;
    in >> id;
    return id.substr(0, 8);
  }();
  return mark;
}

std::string identity(const ProcessStat& stat) { return stat.start_ticks + "-" + boot_mark(); }

/// The value of a variable in what /proc/PID/environ holds.
std::optional<std::string> find_variable(const std::string& environ_text, const std::string& name) {
  const std::string text = std::string(1, '\0') + environ_text;
  const std::string wanted = std::string(1, '\0') + name + "=";
  const auto at = text.find(wanted);
  if (at == std::string::npos) return std::nullopt;
  return std::string(text.c_str() + at + wanted.size());
}

bool carries_mark(int pid, const std::string& mark) {
  return !mark.empty() && find_variable(environment_of(pid), kDetachedMark) == mark;
}

std::vector<int> all_pids() {
  std::vector<int> pids;
  DIR* dir = ::opendir("/proc");
  if (!dir) return pids;
  while (const dirent* entry = ::readdir(dir))
    if (const int pid = std::atoi(entry->d_name); pid > 0) pids.push_back(pid);
  ::closedir(dir);
  return pids;
}

}  // namespace

std::string process_start(int pid, bool also_ended) {
  const auto stat = process_stat(pid);
  return stat && (also_ended || !is_gone(*stat)) ? identity(*stat) : "";
}

bool process_alive(int pid, const std::string& start) {
  return pid > 0 && !start.empty() && process_start(pid) == start;
}

std::vector<int> session_members(int pid, const std::string& start, const std::string& mark) {
  const auto leader = process_stat(pid);
  if (leader && identity(*leader) != start) return {};
  std::vector<int> members;
  for (const int candidate : all_pids()) {
    const auto stat = process_stat(candidate);
    if (!stat || is_gone(*stat) || stat->session != pid) continue;
    if (leader || carries_mark(candidate, mark)) members.push_back(candidate);
  }
  return members;
}

std::vector<MarkedSession> marked_sessions(const std::string& name) {
  std::map<std::pair<int, std::string>, MarkedSession> found;
  for (const int pid : all_pids()) {
    const auto stat = process_stat(pid);
    if (!stat || is_gone(*stat)) continue;
    const std::string variables = environment_of(pid);
    const auto value = find_variable(variables, name);
    const auto mark = find_variable(variables, kDetachedMark);
    if (!value || !mark) continue;
    found[{stat->session, *mark}] = {stat->session, process_start(stat->session), *mark, *value};
  }
  std::vector<MarkedSession> sessions;
  for (auto& [key, session] : found) sessions.push_back(std::move(session));
  return sessions;
}

namespace {

/// The listening sockets on a port, inode and user, from one of the kernel's two tables.
void read_listening(const char* table, int port, std::map<std::string, std::int64_t>& sockets) {
  std::ifstream in(table);
  std::string line, slot, local, remote, state, skipped, inode;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::int64_t uid = 0;
    fields >> slot >> local >> remote >> state >> skipped >> skipped >> skipped >> uid >> skipped >> inode;
    constexpr const char* kListening = "0A";
    const auto colon = local.rfind(':');
    if (!fields || state != kListening || colon == std::string::npos) continue;
    if (std::stoi(local.substr(colon + 1), nullptr, 16) == port) sockets["socket:[" + inode + "]"] = uid;
  }
}

/// Those of `sockets` that a process has open.
std::vector<std::string> open_sockets(int pid, const std::map<std::string, std::int64_t>& sockets) {
  std::vector<std::string> open;
  std::error_code ended;
  std::filesystem::directory_iterator entry("/proc/" + std::to_string(pid) + "/fd", ended), end;
  for (; !ended && entry != end; entry.increment(ended)) {
    std::error_code closed;
    const std::string target = std::filesystem::read_symlink(entry->path(), closed).string();
    if (!closed && sockets.count(target) != 0) open.push_back(target);
  }
  return open;
}

}  // namespace

std::vector<Listener> tcp_listeners(int port) {
  std::map<std::string, std::int64_t> sockets;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) read_listening(table, port, sockets);
  std::vector<Listener> listeners;
  if (sockets.empty()) return listeners;
  const auto add = [&](std::int64_t uid, int pid, int session) {
    listeners.push_back({uid, uid == static_cast<std::int64_t>(::geteuid()), pid, session});
  };
  std::map<std::string, std::int64_t> unowned = sockets;
  for (const int pid : all_pids()) {
    const auto open = open_sockets(pid, sockets);
    const auto stat = open.empty() ? std::nullopt : process_stat(pid);
    if (!stat) continue;
    add(sockets[open.front()], pid, stat->session);
    for (const auto& socket : open) unowned.erase(socket);
  }
  for (const auto& [socket, uid] : unowned) add(uid, 0, 0);
  return listeners;
}

}  // namespace core
