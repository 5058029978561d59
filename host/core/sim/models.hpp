// Which names the server answers to: the base model's and those of its LoRA adapters.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/sim/options.hpp"
#include "core/value.hpp"

namespace core::sim {

struct Adapter {
  std::string name, path, base_model_name;
};

/// Reads the option lora-modules: each item a JSON object `{name, path, base_model_name}`, a JSON list of
/// such, or `NAME=PATH`. Errors: `invalid`.
Result<std::vector<Adapter>> parse_adapters(const TextList& items);

/// Thread safe; adapters can come and go while the server runs.
class Models {
 public:
  /// `adapters` that are not loaded by a request do not count against the limit of loaded ones.
  Models(const Options& options, std::vector<Adapter> adapters);

  struct Found {
    std::string name;        // as it appears in responses
    std::int64_t lora = -1;  // number of the adapter, -1 for the base model
  };
  /// An empty name means the base model.
  std::optional<Found> find(const std::string& name) const;
  /// Every name, base first.
  std::vector<std::string> names() const;
  std::string adapter_name(std::int64_t lora) const;
  bool has_adapters() const;
  /// The base name that responses and metrics carry.
  const std::string& base_name() const { return base_names_.front(); }
  /// The answer of /v1/models.
  Value list(std::int64_t created_s) const;

  /// Errors: `conflict` (the name is taken), `invalid` (the limit max-cpu-loras).
  Result<Done> load(Adapter adapter);
  /// Errors: `not_found`.
  Result<Done> unload(const std::string& name);

 private:
  const std::vector<std::string> base_names_;
  const std::string root_;
  const std::int64_t max_model_len_;
  const std::size_t max_adapters_;
  mutable std::mutex mutex_;
  std::int64_t next_number_ = 0;
  std::map<std::int64_t, Adapter> adapters_;
};

}  // namespace core::sim
