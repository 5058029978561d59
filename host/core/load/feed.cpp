#include "core/load/feed.hpp"

#include <algorithm>

namespace core::load {

RequestFeed::RequestFeed(std::shared_ptr<const RequestRenderer> renderer, std::uint64_t count,
                         std::size_t budget_bytes)
    : renderer_(std::move(renderer)), count_(count), budget_bytes_(budget_bytes) {}

RequestFeed::~RequestFeed() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  room_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (auto& page : pages_) {
    Page* owned = page.load();
    if (!owned) continue;
    for (auto& chunk : owned->chunks) delete chunk.load();
    delete owned;
  }
}

std::atomic<RequestFeed::Chunk*>& RequestFeed::slot(std::uint64_t chunk) const {
  return pages_[chunk / kPageChunks].load(std::memory_order_acquire)->chunks[chunk % kPageChunks];
}

bool RequestFeed::has_room() const {
  return live_bytes_ < budget_bytes_ && (count_ || live_requests_ < kAhead);
}

// Renders one chunk and publishes it; false when everything is rendered.
bool RequestFeed::render_next() {
  const std::uint64_t first = next_chunk_ * kChunkRequests;
  if ((count_ && first >= count_) || next_chunk_ >= kPageChunks * kMostPages) return false;
  auto chunk = std::make_unique<Chunk>();
  chunk->requests =
      static_cast<std::uint32_t>(count_ ? std::min(kChunkRequests, count_ - first) : kChunkRequests);
  for (std::uint32_t i = 0; i < chunk->requests; ++i) {
    chunk->lengths[i] = renderer_->render(first + i, chunk->bytes, scratch_);
    chunk->end[i] = chunk->bytes.size();
  }
  chunk->left.store(chunk->requests, std::memory_order_relaxed);
  live_bytes_ += chunk->bytes.capacity();
  live_requests_ += chunk->requests;
  auto& page = pages_[next_chunk_ / kPageChunks];
  if (!page.load(std::memory_order_relaxed)) page.store(new Page, std::memory_order_release);
  slot(next_chunk_++).store(chunk.release(), std::memory_order_release);
  return true;
}

void RequestFeed::prepare(const std::atomic<bool>& stop) {
  while (!stop && has_room()) {
    if (!render_next()) return;
  }
  if (!stop) thread_ = std::thread([this] { run(); });
}

void RequestFeed::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this] { return closing_ || has_room(); });
      if (closing_) return;
    }
    if (!render_next()) return;
  }
}

ReadyRequest RequestFeed::get(std::uint64_t index) const {
  const std::uint64_t number = index / kChunkRequests, at = index % kChunkRequests;
  if (number >= kPageChunks * kMostPages || !pages_[number / kPageChunks].load(std::memory_order_acquire))
    return {};
  const Chunk* chunk = slot(number).load(std::memory_order_acquire);
  if (!chunk) return {};
  const std::size_t start = at ? chunk->end[at - 1] : 0;
  return {std::string_view(chunk->bytes).substr(start, chunk->end[at] - start), chunk->lengths[at]};
}

void RequestFeed::release(std::uint64_t index) {
  auto& place = slot(index / kChunkRequests);
  Chunk* chunk = place.load(std::memory_order_acquire);
  if (chunk->left.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  place.store(nullptr, std::memory_order_release);
  live_bytes_ -= chunk->bytes.capacity();
  live_requests_ -= chunk->requests;
  delete chunk;
  {
    const std::lock_guard lock(mutex_);  // so that the wake-up cannot fall between check and sleep
  }
  room_.notify_one();
}

}  // namespace core::load
