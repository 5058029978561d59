#include "core/load/record.hpp"

#include <cstring>

#include "core/load/varint.hpp"

namespace core::load {

namespace {

constexpr const char* kFailureNames[kFailureCount] = {"none",      "connect",  "tls",      "timeout",
                                                      "http_4xx",  "http_429", "http_5xx", "protocol",
                                                      "truncated", "in_band",  "cancelled"};
constexpr const char* kFinishNames[] = {"", "stop", "length", "other"};
constexpr std::size_t kLongestFields = 26 * kLongestVarint;

// The optional fields, in file order. Times are written as the difference to the time before them.
constexpr std::int64_t Record::*kTimes[] = {&Record::started_ns, &Record::sent_ns, &Record::first_byte_ns,
                                            &Record::first_token_ns, &Record::end_ns};
constexpr std::int64_t Record::*kCounts[] = {&Record::prompt_tokens, &Record::completion_tokens,
                                             &Record::cached_tokens, &Record::server_prompt_us,
                                             &Record::server_predicted_us};
constexpr std::size_t kTimeCount = std::size(kTimes);

std::uint64_t presence(const Record& r) {
  std::uint64_t bits = 0, bit = 1;
  for (const auto field : kTimes) {
    if (r.*field >= 0) bits |= bit;
    bit <<= 1;
  }
  for (const auto field : kCounts) {
    if (r.*field >= 0) bits |= bit;
    bit <<= 1;
  }
  return bits;
}

std::uint8_t* put_fields(std::uint8_t* at, const Record& r) {
  const std::uint64_t present = presence(r);
  const auto put = [&at](std::uint64_t value) { at = put_varint(at, value); };
  put(r.index);
  put(present);
  put(r.flags);
  put(static_cast<std::uint64_t>(r.failure));
  put(static_cast<std::uint64_t>(r.finish));
  put(r.status);
  put(zigzag(r.planned_ns));
  put(zigzag(r.cap_wait_ns));
  std::int64_t before = r.planned_ns;
  for (const auto field : kTimes) {
    if (r.*field < 0) continue;
    put(zigzag(r.*field - before));
    before = r.*field;
  }
  for (const auto field : kCounts)
    if (r.*field >= 0) put(static_cast<std::uint64_t>(r.*field));
  put(r.requested_input);
  put(r.requested_output);
  put(r.sent_bytes);
  put(r.received_bytes);
  put(r.counted_tokens);
  put(r.chunks);
  return at;
}

/// Reads values one after the other; `good` turns false at the first that is not there.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  std::uint64_t get() {
    std::uint64_t value = 0;
    const std::uint8_t* next = good ? get_varint(at_, end_, value) : nullptr;
    good = next != nullptr;
    at_ = good ? next : end_;
    return good ? value : 0;
  }
  std::int64_t get_signed() { return unzigzag(get()); }
  template <class T>
  void get(T& target) {
    target = static_cast<T>(get());
  }
  std::span<const std::uint8_t> rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }

  bool good = true;

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

void get_fields(Reader& in, Record& r) {
  in.get(r.index);
  const std::uint64_t present = in.get();
  in.get(r.flags);
  const auto failure = in.get(), finish = in.get();
  if (failure >= kFailureCount || finish >= std::size(kFinishNames)) in.good = false;
  r.failure = static_cast<Failure>(failure);
  r.finish = static_cast<Finish>(finish);
  in.get(r.status);
  r.planned_ns = in.get_signed();
  r.cap_wait_ns = in.get_signed();
  std::int64_t before = r.planned_ns;
  std::uint64_t bit = 1;
  for (const auto field : kTimes) {
    if (present & bit) before = r.*field = before + in.get_signed();
    bit <<= 1;
  }
  for (const auto field : kCounts) {
    if (present & bit) in.get(r.*field);
    bit <<= 1;
  }
  in.get(r.requested_input);
  in.get(r.requested_output);
  in.get(r.sent_bytes);
  in.get(r.received_bytes);
  in.get(r.counted_tokens);
  in.get(r.chunks);
}

}  // namespace

const char* failure_name(Failure failure) { return kFailureNames[static_cast<std::size_t>(failure)]; }

