// A coroutine on the loop that waits for sockets and names, and can be stopped wherever it waits. Internal to
// core/http, because it brings Asio along.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/http/channel.hpp"
#include "core/http/pool.hpp"
#include "core/http/resolver.hpp"
#include "core/world.hpp"

namespace core {

/// Lets a suspended operation go on.
using Resume = std::function<void()>;
class Operation;

/// What all requests share.
struct Shared {
  explicit Shared(World& of) : world(of), resolver(of.loop) {}

  World& world;
  Resolver resolver;
  Pool pool;
  std::shared_ptr<net::TlsContext> usual_tls;  // the system's authorities, loaded once
  std::set<Operation*> live;
};

/// A coroutine on the loop that can be stopped wherever it waits.
class Operation : public std::enable_shared_from_this<Operation> {
 public:
  explicit Operation(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {
    shared_->live.insert(this);
  }
  virtual ~Operation() { shared_->live.erase(this); }

  /// Makes the current wait and all later ones end; the operation's outcome becomes `error`.
  void stop(Error error) {
    if (!stopped_) stopped_ = std::move(error);
    wake();
  }
  /// The program ends: lets go of the coroutine, which is then never resumed.
  void abandon() { wake_ = nullptr; }

 protected:
  /// Suspends until the function that `start` was given is called, or `wake` is.
  boost::asio::awaitable<void> suspend(std::function<void(Resume)> start) {
    if (stopped_) co_return;
    const auto outside = shared_->world.loop.expect_outside();
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
        [this, &start](auto handler) {
          auto kept = std::make_shared<std::optional<decltype(handler)>>(std::move(handler));
          wake_ = [loop = &shared_->world.loop, kept] {
            if (!*kept) return;
            loop->post(
                [run = std::make_shared<decltype(handler)>(std::move(**kept))] { std::move (*run)(); });
            kept->reset();
          };
          start(wake_);
        },
        boost::asio::use_awaitable);
    wake_ = nullptr;
  }

  void wake() {
    if (const Resume resume = wake_) resume();
  }

  /// Repeats `attempt` until it no longer blocks; kFailed too when stopped or when the phase's time is up.
  boost::asio::awaitable<net::Io> drive(Channel& channel, std::function<net::Io()> attempt) {
    while (!stopped_ && !overdue_) {
      const net::Io io = attempt();
      if (io != net::Io::kBlocked) co_return io;
      std::function<void(Resume)> start = [&channel](Resume resume) { channel.wait(std::move(resume)); };
      co_await suspend(start);
      channel.cancel_wait();
    }
    co_return net::Io::kFailed;
  }

  /// While it lives, waits end after some time; `overdue_` tells.
  class Phase {
   public:
    Phase(Operation& of, double seconds) : of_(of) {
      of_.overdue_ = false;
      if (seconds <= 0) return;
      disarm_ = of.shared_->world.clock->call_after(seconds, [weak = of.weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        self->overdue_ = true;
        self->wake();
      });
    }
    ~Phase() {
      if (disarm_) disarm_();
      of_.overdue_ = false;
    }
    Phase(const Phase&) = delete;
    Phase& operator=(const Phase&) = delete;

   private:
    Operation& of_;
    Cancel disarm_;
  };

  std::int64_t now_ns() const { return shared_->world.clock->monotonic_ns(); }

  std::shared_ptr<Shared> shared_;
  std::optional<Error> stopped_;
  bool overdue_ = false;

 private:
  Resume wake_;
};

}  // namespace core
