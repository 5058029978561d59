// The times of one request's tokens, encoded while they arrive.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace core::load {

/// Time unit of token gaps. Gaps are differences of rounded offsets from the first token: errors never add
/// up.
inline constexpr std::int64_t kTokenUnit_ns = 100;

/// A piece of a log. Blocks come from a pool that grows by slabs, so that a token costs no allocation.
struct TokenBlock {
  std::array<std::uint8_t, 116> bytes;
  std::uint32_t used = 0;
  TokenBlock* next = nullptr;
};

/// Owns blocks; used by one thread.
class TokenBlockPool {
 public:
  TokenBlock* take();
  /// Takes back a chain.
  void give(TokenBlock* first);

 private:
  static constexpr std::size_t kSlabBlocks = 512;

  std::vector<std::unique_ptr<TokenBlock[]>> slabs_;
  TokenBlock* free_ = nullptr;
};

/// One entry per chunk that carried content: varint(gap << 1 | several), then varint(tokens) if several.
/// `gap` is the time since the chunk before in units of 100 ns (0 for the first), `several` says that the
/// chunk did not carry exactly one token.
class TokenLog {
 public:
  /// Adds a chunk that arrived at `now_ns` with `tokens` tokens.
  void add(TokenBlockPool& pool, std::int64_t now_ns, std::uint32_t tokens);
  /// Gives the blocks back and starts again.
  void clear(TokenBlockPool& pool);

  std::uint32_t chunks() const { return chunks_; }
  std::uint32_t tokens() const { return tokens_; }
  std::int64_t first_ns() const { return first_ns_; }
  std::int64_t last_ns() const { return last_ns_; }
  std::size_t encoded_bytes() const;
  /// Copies the encoded entries to `out` (room for `encoded_bytes`) and returns the end.
  std::uint8_t* copy_to(std::uint8_t* out) const;

 private:
  TokenBlock* first_ = nullptr;
  TokenBlock* last_ = nullptr;
  std::int64_t first_ns_ = -1, last_ns_ = -1;
  std::int64_t last_units_ = 0;
  std::uint32_t chunks_ = 0, tokens_ = 0;
};

}  // namespace core::load
