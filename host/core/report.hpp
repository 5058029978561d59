// Benchmark reports, format version 0.2: which fields there are, whether a tree is a report, and its text.
#pragma once

#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/value.hpp"

namespace core::report {

/// The format version that we write and check.
inline constexpr const char* kVersion = "0.2";

/// One thing that is wrong with a report.
struct Problem {
  /// Where: `results.request_performance.aggregate.requests.total`, list items as `stack[0]`.
  std::string path;
  std::string message;
};

/// Everything that keeps `tree` from being a report, in the order of the fields; empty for a good one.
/// Checks fields, types, required ones, ranges, choices and that each statistic has units of its group.
std::vector<Problem> check(const Value& tree);

/// The same as an error: `invalid`, the first problems in the message, all of them as the fact `problems`
/// (`{ path, message }` each).
Result<Done> validate(const Value& tree);

/// The tree with known fields in the order of the format, statistics as floating point numbers, and null
/// fields left out. Free-form parts (`native`, `profiling`, extra keys) stay as they are.
Value normalise(const Value& tree);

/// The normalised tree as YAML with sorted keys, as reports are published.
std::string to_yaml(const Value& tree);
/// The normalised tree as JSON, indented by two; numbers that JSON lacks become null.
std::string to_json(const Value& tree);

/// Every field, in order: `{ path, type, required, meaning, since, units?, choices? }`. Items of lists are
/// shown as `stack[]`. `units` lists those that a statistic or series may have.
Value fields();

}  // namespace core::report
