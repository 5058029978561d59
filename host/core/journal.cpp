// The journal of store.hpp.
#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/fs.hpp"
#include "core/json.hpp"
#include "core/os_error.hpp"
#include "core/store.hpp"

namespace core {

namespace {

Error bad_line(const std::string& path, std::size_t line, const std::string& why) {
  return Error{"invalid", path + ":" + std::to_string(line) + ": " + why,
               "something else changed the journal; what stands before this line is good"}
      .with("file", path)
      .with("line", line);
}

Result<Value> parse_line(const std::string& path, std::string_view text, std::size_t number) {
  auto entry = decode_json(text);
  if (!entry || !entry->is_object()) return bad_line(path, number, "not a journal entry");
  const auto seq = entry->find("seq");
  if (seq == entry->end() || !seq->is_number_integer()) return bad_line(path, number, "an entry without seq");
  if (seq->get<std::int64_t>() != static_cast<std::int64_t>(number))
    return bad_line(path, number, "expected entry " + std::to_string(number) + ", found " + seq->dump());
  return entry;
}

/// The last line may have come to the disk only in part when the power failed: such blocks read as zeros.
bool is_hole(std::string_view line, std::size_t end, std::size_t size) {
  return line.find('\0') != std::string_view::npos && end + 1 == size;
}

Result<JournalContent> parse_journal(const std::string& path, std::string_view content) {
  JournalContent journal;
  while (journal.whole_bytes < content.size()) {
    const auto end = content.find('\n', journal.whole_bytes);
    if (end == std::string_view::npos) break;
    const auto line = content.substr(journal.whole_bytes, end - journal.whole_bytes);
    auto entry = parse_line(path, line, journal.entries.size() + 1);
    if (!entry && is_hole(line, end, content.size())) break;
    if (!entry) return entry.error();
    journal.entries.push_back(std::move(*entry));
    journal.whole_bytes = end + 1;
  }
  journal.torn_bytes = content.size() - journal.whole_bytes;
  return journal;
}

}  // namespace

Result<JournalContent> read_journal(const std::string& path) {
  const auto content = read_file(path, 1ULL << 34);
  if (!content) return content.error();
  return parse_journal(path, *content);
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path) {
  const bool is_new = !path_exists(path);
  Fd fd(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
  if (!fd) return os_error(errno, "open journal", path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return os_error(errno, "lock journal", path);
    return Error{"conflict", path + " is being written by another process",
                 "wait until it has finished, or stop it"}
        .with("path", path);
  }
  std::unique_ptr<Journal> journal(new Journal(path, std::move(fd)));
  if (auto recovered = journal->recover(); !recovered) return recovered.error();
  if (is_new)
    if (auto synced = sync_dir(parent_of(path)); !synced) return synced.error();
  return journal;
}

Result<Done> Journal::recover() {
  auto content = read_journal(path_);
  if (!content) return content.error();
  entries_ = std::move(content->entries);
  next_seq_ = static_cast<std::int64_t>(entries_.size()) + 1;
  size_ = content->whole_bytes;
  cut_bytes_ = content->torn_bytes;
  if (cut_bytes_ > 0 && (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0 || ::fsync(fd_.get()) != 0))
    return os_error(errno, "repair journal", path_);
  return Done{};
}

Result<std::int64_t> Journal::append(const Value& entry) {
  Value numbered{{"seq", next_seq_}};
  for (const auto& [key, value] : entry.items())
    if (key != "seq") numbered[key] = value;
  const std::string line = encode_json(numbered) + "\n";
  int error = 0;
  for (std::size_t done = 0; done < line.size() && !error;) {
    const ssize_t put = ::write(fd_.get(), line.data() + done, line.size() - done);
    if (put >= 0)
      done += static_cast<std::size_t>(put);
    else if (errno != EINTR)
      error = errno;
  }
  if (!error && ::fdatasync(fd_.get()) != 0) error = errno;
  if (error) {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
      return os_error(errno, "repair journal", path_);
    return os_error(error, "append to journal", path_);
  }
  size_ += line.size();
  return next_seq_++;
}

}  // namespace core
