// Files of records: written at once, read, merged, exported. The format is docs/records.md.
#pragma once

#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/load/record.hpp"

namespace core::load {

/// One header and its records. A merged file has several sections.
struct RecordSection {
  Value header = Value::object();
  std::vector<RecordView> records;
};

/// A file in memory; the views point into `bytes`.
struct RecordFile {
  std::string bytes;
  std::vector<RecordSection> sections;
  /// Set when the file ends early or is damaged from some point on; what came before was read.
  std::string problem;
};

/// A section as bytes: magic, version, header, records, end mark with count and checksum.
std::string encode_section(const Value& header, const std::vector<std::span<const std::uint8_t>>& records);

/// Reads a file. Errors: those of reading, and `invalid` when it is not a record file or of a newer version.
/// A cut or damaged file gives what could be read, and `problem`.
Result<std::unique_ptr<RecordFile>> read_record_file(const std::string& path);

/// Joins files without loss: the sections in the order given, byte for byte. Damaged files are refused
/// (`invalid`).
Result<Done> merge_record_files(const std::vector<std::string>& from, const std::string& to);

/// What an export wrote, and what is wrong with the file it read, empty if nothing.
struct Exported {
  std::size_t records = 0;
  std::string problem;
};

/// Writes one JSON object per record, one per line, with the section's number (from 1).
Result<Exported> export_record_file(const std::string& from, const std::string& to);

}  // namespace core::load
