// Templates by name, and renderings of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/error.hpp"
#include "core/render/builtins.hpp"
#include "core/render/nodes.hpp"
#include "core/render/options.hpp"

namespace core::render {

/// The text of a template and the name under which messages show it.
struct Source {
  std::string text;
  std::string file;
};

/// Finds a template for `include`, `import` and `extends`; nothing if there is none of that name.
using Loader = std::function<std::optional<Source>(const std::string& name)>;

/// A loader that looks into `files` first, then into the `folders` in order. Names that lead out of a folder
/// (`..`) are not found; a file that is there and may not be read raises PermissionError.
Loader make_loader(std::unordered_map<std::string, std::string> files, std::vector<std::string> folders);

/// A template whose filters and tests are bound to those of an engine.
struct Loaded {
  std::shared_ptr<const Template> code;
  /// For `Template::filters` and `tests`; null where the engine has none of that name.
  std::vector<const Callable*> filters, tests;
};

/// The built-in filters, tests and globals of Jinja2; with `plan`, those of the plan phase over them.
std::shared_ptr<const Registry> builtin_registry(bool plan);

/// An environment: options, what names stand for, and where other templates come from.
class Engine {
 public:
  Engine(Options options, std::shared_ptr<const Registry> registry, Loader loader = {});

  /// Renders a text. `name` is what messages call it, may be empty. `context` is called once, when values may
  /// be made, and gives the variables (a dict). Error `invalid` with facts `file`, `line`, `class`, and
  /// perhaps `variable`, `stack`.
  Result<std::string> render(const std::string& name, std::string_view text,
                             const std::function<Value()>& context) const;

  const Options& options() const { return options_; }
  const Registry& registry() const { return *registry_; }

  /// The template `name`; null if the loader has none. Raises syntax errors.
  std::shared_ptr<const Loaded> load(const std::string& name) const;
  /// Binds a text. Parsed templates are kept for later calls.
  std::shared_ptr<const Loaded> bind(const std::string& name, const std::string& file,
                                     std::string_view text) const;

 private:
  Options options_;
  std::shared_ptr<const Registry> registry_;
  Loader loader_;
};

}  // namespace core::render
