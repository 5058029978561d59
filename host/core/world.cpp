#include "core/world.hpp"

#include <utility>

#include "core/env.hpp"
#include "core/http.hpp"
#include "core/log.hpp"
#include "core/runner.hpp"
#include "core/temp.hpp"

namespace core {

std::uint64_t Handles::add(std::string kind, std::string what, std::function<void()> close) {
  live_.emplace(next_, Entry{std::move(kind), std::move(what), std::move(close)});
  return next_++;
}

void Handles::remove(std::uint64_t id) { live_.erase(id); }

std::vector<std::string> Handles::list() const {
  std::vector<std::string> names;
  for (const auto& [id, entry] : live_) names.push_back(entry.kind + ": " + entry.what);
  return names;
}

void Handles::close_all() {
  while (!live_.empty()) {
    auto close = std::move(live_.rbegin()->second.close);
    live_.erase(std::prev(live_.end()));
    if (close) close();
  }
}

World::World()
    : clock(make_real_clock(loop)),
      env(std::make_shared<Environment>()),
      log(std::make_shared<Log>(*env, [this] { return clock->wall_ns(); })),
      temp(std::make_shared<TempDirs>()),
      runner(make_real_runner(*this)),
      http(make_real_http(*this)) {}
World::~World() { handles.close_all(); }

}  // namespace core
