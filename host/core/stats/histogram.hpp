// A log-linear histogram of non-negative integers: bounded relative error, exact merge, no allocation.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace core::stats {

/// Where a value lives: 2^bits equal buckets per power of two, so a bucket is at most 2^-bits of its value
/// wide. Values below 2^(bits+1) have a bucket each.
struct LogLinear {
  unsigned bits;

  std::size_t index(std::uint64_t value) const {
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    if (width <= bits + 1) return static_cast<std::size_t>(value);
    const unsigned shift = width - bits - 1;
    return (static_cast<std::size_t>(shift) << bits) + static_cast<std::size_t>(value >> shift);
  }
  /// Smallest value of a bucket.
  std::uint64_t lower(std::size_t index) const {
    const std::size_t group = index >> bits;
    if (group <= 1) return index;
    const std::uint64_t sub = (index & ((std::size_t{1} << bits) - 1)) | (std::uint64_t{1} << bits);
    return sub << (group - 1);
  }
  /// The value that stands for a bucket: its middle.
  double middle(std::size_t index) const {
    const std::size_t group = index >> bits;
    const auto low = static_cast<double>(lower(index));
    return group <= 1 ? low : low + (static_cast<double>(std::uint64_t{1} << (group - 1)) - 1) / 2;
  }
  /// Buckets needed for values below 2^width.
  std::size_t size(unsigned width) const { return static_cast<std::size_t>(width - bits + 1) << bits; }
};

/// Counts values; percentiles are off by at most 2^-(bits+1) relative (bits = 11: 0.025 %). Values at or
/// above 2^48 (78 hours in nanoseconds) count as 2^48 - 1. Minimum, maximum, count and sum are exact.
class Histogram {
 public:
  explicit Histogram(unsigned bits = 11);

  void record(std::uint64_t value, std::uint64_t times = 1);
  /// Adds another histogram's counts. Throws UsageError if its resolution differs.
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t min() const { return count_ ? min_ : 0; }
  std::uint64_t max() const { return max_; }
  double mean() const;
  /// The value at rank ceil(percent/100 * count), as the middle of its bucket; 0 when empty.
  double percentile(double percent) const;
  unsigned bits() const { return scale_.bits; }

 private:
  LogLinear scale_;
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0, min_ = ~std::uint64_t{0}, max_ = 0;
  double sum_ = 0;
};

}  // namespace core::stats
