// Every option of the simulator, declared once. Command line, YAML file, environment, scripts, help and
// documentation are all made from this table.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "core/sim/duration.hpp"
#include "core/value.hpp"

namespace core::sim {

using TextList = std::vector<std::string>;

/// The values, with their defaults. `option_table` says what each one means.
struct Options {
  // General
  std::string config;
  std::string host = "0.0.0.0";
  std::int64_t port = 8000;
  std::string model;
  TextList served_model_name;
  std::int64_t max_model_len = 1024;
  std::int64_t max_num_seqs = 5;
  std::int64_t max_waiting_queue_length = 1000;
  std::string mode = "random";
  std::int64_t seed = 0;
  std::int64_t max_request_body_size_mb = 4;
  Duration startup_duration;
  bool enable_sleep_mode = false;
  bool enable_request_id_headers = false;
  bool log_http = false;
  std::string api_key;

  // LoRA names
  TextList lora_modules;
  std::int64_t max_loras = 1;
  std::int64_t max_cpu_loras = 0;

  // Latency
  std::string latency_calculator;
  Duration time_to_first_token, time_to_first_token_std_dev;
  Duration inter_token_latency, inter_token_latency_std_dev;
  Duration prefill_overhead, prefill_time_per_token, prefill_time_std_dev;
  Duration kv_cache_transfer_latency, kv_cache_transfer_latency_std_dev;
  Duration kv_cache_transfer_time_per_token, kv_cache_transfer_time_std_dev;
  double time_factor_under_load = 1.0;
  bool millisecond_times = false;

  // Prefix cache
  bool enable_kvcache = false;
  std::int64_t kv_cache_size = 1024;
  std::int64_t block_size = 16;

  // Failures
  double failure_injection_rate = 0;
  TextList failure_types;

  // TLS
  std::string ssl_certfile, ssl_keyfile;
  bool self_signed_certs = false;

  // The server itself
  std::int64_t threads = 0;
  std::int64_t tokens_per_write = 64;
  std::string truth;
};

/// Accepted for compatibility and without effect.
struct Ignored {
  bool takes_value;
};

using Member = std::variant<std::string Options::*, std::int64_t Options::*, double Options::*,
                            bool Options::*, Duration Options::*, TextList Options::*, Ignored>;

struct OptionRow {
  const char* name;   // as on the command line, without dashes, and as in YAML
  const char* group;  // heading of the help
  Member member;
  const char* unit;  // "" where there is none
  const char* help;
  double min = std::numeric_limits<double>::lowest(), max = std::numeric_limits<double>::max();
  std::vector<std::string> choices = {};
  bool secret = false;  // never shown
};

const std::vector<OptionRow>& option_table();

/// `string`, `integer`, `number`, `boolean`, `duration` or `list`; `ignored` rows are `boolean` or `string`.
const char* option_type(const OptionRow& row);
/// The environment variable of an option: `SIM_` and its name in capitals, e.g. `SIM_MAX_NUM_SEQS`.
std::string option_env(const OptionRow& row);
/// The table as data: a list of `{name, group, type, default, unit, env, help, min?, max?, choices?,
/// ignored?, secret?}`.
Value describe_options();

/// Looks up an environment variable.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// Combines the sources; earlier ones win: `given` (command line or script), environment, `file` (YAML),
/// defaults. Keys may be written with `-` or `_`; `no-X` switches a boolean off. Values may have their own
/// type or be text. Errors have code `invalid` and name the option, its source and what is allowed.
Result<Options> resolve_options(const Value& given, const Environment& environment, const Value& file);

/// As above, with `file` read from the YAML file that `config` names, if any.
Result<Options> load_options(const Value& given, const Environment& environment);

/// The names that select the base model, the first one being what responses carry.
TextList served_names(const Options& options);

}  // namespace core::sim
