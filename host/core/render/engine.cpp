#include "core/render/engine.hpp"

#include <algorithm>

#include "core/fs.hpp"
#include "core/render/interpreter.hpp"
#include "core/render/parser.hpp"
#include "core/suggest.hpp"
#include "core/utf8.hpp"

namespace core::render {

namespace {

// -- parsed templates that are kept ------------------------------------------------------------------------

constexpr std::size_t kKeptBytes = 64u << 20;

struct ParsedTemplates {
  std::unordered_map<std::string, std::shared_ptr<const Template>> templates;
  std::size_t bytes = 0;
};

void append_part(std::string& key, std::string_view part) {
  key += part;
  key += '\0';
}

/// Everything that the result of parsing depends on.
std::string cache_key(const std::string& name, const std::string& file, std::string_view text,
                      const Options& options) {
  std::string key;
  key.reserve(text.size() + 128);
  for (const std::string* part :
       {&options.block_start_string, &options.block_end_string, &options.variable_start_string,
        &options.variable_end_string, &options.comment_start_string, &options.comment_end_string,
        &options.line_statement_prefix, &options.line_comment_prefix, &options.newline_sequence, &name,
        &file})
    append_part(key, *part);
  for (const bool flag : {options.trim_blocks, options.lstrip_blocks, options.keep_trailing_newline,
                          options.autoescape, options.do_statement, options.loop_controls})
    key += flag ? '1' : '0';
  key += text;
  return key;
}

std::shared_ptr<const Template> parsed(const std::string& name, const std::string& file,
                                       std::string_view text, const Options& options) {
  thread_local ParsedTemplates kept;
  std::string key = cache_key(name, file, text, options);
  const auto known = kept.templates.find(key);
  if (known != kept.templates.end()) return known->second;
  auto made = parse_template(name, file, text, options);
  // A parsed template takes a few times its text.
  kept.bytes += key.size() * 8;
  if (kept.bytes > kKeptBytes) {
    kept.templates.clear();
    kept.bytes = key.size() * 8;
  }
  kept.templates.emplace(std::move(key), made);
  return made;
}

// -- errors ------------------------------------------------------------------------------------------------

std::string place_text(const Place& place) { return place.name + ":" + std::to_string(place.line); }

/// " (included from a:3, from b:5)": the templates that led here, nearest first, each place once, so that
/// templates that include each other show their circle and no more.
std::string stack_text(const std::vector<Place>& stack) {
  std::vector<std::string> listed;
  std::string last = stack.back().name;
  for (auto place = stack.rbegin() + 1; place != stack.rend(); ++place) {
    if (place->name == last) continue;
    last = place->name;
    std::string shown = place_text(*place);
    if (std::find(listed.begin(), listed.end(), shown) == listed.end()) listed.push_back(std::move(shown));
  }
  std::string text;
  for (const auto& shown : listed) text += (text.empty() ? " (included from " : ", from ") + shown;
  return text.empty() ? text : text + ")";
}

std::string described(const Exception& error) {
  if (error.type == "TemplateNotFound") return "template '" + error.message + "' not found";
  return error.message;
}

std::string suggestion(const Exception& error, const Dict* variables) {
  if (!error.hint.empty()) return error.hint;
  if (!variables || error.variable.empty() || error.message != repr(Value(error.variable)) + " is undefined")
    return "";
  std::vector<std::string> names;
  for (const auto& entry : variables->entries()) {
    if (entry.key.is_string()) names.push_back(entry.key.as_string());
  }
  const std::string near = core::nearest(error.variable, names);
  return near.empty() ? "" : "did you mean '" + near + "'?";
}

/// Names and values in a message may hold any bytes.
std::string as_utf8(std::string text) {
  if (find_invalid_utf8(text) == std::string::npos) return text;
  std::string out;
  for (const char32_t code : to_utf32(text)) append_utf8(out, code);
  return out;
}

core::Error to_error(const Exception& error, const Dict* variables) {
  const bool missing = error.is("TemplateNotFound");
  std::string message = described(error);
  core::Error out{missing ? "not_found" : "invalid", message};
  if (!error.stack.empty()) {
    const Place& place = error.stack.back();
    out.message = place_text(place) + ": " + message + stack_text(error.stack);
    out.facts["file"] = place.name;
    out.facts["line"] = place.line;
  }
  out.facts["class"] = error.type;
  if (!error.variable.empty()) out.facts["variable"] = error.variable;
  if (error.stack.size() > 1) {
    auto& stack = out.facts["stack"] = core::Value::array();
    for (const auto& place : error.stack) stack.push_back(place_text(place));
  }
  out.message = as_utf8(std::move(out.message));
  out.hint = as_utf8(suggestion(error, variables));
  return out;
}

// -- names of files
// ------------------------------------------------------------------------------------------

/// The path of a template below a folder; nothing if the name leads out of it.
std::optional<std::string> path_below(const std::string& folder, std::string_view name) {
  std::string path = folder;
  while (!name.empty()) {
    const auto slash = std::min(name.find('/'), name.size());
    const std::string_view segment = name.substr(0, slash);
    name.remove_prefix(std::min(slash + 1, name.size()));
    if (segment == ".." || segment.find('\0') != std::string_view::npos) return std::nullopt;
    if (!segment.empty() && segment != ".") path.append("/").append(segment);
  }
  return path;
}

}  // namespace

Loader make_loader(std::unordered_map<std::string, std::string> files, std::vector<std::string> folders) {
  return [files = std::move(files),
          folders = std::move(folders)](const std::string& name) -> std::optional<Source> {
    const auto given = files.find(name);
    if (given != files.end()) return Source{given->second, name};
    for (const auto& folder : folders) {
      const auto path = path_below(folder, name);
      if (!path) return std::nullopt;
      auto text = core::read_file(*path);
      if (text) return Source{std::move(*text), *path};
      if (text.error().code == "denied") raise("PermissionError", text.error().message);
    }
    return std::nullopt;
  };
}

std::shared_ptr<const Registry> builtin_registry(bool plan) {
  static const auto make_registry = [](bool with_plan) {
    auto registry = std::make_shared<Registry>();
    register_filters(*registry);
    register_tests(*registry);
    register_globals(*registry);
    if (with_plan) register_plan_filters(*registry);
    return std::shared_ptr<const Registry>(std::move(registry));
  };
  thread_local const auto builtin = make_registry(false);
  thread_local const auto for_plan = make_registry(true);
  return plan ? for_plan : builtin;
}

Engine::Engine(Options options, std::shared_ptr<const Registry> registry, Loader loader)
    : options_(std::move(options)), registry_(std::move(registry)), loader_(std::move(loader)) {}

namespace {

/// Binds names to entries of a table; returns the first name that is needed and not there.
const UsedName* bind_names(const std::vector<UsedName>& names,
                           const std::unordered_map<std::string, Callable>& table,
                           std::vector<const Callable*>& bound) {
  const UsedName* absent = nullptr;
  bound.reserve(names.size());
  for (const auto& name : names) {
    const auto at = table.find(name.name);
    bound.push_back(at == table.end() ? nullptr : &at->second);
    if (!bound.back() && name.needed && (!absent || name.line < absent->line)) absent = &name;
  }
  return absent;
}

}  // namespace

std::string no_such(const char* kind, std::string_view name, const Callables& known) {
  std::vector<std::string> names;
  names.reserve(known.size());
  for (const auto& entry : known) names.push_back(entry.first);
  std::sort(names.begin(), names.end());
  return std::string("there is no ") + kind + " '" + std::string(name) + "'" + did_you_mean(name, names);
}

std::shared_ptr<const Loaded> Engine::bind(const std::string& name, const std::string& file,
                                           std::string_view text) const {
  auto loaded = std::make_shared<Loaded>();
  loaded->code = parsed(name, file, text, options_);
  const UsedName* filter = bind_names(loaded->code->filters, registry_->filters, loaded->filters);
  const UsedName* test = bind_names(loaded->code->tests, registry_->tests, loaded->tests);
  if (filter && (!test || filter->line <= test->line))
    fail_at("TemplateAssertionError", file, filter->line,
            no_such("filter", filter->name, registry_->filters));
  if (test)
    fail_at("TemplateAssertionError", file, test->line, no_such("test", test->name, registry_->tests));
  if (const auto& late = loaded->code->late_fault) fail_at("SyntaxError", file, late->line, late->message);
  return loaded;
}

std::shared_ptr<const Loaded> Engine::load(const std::string& name) const {
  if (!loader_) return nullptr;
  const auto source = loader_(name);
  return source ? bind(name, source->file, source->text) : nullptr;
}

Result<std::string> Engine::render(const std::string& name, std::string_view text,
                                   const std::function<Value()>& context) const {
  const StackWatch watch;
  const Heap heap;
  Interpreter run(*this);
  Value variables;
  try {
    const Loaded& loaded = run.keep(bind(name, name.empty() ? "<template>" : name, text));
    variables = context();
    std::string out;
    out.reserve(text.size() + text.size() / 2);
    run.run_root(loaded, run.root_context(loaded, Ref<Dict>(&variables.as_dict())), out);
    return out;
  } catch (const Exception& error) {
    return to_error(error, variables.is_dict() ? &variables.as_dict() : nullptr);
  } catch (const std::bad_alloc&) {
    return core::Error{"invalid",
                       (name.empty() ? "<template>" : name) + ": not enough memory to render this template"};
  }
}

}  // namespace core::render
