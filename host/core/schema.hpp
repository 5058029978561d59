// JSON Schema: does a tree have the shape that a schema demands?
#pragma once

#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/value.hpp"

namespace core {

/// One place where a value breaks its schema.
struct SchemaProblem {
  /// `results.latency[0].mean`, indices from 0; empty for the value itself.
  std::string path;
  std::string message;
};

/// Checks `value` against a JSON Schema (2020-12) with these keywords: type properties required
/// additionalProperties patternProperties minProperties maxProperties items minItems maxItems uniqueItems
/// enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern
/// anyOf oneOf allOf not, and `$ref` to a place inside the schema. `format`, `default`, `discriminator` and
/// unknown words are annotations. When no branch of an `anyOf` fits, the problems of the nearest one are
/// reported. No problems: the value fits.
/// Error `invalid`: the schema itself is broken, or uses a keyword that would have to be checked but is not
/// known here (`if`, `dependentSchemas`, `unevaluatedProperties`, ...).
Result<std::vector<SchemaProblem>> check_schema(const Value& value, const Value& schema);

}  // namespace core
