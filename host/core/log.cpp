#include "core/log.hpp"

#include <array>
#include <cctype>
#include <map>

#include <spdlog/sinks/basic_file_sink.h>

#include "core/clock.hpp"
#include "core/fs.hpp"
#include "core/redact.hpp"
#include "core/text.hpp"

namespace core {

namespace {

struct LevelRow {
  const char* name;    // as scripts write it
  const char* padded;  // as lines show it
  const char* emoji;
  const char* colour;  // of a terminal
  spdlog::level::level_enum spdlog_level;
};

constexpr std::array<LevelRow, 5> kLevels{{
    {"debug", "DEBUG  ", "🔍", "\x1b[2m", spdlog::level::debug},
    {"info", "INFO   ", "", "", spdlog::level::info},
    {"warning", "WARNING", "⚠️ ", "\x1b[33m", spdlog::level::warn},
    {"error", "ERROR  ", "❌", "\x1b[31m", spdlog::level::err},
    {"off", "", "", "", spdlog::level::off},
}};
constexpr const char* kPlainColour = "\x1b[0m";
constexpr const char* kIndent = "    | ";
constexpr const char* kCombined = "llmdbenchmark";

const LevelRow& row(Level level) { return kLevels[static_cast<std::size_t>(level)]; }

bool is_trouble(Level level) { return level >= Level::kWarning; }

std::string indentation(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += kIndent;
  return text;
}

std::string prefix(const LogLine& line, const std::string& stamp) {
  return stamp + " - " + row(line.level).padded + " - ";
}

/// A module's name as a part of a file name.
std::string file_word(const std::string& name) {
  std::string word;
  for (const char c : name)
    word += std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ? c : '-';
  return word;
}

using FileSink = spdlog::sinks::basic_file_sink_mt;

/// `<base>-stdout.log` and `<base>-stderr.log`. Throws spdlog_ex.
struct FilePair {
  explicit FilePair(const std::string& base)
      : out(std::make_shared<FileSink>(base + "-stdout.log")),
        err(std::make_shared<FileSink>(base + "-stderr.log")) {
    out->set_pattern("%v");
    err->set_pattern("%v");
  }
  void write(Level level, const std::string& text) {
    auto& sink = is_trouble(level) ? *err : *out;
    sink.log(spdlog::details::log_msg("", row(level).spdlog_level, text));
    sink.flush();  // a killed process leaves whole lines
  }
  std::shared_ptr<FileSink> out, err;
};

}  // namespace

std::optional<Level> level_named(const std::string& name) {
  if (name == "warn") return Level::kWarning;
  for (std::size_t i = 0; i < kLevels.size(); ++i)
    if (name == kLevels[i].name) return static_cast<Level>(i);
  return std::nullopt;
}

std::string level_name(Level level) { return row(level).name; }

struct Log::Files {
  explicit Files(const std::string& where) : folder(where), combined(where + "/" + kCombined) {}

  FilePair& of(const std::string& module) {
    const auto found = modules.find(module);
    if (found != modules.end()) return found->second;
    const std::string base = folder + "/" + file_word(module) + "-" + hex(random_bytes(2));
    return modules.emplace(module, FilePair(base)).first->second;
  }
  void write(const LogLine& line, const std::string& text) {
    combined.write(line.level, text);
    if (!line.module.empty()) of(line.module).write(line.level, text);
  }

  std::string folder;
  FilePair combined;
  std::map<std::string, FilePair> modules;
  bool in_trouble = false;
};

Log::Log(const Environment& env, std::function<std::int64_t()> wall_ns, int out_fd, int err_fd)
    : console_(env, out_fd, err_fd), wall_ns_(std::move(wall_ns)) {}

Log::~Log() = default;

void Log::set_console_level(Level level) {
  const std::lock_guard lock(mutex_);
  console_level_ = level;
}

Level Log::console_level() const {
  const std::lock_guard lock(mutex_);
  return console_level_;
}

Result<Done> Log::open_files(const std::string& folder) {
  if (auto made = make_dirs(folder); !made) return made;
  try {
    auto files = std::make_unique<Files>(folder);
    const std::lock_guard lock(mutex_);
    files_ = std::move(files);
    return Done{};
  } catch (const spdlog::spdlog_ex& e) {
    return Error{"denied", std::string("cannot log to ") + folder + ": " + e.what(),
                 "choose another workspace, or free some space"}
        .with("path", folder);
  }
}

void Log::close_files() {
  const std::lock_guard lock(mutex_);
  files_.reset();
}

void Log::write(const LogLine& given) {
  LogLine line = given;
  const std::string text = redact(given.text), stamp = log_stamp(wall_ns_());
  const std::lock_guard lock(mutex_);
  for (std::size_t from = 0; from <= text.size();) {
    const auto to = std::min(text.find('\n', from), text.size());
    line.text = text.substr(from, to - from);
    write_one(line, stamp);
    from = to + 1;
    if (from == text.size()) break;  // a line end at the very end starts no further line
  }
}

void Log::write_one(const LogLine& line, const std::string& stamp) {
  if (line.level >= console_level_) {
    const auto stream = is_trouble(line.level) ? Console::Stream::kErr : Console::Stream::kOut;
    console_.print(stream,
                   console_text(line, stamp, console_.has_colour(stream), console_.has_emoji(stream)));
  }
  if (!files_) return;
  try {
    files_->write(line, console_text(line, stamp, false, false));
  } catch (const spdlog::spdlog_ex& e) {
    report_file_trouble(e.what());
  }
}

std::string Log::console_text(const LogLine& line, const std::string& stamp, bool colour, bool emoji) const {
  if (line.plain) return line.text;
  const LevelRow& level = row(line.level);
  std::string text = prefix(line, stamp) + indentation(line.indent);
  const std::string& picture = line.emoji.empty() ? level.emoji : line.emoji;
  if (emoji && !picture.empty()) text += picture + " ";
  text += line.text;
  return colour && *level.colour ? level.colour + text + kPlainColour : text;
}

void Log::report_file_trouble(const std::string& what) {
  if (std::exchange(files_->in_trouble, true)) return;
  console_.print(Console::Stream::kErr,
                 "llmdbenchmark: " + redact(what) + "; lines may be missing in the log files");
}

void Log::status(const std::string& key, const std::string& text) {
  if (console_.has_status()) console_.status(key, redact(text));
}

}  // namespace core
