#include "core/load/token_log.hpp"

#include <cstring>

#include "core/load/varint.hpp"

namespace core::load {

TokenBlock* TokenBlockPool::take() {
  if (!free_) {
    slabs_.push_back(std::make_unique<TokenBlock[]>(kSlabBlocks));
    for (std::size_t i = 0; i < kSlabBlocks; ++i) {
      slabs_.back()[i].next = free_;
      free_ = &slabs_.back()[i];
    }
  }
  TokenBlock* block = free_;
  free_ = block->next;
  block->used = 0;
  block->next = nullptr;
  return block;
}

void TokenBlockPool::give(TokenBlock* first) {
  while (first) {
    TokenBlock* next = first->next;
    first->next = free_;
    free_ = first;
    first = next;
  }
}

void TokenLog::add(TokenBlockPool& pool, std::int64_t now_ns, std::uint32_t tokens) {
  if (first_ns_ < 0) first_ns_ = now_ns;
  if (!last_ || last_->used + 2 * kLongestVarint > last_->bytes.size()) {
    TokenBlock* block = pool.take();
    (last_ ? last_->next : first_) = block;
    last_ = block;
  }
  const std::int64_t units = (now_ns - first_ns_ + kTokenUnit_ns / 2) / kTokenUnit_ns;
  const auto gap = static_cast<std::uint64_t>(units - last_units_);
  std::uint8_t* at = last_->bytes.data() + last_->used;
  at = put_varint(at, gap << 1 | (tokens != 1));
  if (tokens != 1) at = put_varint(at, tokens);
  last_->used = static_cast<std::uint32_t>(at - last_->bytes.data());
  last_units_ = units;
  last_ns_ = now_ns;
  ++chunks_;
  tokens_ += tokens;
}

void TokenLog::clear(TokenBlockPool& pool) {
  pool.give(first_);
  *this = TokenLog();
}

std::size_t TokenLog::encoded_bytes() const {
  std::size_t sum = 0;
  for (const TokenBlock* block = first_; block; block = block->next) sum += block->used;
  return sum;
}

std::uint8_t* TokenLog::copy_to(std::uint8_t* out) const {
  for (const TokenBlock* block = first_; block; block = block->next) {
    std::memcpy(out, block->bytes.data(), block->used);
    out += block->used;
  }
  return out;
}

}  // namespace core::load
