// A connection on the loop: when can it go on?
#pragma once

#include <functional>
#include <memory>

#include "core/loop.hpp"
#include "core/net/connection.hpp"

namespace core {

/// Owns a connection and waits for its socket through Asio.
class Channel {
 public:
  Channel(Loop& loop, net::Fd fd);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  net::Connection& connection() { return connection_; }

  /// Calls `ready` once from the loop: when what `connection().wants()` names is possible, or after
  /// `cancel_wait`.
  void wait(std::function<void()> ready);
  void cancel_wait();
  void close();

  /// True while the idle connection is fit for another request: still open, and nothing unasked has come.
  bool is_quiet();

 private:
  struct Watch;
  net::Connection connection_;
  std::shared_ptr<Watch> watch_;
};

}  // namespace core
