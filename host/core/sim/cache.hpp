// The prefix cache: blocks of prompt tokens, shared by all sequences, least recently used out first.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/sim/tokenizer.hpp"

namespace core::sim {

/// A block is known by the hash of its tokens and of everything before it, so equal prefixes share blocks.
/// Blocks of running sequences are pinned. Thread safe.
class PrefixCache {
 public:
  using BlockHash = std::uint64_t;

  /// The blocks that one running sequence has pinned, in order of the prompt.
  struct Lease {
    std::vector<BlockHash> blocks;
    std::int64_t cached_tokens = 0;  // leading prompt tokens that were known; at least one is always computed
  };

  PrefixCache(std::size_t capacity_blocks, std::size_t block_tokens);

  /// Looks up a prompt, pins its full blocks and stores those that were missing, as far as there is room
  /// beside what others have pinned. `salt` keeps models and adapters apart.
  Lease acquire(std::span<const Token> prompt, std::uint64_t salt);
  /// Unpins. With `all` (prompt and answer) the blocks that the answer has filled are stored too.
  void release(Lease& lease, std::span<const Token> all, std::uint64_t salt);
  /// Forgets everything that is not pinned.
  void clear();

  /// Pinned blocks as a share of the capacity, 0 to 1.
  double usage() const;
  std::size_t stored_blocks() const;
  std::size_t block_tokens() const { return block_tokens_; }

 private:
  struct Block {
    std::int64_t pins = 0;
    std::list<BlockHash>::iterator place;  // in unpinned_, if pins == 0
  };
  using Blocks = std::unordered_map<BlockHash, Block>;

  std::vector<BlockHash> hash_blocks(std::span<const Token> tokens, std::uint64_t salt) const;
  bool make_room();
  void pin(Blocks::iterator block);
  void unpin(BlockHash hash);

  const std::size_t capacity_, block_tokens_;
  mutable std::mutex mutex_;
  Blocks blocks_;
  std::list<BlockHash> unpinned_;  // oldest first
};

}  // namespace core::sim
