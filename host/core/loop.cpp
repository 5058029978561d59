#include "core/loop.hpp"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace core {

namespace asio = boost::asio;

struct Loop::State {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
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

}  // namespace core
