// Editing a line on the terminal while the loop goes on: history, completion, Ctrl-C. libedit is seen only in
// line_editor.cpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace core {

class Loop;

/// What the terminal is. `width` is in columns, 80 when unknown.
struct TerminalFacts {
  bool input = false, output = false, errors = false;  // stdin, stdout, stderr are terminals
  int width = 80;
};
TerminalFacts terminal_facts();

/// Reads lines from stdin. At most one exists in a program (libedit has one state), and one read at a time.
class LineEditor {
 public:
  /// Words that may replace the word that ends at the cursor. Called while a key is handled.
  using Complete = std::function<std::vector<std::string>(const std::string& line_before_cursor)>;
  /// A line without its end, or nothing at the end of the input.
  using Line = std::optional<std::string>;

  explicit LineEditor(Loop& loop);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// `word_breaks`: the characters at which a word to be completed starts.
  void set_completion(Complete complete, const std::string& word_breaks);

  /// Shows `prompt` and calls `done` with the next line. Without a terminal nothing is shown and the call
  /// reads in place, blocking. Cancelling gives up the line that is being typed. Throws UsageError if
  /// a read is under way.
  Cancel read_line(const std::string& prompt, Callback<Line> done);

  /// Adds to the history, unless blank or a repetition of the newest line.
  void remember(const std::string& line);
  /// Reads a history file; false if there is none yet.
  bool load_history(const std::string& path);
  /// Writes the newest `limit` lines, readable by the user alone.
  Result<Done> save_history(const std::string& path, int limit = 1000);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace core
