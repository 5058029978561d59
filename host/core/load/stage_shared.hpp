// What the workers of a running stage share.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/load/feed.hpp"
#include "core/load/gate.hpp"
#include "core/load/stage_setup.hpp"
#include "core/net/address.hpp"

namespace core::load {

class Worker;

/// Where all workers wait for each other: none sends before all are ready.
class StartLine {
 public:
  explicit StartLine(unsigned expected) : expected_(expected) {}

  /// A worker is ready; returns when the start is given.
  void arrive_and_wait();
  /// Blocks until all have arrived.
  void wait_for_all();
  void start();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned expected_, arrived_ = 0;
  bool started_ = false;
};

/// Shared by the workers of a running stage.
struct StageShared {
  /// `slots` may be in flight together; `id_prefix` begins the request ids.
  StageShared(const StageSetup& stage_setup, ArrivalPlan arrivals, std::uint64_t request_total,
              std::uint32_t slots, std::string id_prefix);
  ~StageShared();

  const StageSetup& setup;
  ArrivalPlan plan;     // open loop
  std::uint64_t total;  // requests, warm-up included; 0: not known beforehand
  std::vector<net::Address> addresses;
  std::shared_ptr<net::TlsContext> tls;
  RequestFeed feed;
  Gate gate;
  StartLine line;
  std::atomic<std::uint64_t> next_index{0}, measured{0};  // closed loop: requests and measured ones so far
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> epoch_ns{0};  // the stage's time zero; set before the start
  std::vector<std::unique_ptr<Worker>> workers;
};

}  // namespace core::load
