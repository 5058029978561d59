// YAML text to Value and back. Reads YAML 1.1 as PyYAML's safe loader does, because users' files are
// written for it, and writes what PyYAML's safe dumper writes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/value.hpp"

namespace core {

/// How `decode_yaml` reads.
struct YamlReading {
  /// Name used in errors and warnings; may be empty.
  std::string file;
  /// Nodes that aliases and merge keys may add to what the text itself holds; a document that expands
  /// further ("alias bomb") is refused.
  std::size_t max_expanded_nodes = 1'000'000;
};

/// Something that is allowed but probably not meant: today a key that is given twice in one map.
struct YamlWarning {
  /// Begins with `file:line:column: `.
  std::string message;
  int line = 0;
  int column = 0;
};

/// One document.
struct YamlDocument {
  Value value;
  std::vector<YamlWarning> warnings;
};

/// How `encode_yaml` writes. The defaults are those of PyYAML's `safe_dump(allow_unicode=True,
/// sort_keys=False)`, byte for byte, except that U+0085, U+2028 and U+2029 are always escaped.
struct YamlStyle {
  /// Keys in the order of their code points instead of their own order.
  bool sort_keys = false;
  /// Column behind which long scalars are folded; 0 never folds.
  int width = 80;
  /// Spaces per level, 2 to 9.
  int indent = 2;
  /// List dashes are indented under their key.
  bool indent_lists = false;
  /// Strings of several lines become literal blocks (`|`) where YAML allows it.
  bool literal_blocks = false;
  /// Everything in flow style: `{a: 1, b: [x, y]}`.
  bool flow = false;
};

/// Parses a text of at most one document; no document at all is null. How scalars are understood:
/// `yaml_type`. Quoted scalars are strings; explicit `!!` tags are honoured, `!!binary` stays base64 text,
/// `!!timestamp` and dates stay text, `!!set` is a map of nulls; other tags are errors. `<<` merges maps
/// and lists of maps: own keys win over merged ones, earlier maps of a list win over later ones. A key
/// that is not a string becomes one as in JSON: `true`, `null`, `1`, `1.5`; lists and maps as keys are
/// errors. A repeated key takes its last value and is reported as a warning.
/// Error `invalid` names file, line and column and shows the line.
Result<YamlDocument> decode_yaml(std::string_view text, const YamlReading& reading = {});

/// Parses any number of documents.
Result<std::vector<YamlDocument>> decode_yaml_all(std::string_view text, const YamlReading& reading = {});

/// Reads and parses a file of one document; also `not_found` and `denied`.
Result<YamlDocument> load_yaml(const std::string& path, YamlReading reading = {});

/// One document, ending in a newline. Strings that YAML 1.1 would read as another type are quoted, so the
/// text reads back equal. Never fails: bytes that are not UTF-8 become U+FFFD.
std::string encode_yaml(const Value& value, const YamlStyle& style = {});

/// Several documents, each behind a line `---`.
std::string encode_yaml_all(const std::vector<Value>& values, const YamlStyle& style = {});

}  // namespace core
