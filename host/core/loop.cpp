#include "core/loop.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace core {

namespace asio = boost::asio;

struct Loop::State {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  std::weak_ptr<void> outside;
};

Loop::Loop() : state_(std::make_unique<State>()) {}
Loop::~Loop() = default;

asio::io_context& Loop::context() { return state_->context; }

void Loop::post(std::function<void()> work) { asio::post(state_->context, std::move(work)); }

void Loop::run_until(const std::function<bool()>& done, const std::function<bool()>& idle) {
  auto& context = state_->context;
  context.restart();
  while (!done()) {
    if (context.poll_one() > 0) continue;
    if (idle && idle()) continue;
    context.run_one();
  }
}

std::shared_ptr<void> Loop::expect_outside() {
  auto held = state_->outside.lock();
  if (!held) state_->outside = held = std::make_shared<char>();
  return held;
}

bool Loop::expects_outside() const { return !state_->outside.expired(); }

bool Loop::run_one_within(double seconds) {
  const auto patience =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
  return state_->context.run_one_for(patience) > 0;
}

}  // namespace core
