#include "core/sim/models.hpp"

#include <algorithm>

#include "core/json.hpp"

namespace core::sim {

namespace {

Error bad_adapter(const std::string& item) {
  return Error{"invalid", "option 'lora-modules': '" + item + "' does not describe an adapter",
               R"(write {"name": "NAME", "path": "PATH", "base_model_name": "MODEL"} or NAME=PATH)"}
      .with("option", "lora-modules");
}

std::string text_field(const Value& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<Adapter> adapter_from(const Value& object) {
  if (!object.is_object()) return std::nullopt;
  Adapter adapter{text_field(object, "name"), text_field(object, "path"),
                  text_field(object, "base_model_name")};
  if (adapter.name.empty()) return std::nullopt;
  return adapter;
}

bool append_adapters(const std::string& item, std::vector<Adapter>& adapters) {
  const auto equals = item.find('=');
  if (!item.empty() && item[0] != '{' && item[0] != '[') {
    if (equals == std::string::npos || equals == 0) return false;
    adapters.push_back({item.substr(0, equals), item.substr(equals + 1), ""});
    return true;
  }
  const auto value = decode_json(item);
  if (!value || !value->is_structured()) return false;
  for (const auto& entry : value->is_array() ? *value : Value::array({*value})) {
    auto adapter = adapter_from(entry);
    if (!adapter) return false;
    adapters.push_back(std::move(*adapter));
  }
  return true;
}

}  // namespace

Result<std::vector<Adapter>> parse_adapters(const TextList& items) {
  std::vector<Adapter> adapters;
  for (const auto& item : items) {
    if (!append_adapters(item, adapters)) return bad_adapter(item);
  }
  return adapters;
}

Models::Models(const Options& options, std::vector<Adapter> adapters)
    : base_names_(served_names(options)),
      root_(options.model),
      max_model_len_(options.max_model_len),
      max_adapters_(adapters.size() + static_cast<std::size_t>(options.max_cpu_loras > 0
                                                                   ? options.max_cpu_loras
                                                                   : options.max_loras)) {
  for (auto& adapter : adapters) adapters_.emplace(next_number_++, std::move(adapter));
}

std::optional<Models::Found> Models::find(const std::string& name) const {
  if (name.empty() || std::find(base_names_.begin(), base_names_.end(), name) != base_names_.end()) {
    return Found{base_name(), -1};
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [number, adapter] : adapters_) {
    if (adapter.name == name) return Found{name, number};
  }
  return std::nullopt;
}

std::vector<std::string> Models::names() const {
  auto names = base_names_;
  const std::lock_guard lock(mutex_);
  for (const auto& [number, adapter] : adapters_) names.push_back(adapter.name);
  return names;
}

std::string Models::adapter_name(std::int64_t lora) const {
  const std::lock_guard lock(mutex_);
  const auto found = adapters_.find(lora);
  return found == adapters_.end() ? std::string() : found->second.name;
}

bool Models::has_adapters() const {
  const std::lock_guard lock(mutex_);
  return !adapters_.empty();
}

Value Models::list(std::int64_t created_s) const {
  Value data = Value::array();
  const auto add = [&](const std::string& name, const std::string& root, const Value& parent) {
    data.push_back({{"id", name},
                    {"object", "model"},
                    {"created", created_s},
                    {"owned_by", "llmdbenchmark"},
                    {"root", root},
                    {"parent", parent},
                    {"max_model_len", max_model_len_}});
  };
  for (const auto& name : base_names_) add(name, root_, Value());
  const std::lock_guard lock(mutex_);
  for (const auto& [number, adapter] : adapters_) {
    const auto& parent = adapter.base_model_name.empty() ? base_name() : adapter.base_model_name;
    add(adapter.name, adapter.path, parent);
  }
  return {{"object", "list"}, {"data", data}};
}

Result<Done> Models::load(Adapter adapter) {
  if (find(adapter.name)) return Error{"conflict", "the model '" + adapter.name + "' is loaded already", ""};
  const std::lock_guard lock(mutex_);
  if (adapters_.size() >= max_adapters_) {
    return Error{"invalid",
                 "no room for another adapter; " + std::to_string(adapters_.size()) + " are loaded",
                 "unload one or raise max-cpu-loras"};
  }
  adapters_.emplace(next_number_++, std::move(adapter));
  return Done{};
}

Result<Done> Models::unload(const std::string& name) {
  const std::lock_guard lock(mutex_);
  for (auto at = adapters_.begin(); at != adapters_.end(); ++at) {
    if (at->second.name != name) continue;
    adapters_.erase(at);
    return Done{};
  }
  return Error{"not_found", "the adapter '" + name + "' is not loaded", ""};
}

}  // namespace core::sim
