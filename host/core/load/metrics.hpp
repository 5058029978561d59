// From records to metrics, as docs/metrics.md defines them.
#pragma once

#include <string>
#include <vector>

#include "core/load/record.hpp"
#include "core/load/verdict.hpp"

namespace core::load {

/// Computes everything a stage reports from the header of its record file and its records: the same numbers
/// right after the stage and years later from the file. `records` in any order; they are looked at by index.
///
/// `damage` says what is wrong with the file they come from, empty if nothing. The header's fields are those
/// that `stage_header` in stage.cpp writes (docs/records.md, "Header").
Value summarise_stage(const Value& header, const std::vector<RecordView>& records, const Limits& limits,
                      const std::string& damage = "");

}  // namespace core::load
