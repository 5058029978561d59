// The fields of a benchmark report as data. `report.hpp` is the interface; only it reads this.
#pragma once

#include <span>

namespace core::report {

enum class Type {
  kText,
  kTexts,  // list of texts
  kNumber,
  kInteger,
  kBoolean,
  kTime,  // RFC 3339 text or seconds since 1970
  kAny,
  kMap,  // object with any content
  kChoice,
  kScalar,       // text, number or boolean
  kConcurrency,  // a whole number or infinity
  kUnits,        // a unit of the field's group
  kStats,        // statistics with units
  kSeries,       // time series with units
  kObject,
  kObjects,    // list of objects
  kComponent,  // object whose `kind` decides its fields
};

/// Names separated by blanks.
using Words = const char*;

struct Object;

struct Field {
  const char* name;
  Type type;
  const char* meaning;
  bool required = false;
  /// For kObject and kObjects.
  const Object* object = nullptr;
  /// For kChoice the allowed words; for kUnits, kStats and kSeries the allowed units.
  Words words = nullptr;
  /// Smallest allowed number.
  double least = -1e308;
  /// The number must be larger than `least`, not equal.
  bool above = false;
  const char* since = "0.2";
};

struct Object {
  std::span<const Field> fields;
  /// Unknown keys are allowed and kept.
  bool open = false;
};

/// The whole report.
extern const Object kReport;
/// The two kinds of `scenario.stack[].standardized`.
extern const Object kGeneric;
extern const Object kInferenceEngine;
/// What a field of type kStats holds besides `units`.
extern const Object kStatistics;
/// One item of the `series` of a field of type kSeries.
extern const Object kPoint;

}  // namespace core::report
