#include "core/line_editor.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
// libedit's readline face; it wants FILE declared before it.
#include <editline/readline.h>

#include "core/loop.hpp"

namespace core {

struct LineEditor::State : std::enable_shared_from_this<LineEditor::State> {
  explicit State(Loop& owner) : loop(owner), input(owner.context()) {}

  void wait_for_key();
  void finish(Result<Line> line);

  Loop& loop;
  boost::asio::posix::stream_descriptor input;
  Complete complete;
  std::string word_breaks = " \t";
  std::string prompt;  // libedit keeps the pointer
  Callback<Line> done;
  std::vector<std::string> candidates;
  std::string newest;
};

namespace {

// libedit calls plain functions: this is the one editor they belong to.
LineEditor::State* active = nullptr;

// A terminal that was closed stays readable for ever, without a key to read.
bool is_hung_up(int fd) {
  pollfd facts{fd, POLLIN, 0};
  return ::poll(&facts, 1, 0) == 1 && (facts.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

TerminalFacts terminal_facts() {
  TerminalFacts facts;
  facts.input = ::isatty(STDIN_FILENO) == 1;
  facts.output = ::isatty(STDOUT_FILENO) == 1;
  facts.errors = ::isatty(STDERR_FILENO) == 1;
  winsize size{};
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO}) {
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      facts.width = size.ws_col;
      break;
    }
  }
  return facts;
}

extern "C" {

static void line_is_complete(char* text) {
  if (!active) return;
  LineEditor::Line line;
  if (text) line = text;
  std::free(text);
  rl_callback_handler_remove();
  if (!line) std::fputc('\n', stdout);
  active->finish(std::move(line));
}

static char* next_candidate(const char*, int index) {
  if (!active || index < 0 || static_cast<std::size_t>(index) >= active->candidates.size()) return nullptr;
  return ::strdup(active->candidates[static_cast<std::size_t>(index)].c_str());
}

static char** attempt_completion(const char* word, int, int end) {
  rl_attempted_completion_over = 1;  // never fall back to file names
  if (!active || !active->complete) return nullptr;
  active->candidates = active->complete(std::string(rl_line_buffer, static_cast<std::size_t>(end)));
  if (active->candidates.empty()) return nullptr;
  return rl_completion_matches(word, next_candidate);
}

}  // extern "C"

void LineEditor::State::finish(Result<Line> line) {
  if (input.is_open()) input.cancel();
  if (auto callback = std::exchange(done, {})) {
    loop.post([callback = std::move(callback), line = std::move(line)] { callback(line); });
  }
}

void LineEditor::State::wait_for_key() {
  input.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [self = shared_from_this()](const boost::system::error_code& ec) {
                     if (ec || !self->done) return;
                     if (is_hung_up(self->input.native_handle())) return line_is_complete(nullptr);
                     rl_callback_read_char();
                     if (self->done) self->wait_for_key();
                   });
}

LineEditor::LineEditor(Loop& loop) : state_(std::make_shared<State>(loop)) {
  if (active) throw UsageError("there is a line editor already");
  active = state_.get();
  if (terminal_facts().input) state_->input.assign(::dup(STDIN_FILENO));
  rl_readline_name = const_cast<char*>("llmdbenchmark");
  rl_attempted_completion_function = attempt_completion;
  rl_completion_append_character = '\0';
  rl_initialize();
  using_history();
}

LineEditor::~LineEditor() {
  if (state_->done) rl_callback_handler_remove();
  state_->done = {};
  if (state_->input.is_open()) state_->input.close();
  active = nullptr;
}

void LineEditor::set_completion(Complete complete, const std::string& word_breaks) {
  state_->complete = std::move(complete);
  state_->word_breaks = word_breaks;
  rl_completer_word_break_characters = state_->word_breaks.data();
}

Cancel LineEditor::read_line(const std::string& prompt, Callback<Line> done) {
  if (state_->done) throw UsageError("a line is being read already");
  state_->done = std::move(done);
  if (!state_->input.is_open()) {
    std::string line;
    const bool got = static_cast<bool>(std::getline(std::cin, line));
    state_->finish(got ? Line(line) : Line());
    return {};
  }
  state_->prompt = prompt;
  rl_callback_handler_install(state_->prompt.c_str(), line_is_complete);
  state_->wait_for_key();
  return [weak = std::weak_ptr(state_)] {
    auto state = weak.lock();
    if (!state || !state->done) return;
    rl_callback_handler_remove();
    std::fputs("^C\n", stdout);
    std::fflush(stdout);
    state->finish(Error{"cancelled", "the line was given up"});
  };
}

void LineEditor::remember(const std::string& line) {
  if (line.find_first_not_of(" \t\n") == std::string::npos || line == state_->newest) return;
  state_->newest = line;
  add_history(line.c_str());
}

bool LineEditor::load_history(const std::string& path) { return read_history(path.c_str()) == 0; }

Result<Done> LineEditor::save_history(const std::string& path, int limit) {
  stifle_history(limit);
  const mode_t before = ::umask(0077);
  const int failed = write_history(path.c_str());
  ::umask(before);
  if (failed == 0) return Done{};
  return Error{"denied", "the history was not saved in " + path + ": " + std::strerror(errno)};
}

}  // namespace core
