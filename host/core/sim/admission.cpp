#include "core/sim/admission.hpp"

#include <algorithm>
#include <set>

namespace core::sim {

Admission::Admission(std::int64_t max_running, std::int64_t max_waiting, std::int64_t max_loras)
    : max_running_(max_running), max_waiting_(max_waiting), max_loras_(max_loras) {}

bool Admission::can_run(const Ticket& ticket) const {
  if (running() >= max_running_) return false;
  if (ticket.lora < 0 || lora_users_.count(ticket.lora)) return true;
  return static_cast<std::int64_t>(lora_users_.size()) < max_loras_;
}

void Admission::run(Ticket& ticket) {
  ticket.state = Ticket::State::kRunning;
  if (ticket.lora >= 0) ++lora_users_[ticket.lora];
  running_.fetch_add(1, std::memory_order_relaxed);
}

std::optional<std::size_t> Admission::enter(std::span<Ticket* const> tickets) {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::int64_t>(tickets.size());
  const bool adapter_fits = tickets.empty() || can_run(*tickets[0]);
  const std::int64_t at_once = adapter_fits ? std::min(count, max_running_ - running()) : 0;
  if (count - at_once > max_waiting_ - waiting()) return std::nullopt;
  for (std::int64_t i = 0; i < count; ++i) {
    Ticket* ticket = tickets[static_cast<std::size_t>(i)];
    if (i < at_once) {
      run(*ticket);
      continue;
    }
    ticket->state = Ticket::State::kWaiting;
    ticket->place = waiting_.insert(waiting_.end(), ticket);
    waiting_count_.fetch_add(1, std::memory_order_relaxed);
  }
  return static_cast<std::size_t>(at_once);
}

std::vector<Admission::Admitted> Admission::leave(Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  std::vector<Admitted> admitted;
  if (ticket.state == Ticket::State::kWaiting) {
    waiting_.erase(ticket.place);
    waiting_count_.fetch_sub(1, std::memory_order_relaxed);
  } else if (ticket.state == Ticket::State::kRunning) {
    running_.fetch_sub(1, std::memory_order_relaxed);
    if (ticket.lora >= 0 && --lora_users_[ticket.lora] == 0) lora_users_.erase(ticket.lora);
  }
  ticket.state = Ticket::State::kOut;
  for (auto at = waiting_.begin(); at != waiting_.end() && running() < max_running_;) {
    Ticket& next = **at;
    if (!can_run(next)) {  // its adapter does not fit now: pass it over
      ++at;
      continue;
    }
    at = waiting_.erase(at);
    waiting_count_.fetch_sub(1, std::memory_order_relaxed);
    run(next);
    admitted.push_back({next.number, next.home});
  }
  return admitted;
}

std::vector<std::int64_t> Admission::running_loras() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::int64_t> loras;
  for (const auto& [lora, users] : lora_users_) loras.push_back(lora);
  return loras;
}

std::vector<std::int64_t> Admission::waiting_loras() const {
  const std::lock_guard lock(mutex_);
  std::set<std::int64_t> loras;
  for (const Ticket* ticket : waiting_) {
    if (ticket->lora >= 0) loras.insert(ticket->lora);
  }
  return {loras.begin(), loras.end()};
}

}  // namespace core::sim
