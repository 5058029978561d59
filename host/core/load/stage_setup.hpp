// One stage, as asked for and checked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/load/prompt.hpp"
#include "core/load/schedule.hpp"
#include "core/load/target.hpp"
#include "core/net/monotonic.hpp"

namespace core::load {

/// One stage, as asked for. Times in nanoseconds.
struct StageSetup {
  std::string name;
  std::uint64_t seed = 0;
  Target target;
  Schedule schedule;
  std::shared_ptr<PromptSource> prompts;
  std::int64_t request_timeout_ns = 0;
  std::int64_t stage_timeout_ns = net::kNever;  // from the first planned send
  std::int64_t drain_ns = 0;                    // after the last planned send or the end of the window
  unsigned threads = 1;
  std::int64_t spin_ns = 0;  // polls instead of sleeping this long before each planned send
  std::uint32_t max_connections = 0;
  std::uint32_t warm_connections = 0;  // opened before the first send
  bool keep_alive = true;
  std::size_t prepare_bytes = 0;
  std::string records_path;  // empty: not kept in a file
};

}  // namespace core::load
