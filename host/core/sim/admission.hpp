// Who may run: max-num-seqs sequences, a bounded queue behind them, and a limit on different LoRA adapters.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace core::sim {

/// One sequence as admission sees it. It belongs to its caller and stays where it is from `enter` until
/// `leave`.
struct Ticket {
  std::uint64_t number = 0;  // given by the caller, unique among live tickets
  std::int64_t lora = -1;    // adapter, -1 for the base model
  std::int64_t home = 0;     // given by the caller: which thread to tell

 private:
  friend class Admission;
  enum class State { kOut, kWaiting, kRunning } state = State::kOut;
  std::list<Ticket*>::iterator place;
};

/// Global and thread safe. It only counts; telling an admitted sequence is up to the caller.
class Admission {
 public:
  /// What the caller needs to wake a sequence: no pointer, because the sequence may be gone by then.
  struct Admitted {
    std::uint64_t number;
    std::int64_t home;
  };
  Admission(std::int64_t max_running, std::int64_t max_waiting, std::int64_t max_loras);

  /// Enters all tickets of a request (all for the same model) or none. Returns how many of them, counted from
  /// the front, run at once; the others wait. Empty if the queue has no room for those.
  std::optional<std::size_t> enter(std::span<Ticket* const> tickets);
  /// The sequence has ended, whether it ran or still waited. Returns the tickets that may run now.
  std::vector<Admitted> leave(Ticket& ticket);

  std::int64_t running() const { return running_.load(std::memory_order_relaxed); }
  std::int64_t waiting() const { return waiting_count_.load(std::memory_order_relaxed); }
  /// Adapters with running and with waiting sequences, each once, by number.
  std::vector<std::int64_t> running_loras() const;
  std::vector<std::int64_t> waiting_loras() const;

 private:
  bool can_run(const Ticket& ticket) const;
  void run(Ticket& ticket);

  const std::int64_t max_running_, max_waiting_, max_loras_;
  mutable std::mutex mutex_;
  std::list<Ticket*> waiting_;
  std::map<std::int64_t, std::int64_t> lora_users_;  // running sequences per adapter
  std::atomic<std::int64_t> running_{0}, waiting_count_{0};
};

}  // namespace core::sim
