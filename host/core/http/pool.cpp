#include "core/http/pool.hpp"

#include <utility>

namespace core {

namespace {

constexpr std::size_t kPerDestination = 8;
constexpr std::int64_t kLongestIdleNs = 30'000'000'000;

}  // namespace

std::unique_ptr<Channel> Pool::take(const std::string& key, std::int64_t now_ns) {
  drop_old(now_ns);
  const auto found = idle_.find(key);
  if (found == idle_.end()) return nullptr;
  std::unique_ptr<Channel> channel;
  while (!found->second.empty() && !channel) {
    channel = std::move(found->second.back().channel);
    found->second.pop_back();
    if (!channel->is_quiet()) channel.reset();
  }
  if (found->second.empty()) idle_.erase(found);
  return channel;
}

void Pool::give(const std::string& key, std::unique_ptr<Channel> channel, std::int64_t now_ns) {
  drop_old(now_ns);
  auto& list = idle_[key];
  list.push_back({std::move(channel), now_ns});
  if (list.size() > kPerDestination) list.pop_front();
}

void Pool::drop_old(std::int64_t now_ns) {
  for (auto it = idle_.begin(); it != idle_.end();) {
    auto& list = it->second;
    while (!list.empty() && now_ns - list.front().since_ns > kLongestIdleNs) list.pop_front();
    it = list.empty() ? idle_.erase(it) : std::next(it);
  }
}

}  // namespace core
