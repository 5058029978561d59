// Connections that wait for their next request.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "core/http/channel.hpp"

namespace core {

/// Keeps a few idle connections per destination, and each only for a while.
class Pool {
 public:
  /// The freshest usable connection to `key`, or null. Dead ones are closed on the way.
  std::unique_ptr<Channel> take(const std::string& key, std::int64_t now_ns);
  void give(const std::string& key, std::unique_ptr<Channel> channel, std::int64_t now_ns);

 private:
  struct Idle {
    std::unique_ptr<Channel> channel;
    std::int64_t since_ns;
  };
  void drop_old(std::int64_t now_ns);

  std::map<std::string, std::deque<Idle>> idle_;  // oldest first
};

}  // namespace core
