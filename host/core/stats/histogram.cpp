#include "core/stats/histogram.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace core::stats {

namespace {
constexpr unsigned kWidth = 48;
constexpr std::uint64_t kLargest = (std::uint64_t{1} << kWidth) - 1;
}  // namespace

Histogram::Histogram(unsigned bits) : scale_{bits} {
  if (bits < 1 || bits > 16) throw UsageError("a histogram has 1 to 16 bits of resolution");
  buckets_.resize(scale_.size(kWidth));
}

void Histogram::record(std::uint64_t value, std::uint64_t times) {
  value = std::min(value, kLargest);
  buckets_[scale_.index(value)] += times;
  count_ += times;
  sum_ += static_cast<double>(value) * static_cast<double>(times);
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  if (bits() != other.bits()) throw UsageError("histograms of different resolution cannot be merged");
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double Histogram::mean() const { return count_ ? sum_ / static_cast<double>(count_) : 0; }

double Histogram::percentile(double percent) const {
  if (!count_) return 0;
  const double wanted = std::ceil(std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_));
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank)
      return std::clamp(scale_.middle(i), static_cast<double>(min_), static_cast<double>(max_));
  }
  return static_cast<double>(max_);
}

}  // namespace core::stats
