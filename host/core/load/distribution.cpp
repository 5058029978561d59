#include "core/load/distribution.hpp"

#include <algorithm>
#include <cmath>

namespace core::load {

namespace {

constexpr std::int64_t kLongest = 16'000'000;

using Kind = LengthDistribution::Kind;

double draw(const LengthDistribution& d, Random& random) {
  if (d.kind == Kind::kNormal) return d.mean + d.std_dev * random.normal();
  const double ratio = d.std_dev / d.mean;
  const double variance = std::log1p(ratio * ratio);  // of the logarithm
  return std::exp(std::log(d.mean) - variance / 2 + std::sqrt(variance) * random.normal());
}

Kind kind_of(Fields& fields) {
  const auto named = static_cast<Kind>(fields.choice("type", {"constant", "uniform", "normal", "lognormal"}));
  if (fields.has("type")) return named;
  if (fields.has("std_dev") && fields.number("std_dev", 0, 0, 1e9) > 0) return Kind::kNormal;
  return fields.has("mean") ? Kind::kConstant : Kind::kUniform;
}

void check(Fields& fields, const LengthDistribution& d) {
  if (d.min > d.max) fields.refuse("min", "must not be larger than max");
  if (d.kind == Kind::kUniform) {
    for (const char* name : {"mean", "std_dev"})
      if (fields.has(name)) fields.refuse(name, "has no meaning for a uniform distribution");
    return;
  }
  if (d.kind == Kind::kConstant && d.std_dev > 0) fields.refuse("std_dev", "contradicts type 'constant'");
  if (d.kind == Kind::kLognormal && d.mean <= 0) fields.refuse("mean", "of a lognormal must be positive");
  if (d.mean < d.min || d.mean > d.max) fields.refuse("mean", "must lie between min and max");
}

}  // namespace

std::uint32_t LengthDistribution::sample(Random& random) const {
  if (kind == Kind::kConstant) return static_cast<std::uint32_t>(std::lround(mean));
  if (kind == Kind::kUniform) return min + static_cast<std::uint32_t>(random.below(max - min + 1));
  if (min == max) return min;
  double value = mean;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    value = std::round(draw(*this, random));
    if (value >= min && value <= max) return static_cast<std::uint32_t>(value);
  }
  return static_cast<std::uint32_t>(std::clamp<double>(value, min, max));
}

LengthDistribution LengthDistribution::constant(std::uint32_t length) {
  return {Kind::kConstant, static_cast<double>(length), 0, length, length};
}

LengthDistribution LengthDistribution::parse(const std::string& path, const Value& value) {
  if (value.is_number()) {
    const Value table = {{"mean", value}};
    return parse(path, table);
  }
  Fields fields(path, value);
  LengthDistribution d;
  d.kind = kind_of(fields);
  d.std_dev = fields.number("std_dev", 0, 0, 1e9);
  if (d.kind == Kind::kUniform) {
    d.min = static_cast<std::uint32_t>(fields.integer("min", 0, kLongest));
    d.max = static_cast<std::uint32_t>(fields.integer("max", 0, kLongest));
  } else {
    d.mean = fields.number("mean", 0, static_cast<double>(kLongest));
    if (d.kind == Kind::kConstant) d.mean = std::round(d.mean);
    d.min = static_cast<std::uint32_t>(fields.integer("min", d.mean < 1 ? 0 : 1, 0, kLongest));
    d.max = static_cast<std::uint32_t>(fields.integer("max", kLongest, 0, kLongest));
  }
  check(fields, d);
  fields.done();
  return d;
}

}  // namespace core::load
