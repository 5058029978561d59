// Host names to addresses without blocking the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/loop.hpp"
#include "core/net/address.hpp"

namespace core {

/// Looks names up on threads of their own, because the system's resolver blocks.
class Resolver {
 public:
  explicit Resolver(Loop& loop);
  ~Resolver();
  /// Answers that are still under way are dropped. To be called while the loop lives: a waiting callback may
  /// keep the resolver alive for longer.
  void close();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Calls `done` once from the loop. An address literal needs no thread.
  void resolve(const std::string& host, std::uint16_t port, Callback<std::vector<net::Address>> done);

 private:
  struct Mailbox;
  struct Waiting;
  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<Waiting> waiting_;
};

}  // namespace core
