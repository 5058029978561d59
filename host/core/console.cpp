#include "core/console.hpp"

#include <algorithm>
#include <cerrno>

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/env.hpp"
#include "core/utf8.hpp"

namespace core {

namespace {

constexpr std::string_view kClearLine = "\r\x1b[2K";

bool is_utf8_locale(const Environment& env) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto value = env.get(name);
    if (!value || value->empty()) continue;
    return value->find("UTF-8") != std::string::npos || value->find("utf8") != std::string::npos;
  }
  return false;
}

int columns_of(char32_t code) {
  const bool wide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
                    (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
                    (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
                    (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}

}  // namespace

Console::Console(const Environment& env, int out_fd, int err_fd) : out_{out_fd}, err_{err_fd} {
  const std::string term = env.get("TERM").value_or("");
  const bool able = !term.empty() && term != "dumb";
  const bool colour = able && env.get("NO_COLOR").value_or("").empty();
  const bool emoji = able && is_utf8_locale(env);
  for (Side* side : {&out_, &err_}) {
    side->terminal = ::isatty(side->fd) == 1;
    side->colour = side->terminal && colour;
    side->emoji = side->terminal && emoji;
  }
  if (able && err_.terminal) status_fd_ = err_fd;
  if (able && out_.terminal) status_fd_ = out_fd;
}

Console::~Console() {
  const std::lock_guard lock(mutex_);
  hide_status();
}

void Console::write(Side& side, std::string_view data) {
  while (!side.broken && !data.empty()) {
    const ssize_t put = ::write(side.fd, data.data(), data.size());
    if (put >= 0) {
      data.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {
      pollfd ready{side.fd, POLLOUT, 0};
      ::poll(&ready, 1, 1000);
    } else if (errno != EINTR) {
      side.broken = true;
      side.lost = errno != EPIPE && !side.terminal;
    }
  }
}

void Console::print(Stream stream, std::string_view line) {
  const std::lock_guard lock(mutex_);
  Side& to = side(stream);
  const bool shared = to.terminal && drawn_;
  if (shared) hide_status();
  std::string data(line);
  data += '\n';
  write(to, data);
  if (shared) draw_status();
}

bool Console::lost_output() const {
  const std::lock_guard lock(mutex_);
  return out_.lost || err_.lost;
}

void Console::status(const std::string& key, const std::string& text) {
  if (!has_status()) return;
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(parts_.begin(), parts_.end(), [&](const auto& part) { return part.first == key; });
  if (found == parts_.end() && text.empty()) return;
  if (found == parts_.end())
    parts_.emplace_back(key, text);
  else if (text.empty())
    parts_.erase(found);
  else if (found->second == text)
    return;
  else
    found->second = text;
  hide_status();
  draw_status();
}

void Console::hide_status() {
  if (!drawn_) return;
  write(status_fd_ == out_.fd ? out_ : err_, kClearLine);
  drawn_ = false;
}

void Console::draw_status() {
  std::string line;
  for (const auto& [key, text] : parts_) line += (line.empty() ? "" : "  |  ") + text;
  if (line.empty()) return;
  write(status_fd_ == out_.fd ? out_ : err_, std::string(kClearLine) + fit_columns(line, width() - 1));
  drawn_ = true;
}

int Console::width() const {
  winsize size{};
  if (status_fd_ < 0 || ::ioctl(status_fd_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string fit_columns(std::string_view text, int columns) {
  std::string out;
  std::size_t room_end = 0;  // where the text is cut if it turns out too long: one column before the limit
  int used = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char at = utf8_at(text, i);
    const std::size_t size = std::max<std::size_t>(at.size, 1);
    const int wide = at.size == 0 ? 1 : columns_of(at.code);
    if (used + wide > columns) return out.substr(0, room_end) + (columns > 0 ? "…" : "");
    used += wide;
    if (at.size == 0)
      out += '?';
    else if (at.code < 0x20 || at.code == 0x7f)
      out += ' ';
    else
      out += text.substr(i, size);
    if (used <= columns - 1) room_end = out.size();
    i += size;
  }
  return out;
}

}  // namespace core
