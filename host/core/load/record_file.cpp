#include "core/load/record_file.hpp"

#include <cstring>
#include <memory>

#include "core/fs.hpp"
#include "core/json.hpp"
#include "core/load/varint.hpp"
#include "core/source.hpp"

namespace core::load {

namespace {

constexpr std::string_view kMagic = "LLMDBREC";
constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kLargestFile = 64ull << 30;

void append_varint(std::string& out, std::uint64_t value) {
  std::uint8_t buffer[kLongestVarint];
  const std::uint8_t* end = put_varint(buffer, value);
  out.append(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(end - buffer));
}

// FNV-1a, 64 bits, eight bytes at a time is not needed: files are read once.
std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : bytes) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  return hash;
}

/// Takes parts off the front of a file.
class Parser {
 public:
  explicit Parser(std::string_view bytes) : all_(bytes) {}

  bool at_end() const { return at_ == all_.size(); }
  std::size_t offset() const { return at_; }

  bool varint(std::uint64_t& value) {
    const auto* base = reinterpret_cast<const std::uint8_t*>(all_.data());
    const std::uint8_t* next = get_varint(base + at_, base + all_.size(), value);
    if (next) at_ = static_cast<std::size_t>(next - base);
    return next != nullptr;
  }
  bool bytes(std::uint64_t count, std::string_view& part) {
    if (count > all_.size() - at_) return false;
    part = all_.substr(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return true;
  }

 private:
  std::string_view all_;
  std::size_t at_ = 0;
};

std::string read_header(Parser& in, RecordSection& section, std::uint64_t& version) {
  std::string_view magic, text;
  std::uint64_t length = 0;
  if (!in.bytes(kMagic.size(), magic) || magic != kMagic) return "no section begins where one should";
  if (!in.varint(version)) return "the version is missing";
  if (version != kVersion) return "format version " + std::to_string(version);
  if (!in.varint(length) || !in.bytes(length, text)) return "the header is cut off";
  auto header = decode_json(text);
  if (!header) return "the header is not JSON: " + what_is_wrong(header.error());
  section.header = std::move(header).value();
  return section.header.is_object() ? "" : "the header is not a JSON object";
}

std::string read_records(Parser& in, RecordSection& section) {
  for (;;) {
    std::uint64_t length = 0;
    std::string_view bytes;
    if (!in.varint(length)) return "the end mark is missing";
    if (length == 0) return "";
    if (!in.bytes(length, bytes)) return "a record is cut off";
    const auto view = decode_record({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    if (!view) return "a record is damaged";
    section.records.push_back(*view);
  }
}

std::string read_end(Parser& in, const RecordSection& section, std::string_view content) {
  std::uint64_t count = 0, sum = 0;
  if (!in.varint(count) || !in.varint(sum)) return "the end mark is cut off";
  if (count != section.records.size()) return "the number of records is wrong";
  return sum == checksum(content) ? "" : "the checksum is wrong";
}

Error bad_file(const std::string& path, const std::string& why) {
  return Error{"invalid", path + ": not a usable record file: " + why}.with("file", path);
}

}  // namespace

std::string encode_section(const Value& header, const std::vector<std::span<const std::uint8_t>>& records) {
  std::string out(kMagic);
  append_varint(out, kVersion);
  const std::string text = header.dump(-1, ' ', false, Value::error_handler_t::replace);
  append_varint(out, text.size());
  out += text;
  std::size_t total = out.size();
  for (const auto& record : records) total += record.size() + 3;
  out.reserve(total + 32);
  for (const auto& record : records) {
    append_varint(out, record.size());
    out.append(reinterpret_cast<const char*>(record.data()), record.size());
  }
  append_varint(out, 0);
  const std::uint64_t sum = checksum(out);
  append_varint(out, records.size());
  append_varint(out, sum);
  return out;
}

Result<std::unique_ptr<RecordFile>> read_record_file(const std::string& path) {
  auto content = read_file(path, kLargestFile);
  if (!content) return std::move(content).error();
  auto file = std::make_unique<RecordFile>();
  file->bytes = std::move(content).value();
  Parser in(file->bytes);
  do {
    RecordSection section;
    std::uint64_t version = 0;
    const std::size_t start = in.offset();
    file->problem = read_header(in, section, version);
    if (!file->problem.empty() && file->sections.empty()) {
      Error error = bad_file(path, file->problem);
      if (version > kVersion) error.hint = "it was written by a newer llmdbenchmark; read it with that one";
      return error;
    }
    if (!file->problem.empty()) break;
    file->problem = read_records(in, section);
    if (file->problem.empty()) {
      const auto content_part = std::string_view(file->bytes).substr(start, in.offset() - start);
      file->problem = read_end(in, section, content_part);
    }
    file->sections.push_back(std::move(section));
  } while (file->problem.empty() && !in.at_end());
  return file;
}

Result<Done> merge_record_files(const std::vector<std::string>& from, const std::string& to) {
  std::string all;
  for (const std::string& path : from) {
    auto file = read_record_file(path);
    if (!file) return std::move(file).error();
    if (!file.value()->problem.empty()) return bad_file(path, file.value()->problem);
    all += file.value()->bytes;
  }
  return write_file(to, all);
}

Result<Exported> export_record_file(const std::string& from, const std::string& to) {
  auto file = read_record_file(from);
  if (!file) return std::move(file).error();
  std::string lines;
  std::size_t count = 0, section_number = 0;
  for (const RecordSection& section : file.value()->sections) {
    ++section_number;
    for (const RecordView& view : section.records) {
      Value line = {{"section", section_number}};
      line.update(to_value(view));
      lines += line.dump() + "\n";
      ++count;
    }
  }
  auto written = write_file(to, lines);
  if (!written) return std::move(written).error();
  return Exported{count, file.value()->problem};
}

}  // namespace core::load
