// Rendered requests, kept ahead of the workers that send them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/load/request.hpp"

namespace core::load {

/// One rendered request; the view lives until `RequestFeed::release`.
struct ReadyRequest {
  std::string_view bytes;  // empty: not rendered yet
  PromptLengths lengths;
};

/// Renders as much as `budget_bytes` holds before the stage starts and, if that is not everything, the rest
/// in a thread of its own while requests are released.
class RequestFeed {
 public:
  /// `count` requests; 0: as many as are asked for.
  RequestFeed(std::shared_ptr<const RequestRenderer> renderer, std::uint64_t count, std::size_t budget_bytes);
  ~RequestFeed();
  RequestFeed(const RequestFeed&) = delete;
  RequestFeed& operator=(const RequestFeed&) = delete;

  /// Renders until the budget or `stop` says enough, then starts the thread if something is left.
  void prepare(const std::atomic<bool>& stop);
  /// The request, or empty bytes if it is not rendered yet: ask again soon. Any thread.
  ReadyRequest get(std::uint64_t index) const;
  /// Says that the bytes of `index` are needed no more. Exactly once per request that was got. Any thread.
  void release(std::uint64_t index);

 private:
  static constexpr std::uint64_t kChunkRequests = 32, kPageChunks = 4096, kMostPages = 1024;
  static constexpr std::uint64_t kAhead = 16384;  // requests kept rendered when `count` is not known

  struct Chunk {
    std::string bytes;
    std::size_t end[kChunkRequests];
    PromptLengths lengths[kChunkRequests];
    std::uint32_t requests = 0;
    std::atomic<std::uint32_t> left{0};  // not released yet
  };
  struct Page {
    std::atomic<Chunk*> chunks[kPageChunks]{};
  };

  std::atomic<Chunk*>& slot(std::uint64_t chunk) const;
  bool has_room() const;
  bool render_next();
  void run();

  std::shared_ptr<const RequestRenderer> renderer_;
  std::uint64_t count_;
  std::size_t budget_bytes_;
  mutable std::atomic<Page*> pages_[kMostPages]{};
  std::uint64_t next_chunk_ = 0;
  std::atomic<std::size_t> live_bytes_{0}, live_requests_{0};
  std::string scratch_;

  std::mutex mutex_;
  std::condition_variable room_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace core::load
