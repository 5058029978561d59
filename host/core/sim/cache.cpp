#include "core/sim/cache.hpp"

#include <algorithm>

#include "core/sim/random.hpp"

namespace core::sim {

PrefixCache::PrefixCache(std::size_t capacity_blocks, std::size_t block_tokens)
    : capacity_(capacity_blocks), block_tokens_(block_tokens) {}

std::vector<PrefixCache::BlockHash> PrefixCache::hash_blocks(std::span<const Token> tokens,
                                                             std::uint64_t salt) const {
  std::vector<BlockHash> hashes;
  hashes.reserve(tokens.size() / block_tokens_);
  BlockHash hash = mix_seed(salt, 1);
  for (std::size_t at = 0; at + block_tokens_ <= tokens.size(); at += block_tokens_) {
    for (const Token token : tokens.subspan(at, block_tokens_)) hash = mix_seed(hash, token + 1ull);
    hashes.push_back(hash);
  }
  return hashes;
}

bool PrefixCache::make_room() {
  if (blocks_.size() < capacity_) return true;
  if (unpinned_.empty()) return false;
  blocks_.erase(unpinned_.front());
  unpinned_.pop_front();
  return true;
}

void PrefixCache::pin(Blocks::iterator block) {
  if (block->second.pins++ == 0) unpinned_.erase(block->second.place);
}

void PrefixCache::unpin(BlockHash hash) {
  auto& block = blocks_.at(hash);
  if (--block.pins == 0) block.place = unpinned_.insert(unpinned_.end(), hash);
}

PrefixCache::Lease PrefixCache::acquire(std::span<const Token> prompt, std::uint64_t salt) {
  const auto hashes = hash_blocks(prompt, salt);
  const std::lock_guard lock(mutex_);
  Lease lease;
  std::size_t known = 0;
  for (; known < hashes.size(); ++known) {
    const auto found = blocks_.find(hashes[known]);
    if (found == blocks_.end()) break;
    pin(found);
    lease.blocks.push_back(hashes[known]);
  }
  for (std::size_t i = known; i < hashes.size(); ++i) {
    const auto found = blocks_.find(hashes[i]);  // a later block can survive the eviction of an earlier one
    if (found != blocks_.end()) {
      pin(found);
    } else if (make_room()) {
      blocks_[hashes[i]].pins = 1;
    } else {
      break;
    }
    lease.blocks.push_back(hashes[i]);
  }
  const auto last_computable = prompt.empty() ? 0 : (prompt.size() - 1) / block_tokens_;
  lease.cached_tokens = static_cast<std::int64_t>(std::min(known, last_computable) * block_tokens_);
  return lease;
}

void PrefixCache::release(Lease& lease, std::span<const Token> all, std::uint64_t salt) {
  const auto hashes = all.empty() ? std::vector<BlockHash>() : hash_blocks(all, salt);
  const std::lock_guard lock(mutex_);
  // The end of the sequence becomes the oldest, so that it goes before the beginning, which others may share.
  std::vector<BlockHash> fresh;
  for (std::size_t i = lease.blocks.size(); i < hashes.size(); ++i) {
    if (blocks_.count(hashes[i])) continue;
    if (!make_room()) break;
    blocks_[hashes[i]].pins = 1;  // until the loop is over, so that it is not evicted for its own successor
    fresh.push_back(hashes[i]);
  }
  for (auto hash = fresh.rbegin(); hash != fresh.rend(); ++hash) unpin(*hash);
  for (auto hash = lease.blocks.rbegin(); hash != lease.blocks.rend(); ++hash) unpin(*hash);
  lease.blocks.clear();
}

void PrefixCache::clear() {
  const std::lock_guard lock(mutex_);
  for (const BlockHash hash : unpinned_) blocks_.erase(hash);
  unpinned_.clear();
}

double PrefixCache::usage() const {
  const std::lock_guard lock(mutex_);
  return static_cast<double>(blocks_.size() - unpinned_.size()) / static_cast<double>(capacity_);
}

std::size_t PrefixCache::stored_blocks() const {
  const std::lock_guard lock(mutex_);
  return blocks_.size();
}

}  // namespace core::sim
