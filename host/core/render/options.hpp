// How templates are read and rendered: Jinja2's environment options, and the limits.
#pragma once

#include <cstddef>
#include <string>

#include "core/render/value.hpp"

namespace core::render {

/// What one rendering may use at most. Each raises an error that names the limit.
struct Limits {
  /// Nested macro calls, includes, recursive loops and blocks.
  std::size_t depth = 200;
  std::size_t output_bytes = 256u << 20;
  /// Bytes that strings hold at one time.
  std::size_t memory_bytes = 512u << 20;
  /// Rounds of all loops together.
  std::size_t iterations = 20'000'000;
  /// Evaluated nodes and items handled by filters.
  std::size_t steps = 200'000'000;
};

/// Names, meanings and defaults are those of jinja2.Environment.
struct Options {
  std::string block_start_string = "{%", block_end_string = "%}";
  std::string variable_start_string = "{{", variable_end_string = "}}";
  std::string comment_start_string = "{#", comment_end_string = "#}";
  /// Empty: none.
  std::string line_statement_prefix, line_comment_prefix;
  bool trim_blocks = false;
  bool lstrip_blocks = false;
  bool keep_trailing_newline = false;
  std::string newline_sequence = "\n";
  bool autoescape = false;
  /// The extensions `do` and `loopcontrols` (break, continue).
  bool do_statement = true;
  bool loop_controls = true;
  UndefinedKind undefined = UndefinedKind::kDefault;
  Limits limits;
};

}  // namespace core::render
