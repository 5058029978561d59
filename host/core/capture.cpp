#include "core/capture.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

#include "core/os_error.hpp"
#include "core/process.hpp"

namespace core {

namespace {

constexpr std::size_t kLongestLine = 1 << 20;
constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr std::uint64_t kReleaseStep = 4 << 20;

}  // namespace

Capture::Capture(std::uint64_t memory_bytes, std::uint64_t file_bytes, NewPath new_path)
    : memory_bytes_(memory_bytes), file_bytes_(file_bytes), new_path_(std::move(new_path)) {}

void Capture::append(std::string_view data) {
  seen_ += data.size();
  if (!note_.empty()) return;
  if (!file_ && stored_ + data.size() <= memory_bytes_) {
    head_ += data;
    stored_ += data.size();
    return;
  }
  const std::size_t room = memory_bytes_ - head_.size();
  head_ += data.substr(0, room);
  if (!file_) open_file();
  append_to_file(data);
}

void Capture::open_file() {
  auto path = new_path_();
  if (!path) {
    note_ = path.error().message;
    stored_ = head_.size();
    return;
  }
  file_.reset(::open(path->c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file_) {
    note_ = os_error(errno, "write", *path).message;
    stored_ = head_.size();
    return;
  }
  file_path_ = *path;
  const std::uint64_t in_memory = stored_;
  stored_ = 0;
  append_to_file(std::string_view(head_).substr(0, in_memory));
}

void Capture::append_to_file(std::string_view data) {
  if (!note_.empty()) return;
  if (stored_ - released_ + data.size() > file_bytes_) {
    note_ = "output after the first " + std::to_string(stored_) + " bytes was dropped: more than " +
            std::to_string(file_bytes_) + " bytes were waiting";
    return;
  }
  while (!data.empty()) {
    const ssize_t put = ::pwrite(file_.get(), data.data(), data.size(), static_cast<off_t>(stored_));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      note_ = os_error(errno, "write", file_path_).message + "; output after the first " +
              std::to_string(stored_) + " bytes was dropped";
      return;
    }
    stored_ += static_cast<std::uint64_t>(put);
    data.remove_prefix(static_cast<std::size_t>(put));
  }
}

std::string Capture::read(std::uint64_t offset, std::size_t most) const {
  if (offset >= stored_) return "";
  if (offset < head_.size()) return head_.substr(offset, std::min<std::uint64_t>(most, stored_ - offset));
  std::string data(std::min<std::uint64_t>(most, stored_ - offset), '\0');
  ssize_t got = -1;
  while ((got = ::pread(file_.get(), data.data(), data.size(), static_cast<off_t>(offset))) < 0 &&
         errno == EINTR) {
  }
  data.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return data;
}

void Capture::release(std::uint64_t offset) {
  if (!file_ || offset < released_ + kReleaseStep) return;
  release_file_range(file_.get(), released_, offset - released_);
  released_ = offset;
}

std::string Capture::tail(std::size_t most) const { return read(stored_ > most ? stored_ - most : 0, most); }

Output Capture::output() const {
  Output output{head_, seen_, "", note_};
  if (file_) output.file = file_path_;
  if (released_ > 0) {
    output.file.clear();
    output.note =
        "the stream was read line by line and is not kept as a whole" + (note_.empty() ? "" : "; " + note_);
  }
  return output;
}

std::optional<std::string> LineReader::next(bool ended) {
  for (;;) {
    const auto end = pending_.find('\n', searched_);
    if (end != std::string::npos) return cut(end - from_, end + 1);
    if (pending_.size() - from_ >= kLongestLine) return cut(kLongestLine, from_ + kLongestLine);
    searched_ = pending_.size();
    const std::string more = capture_.read(offset_, kChunkBytes);
    if (more.empty()) break;
    if (from_ > 0) {
      pending_.erase(0, from_);
      searched_ -= from_;
      from_ = 0;
    }
    pending_ += more;
    offset_ += more.size();
    capture_.release(offset_);
  }
  if (!ended || from_ == pending_.size()) return std::nullopt;
  return cut(pending_.size() - from_, pending_.size());
}

std::string LineReader::cut(std::size_t length, std::size_t with_end) {
  std::string line = pending_.substr(from_, length);
  if (!line.empty() && line.back() == '\r' && with_end > from_ + length) line.pop_back();
  from_ = searched_ = with_end;
  return line;
}

}  // namespace core