bool TokenReader::next(std::int64_t& at_ns, std::uint32_t& tokens) {
  if (rest_.empty()) return false;
  const std::uint8_t* end = rest_.data() + rest_.size();
  std::uint64_t gap = 0, count = 1;
  const std::uint8_t* at = get_varint(rest_.data(), end, gap);
  if (at && (gap & 1)) at = get_varint(at, end, count);
  rest_ = at ? std::span(at, end) : std::span<const std::uint8_t>();
  if (!at) return false;
  at_ns_ += static_cast<std::int64_t>(gap >> 1) * kTokenUnit_ns;
  at_ns = at_ns_;
  tokens = static_cast<std::uint32_t>(count);
  return true;
}

std::uint8_t* RecordStore::reserve(std::size_t bytes) {
  if (bytes > kSlabBytes) {  // a slab of its own; the current one is given up
    slabs_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(bytes));
    used_ = kSlabBytes;
    return slabs_.back().get();
  }
  if (used_ + bytes > kSlabBytes) {
    slabs_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(kSlabBytes));
    used_ = 0;
  }
  return slabs_.back().get() + used_;
}

void RecordStore::add(Record record, const TokenLog& log, std::int64_t epoch_ns) {
  record.chunks = log.chunks();
  record.counted_tokens = log.tokens();
  record.first_token_ns = log.chunks() ? log.first_ns() - epoch_ns : -1;
  std::uint8_t* start = reserve(kLongestFields + log.encoded_bytes());
  std::uint8_t* end = log.copy_to(put_fields(start, record));
  const auto size = static_cast<std::size_t>(end - start);
  if (used_ < kSlabBytes) used_ += size;
  records_.emplace_back(start, size);
}

std::optional<RecordView> decode_record(std::span<const std::uint8_t> bytes) {
  RecordView view;
  Reader in(bytes);
  get_fields(in, view.record);
  view.tokens = in.rest();
  view.encoded = bytes;
  const bool tokens_fit = (view.record.chunks == 0) == view.tokens.empty();
  if (!in.good || !tokens_fit) return {};
  return view;
}

namespace {

void put_time(Value& table, const char* name, std::int64_t ns) {
  if (ns >= 0) table[name] = static_cast<double>(ns) / 1e9;
}

void put_count(Value& table, const char* name, std::int64_t count) {
  if (count >= 0) table[name] = count;
}

Value token_list(const RecordView& view) {
  Value list = Value::array();
  TokenReader reader(view);
  std::int64_t at = 0;
  std::uint32_t count = 0;
  while (reader.next(at, count)) list.push_back({static_cast<double>(at) / 1e9, count});
  return list;
}

}  // namespace

Value to_value(const RecordView& view, bool with_tokens) {
  const Record& r = view.record;
  Value t = {{"index", r.index}, {"planned_s", static_cast<double>(r.planned_ns) / 1e9}};
  t["cap_wait_s"] = static_cast<double>(r.cap_wait_ns) / 1e9;
  put_time(t, "started_s", r.started_ns);
  put_time(t, "sent_s", r.sent_ns);
  put_time(t, "first_byte_s", r.first_byte_ns);
  put_time(t, "first_token_s", r.first_token_ns);
  put_time(t, "end_s", r.end_ns);
  t["failure"] = r.succeeded() ? Value() : Value(failure_name(r.failure));
  t["status"] = r.status;
  if (r.finish != Finish::kNone) t["finish"] = kFinishNames[static_cast<std::size_t>(r.finish)];
  t["warmup"] = (r.flags & kWarmup) != 0;
  t["new_connection"] = (r.flags & kNewConnection) != 0;
  t["retried"] = (r.flags & kRetried) != 0;
  t["in_flight_at_end"] = (r.flags & kInFlight) != 0;
  t["not_sent"] = (r.flags & kNotSent) != 0;
  t["requested_input_tokens"] = r.requested_input;
  t["requested_output_tokens"] = r.requested_output;
  t["counted_output_tokens"] = r.counted_tokens;
  t["chunks"] = r.chunks;
  put_count(t, "prompt_tokens", r.prompt_tokens);
  put_count(t, "completion_tokens", r.completion_tokens);
  put_count(t, "cached_tokens", r.cached_tokens);
  if (r.server_prompt_us >= 0) t["server_prompt_s"] = static_cast<double>(r.server_prompt_us) / 1e6;
  if (r.server_predicted_us >= 0) t["server_predicted_s"] = static_cast<double>(r.server_predicted_us) / 1e6;
  t["sent_bytes"] = r.sent_bytes;
  t["received_bytes"] = r.received_bytes;
  if (with_tokens) t["tokens"] = token_list(view);
  return t;
}

}  // namespace core::load
