#include "core/load/stage_shared.hpp"

#include "core/load/worker.hpp"

namespace core::load {

void StartLine::arrive_and_wait() {
  std::unique_lock lock(mutex_);
  ++arrived_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return started_; });
}

void StartLine::wait_for_all() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return arrived_ == expected_; });
}

void StartLine::start() {
  const std::lock_guard lock(mutex_);
  started_ = true;
  changed_.notify_all();
}

StageShared::StageShared(const StageSetup& stage_setup, ArrivalPlan arrivals, std::uint64_t request_total,
                         std::uint32_t slots, std::string id_prefix)
    : setup(stage_setup),
      plan(std::move(arrivals)),
      total(request_total),
      feed(std::make_shared<RequestRenderer>(stage_setup.target, stage_setup.prompts, std::move(id_prefix)),
           request_total, stage_setup.prepare_bytes),
      gate(slots),
      line(stage_setup.threads) {}

StageShared::~StageShared() = default;

}  // namespace core::load
