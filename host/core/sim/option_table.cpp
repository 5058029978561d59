// The table itself.
#include "core/sim/options.hpp"

namespace core::sim {

namespace {

using O = Options;
constexpr double kMany = 1e15;

std::vector<OptionRow> general_rows() {
  const char* g = "General";
  return {
      {"config", g, &O::config, "",
       "YAML file with options under the same names; flags and environment win over it"},
      {"host", g, &O::host, "", "address or name to listen on"},
      {"port", g, &O::port, "", "port to listen on; 0 takes any free port", 0, 65535},
      {"model", g, &O::model, "", "name of the model that is served; required"},
      {"served-model-name", g, &O::served_model_name, "",
       "names under which the model answers instead of its own; the first one appears in responses"},
      {"max-model-len", g, &O::max_model_len, "tokens", "context window: prompt and output together", 1,
       kMany},
      {"max-num-seqs", g, &O::max_num_seqs, "sequences", "how many sequences run at the same time", 1, kMany},
      {"max-waiting-queue-length", g, &O::max_waiting_queue_length, "sequences",
       "how many more may wait; a request beyond that is answered 429", 0, kMany},
      {.name = "mode",
       .group = g,
       .member = &O::mode,
       .unit = "",
       .help = "`random` makes an answer of random length, `echo` returns the prompt",
       .choices = {"random", "echo"}},
      {"seed", g, &O::seed, "", "seed of lengths, deviations and failures; 0 takes one from the clock", 0,
       kMany},
      {"max-request-body-size-mb", g, &O::max_request_body_size_mb, "MiB", "largest accepted request body", 1,
       512},
      {"startup-duration", g, &O::startup_duration, "",
       "how long after the start /health/ready answers 503, as a loading engine does"},
      {"enable-sleep-mode", g, &O::enable_sleep_mode, "",
       "offers /sleep, /wake_up and /is_sleeping, if the environment also has VLLM_SERVER_DEV_MODE=1"},
      {"enable-request-id-headers", g, &O::enable_request_id_headers, "",
       "answers carry an X-Request-Id header"},
      {"log-http", g, &O::log_http, "", "prints a line for every request to standard error"},
      {.name = "api-key",
       .group = g,
       .member = &O::api_key,
       .unit = "",
       .help = "bearer token that /v1 requests must carry; better given in the environment",
       .secret = true},
  };
}

std::vector<OptionRow> lora_rows() {
  const char* g = "LoRA";
  return {
      {"lora-modules", g, &O::lora_modules, "",
       "adapters, each a JSON object with name, path and base_model_name, or NAME=PATH"},
      {"max-loras", g, &O::max_loras, "adapters", "how many different adapters run at the same time", 1,
       kMany},
      {"max-cpu-loras", g, &O::max_cpu_loras, "adapters",
       "how many adapters may be loaded, beyond those of lora-modules; 0 means max-loras", 0, kMany},
  };
}

std::vector<OptionRow> latency_rows() {
  const char* g = "Latency";
  return {
      {.name = "latency-calculator",
       .group = g,
       .member = &O::latency_calculator,
       .unit = "",
       .help = "how prefill is computed: `constant` (time-to-first-token) or `per-token`; empty: constant if "
               "a time "
               "to first token or its deviation is set, else per-token",
       .choices = {"", "constant", "per-token"}},
      {"time-to-first-token", g, &O::time_to_first_token, "", "prefill time of the constant calculator"},
      {"time-to-first-token-std-dev", g, &O::time_to_first_token_std_dev, "",
       "its standard deviation, at most 30 %"},
      {"inter-token-latency", g, &O::inter_token_latency, "", "time between two tokens"},
      {"inter-token-latency-std-dev", g, &O::inter_token_latency_std_dev, "",
       "its standard deviation, at most 30 %"},
      {"prefill-overhead", g, &O::prefill_overhead, "", "per-token calculator: constant part of the prefill"},
      {"prefill-time-per-token", g, &O::prefill_time_per_token, "",
       "per-token calculator: time for each prompt token that is not cached"},
      {"prefill-time-std-dev", g, &O::prefill_time_std_dev, "", "standard deviation of the whole prefill"},
      {"kv-cache-transfer-latency", g, &O::kv_cache_transfer_latency, "",
       "replaces the prefill when it was done elsewhere (kv_transfer_params.do_remote_prefill)"},
      {"kv-cache-transfer-latency-std-dev", g, &O::kv_cache_transfer_latency_std_dev, "",
       "its standard deviation, at most 30 %"},
      {"kv-cache-transfer-time-per-token", g, &O::kv_cache_transfer_time_per_token, "",
       "per-token calculator: transfer time for each prompt token"},
      {"kv-cache-transfer-time-std-dev", g, &O::kv_cache_transfer_time_std_dev, "",
       "standard deviation of the whole transfer"},
      {"time-factor-under-load", g, &O::time_factor_under_load, "",
       "factor on all times when max-num-seqs sequences run; grows linearly from 1 with one sequence", 1,
       1e6},
      {"millisecond-times", g, &O::millisecond_times, "",
       "cuts means, deviations and drawn times to whole milliseconds, as llm-d-inference-sim does"},
  };
}

std::vector<OptionRow> cache_and_failure_rows() {
  const char* c = "Prefix cache";
  const char* f = "Failures";
  return {
      {"enable-kvcache", c, &O::enable_kvcache, "",
       "remembers prompt blocks; a known prefix shortens the prefill"},
      {"kv-cache-size", c, &O::kv_cache_size, "blocks", "capacity; the least recently used block goes first",
       1, kMany},
      {.name = "block-size",
       .group = c,
       .member = &O::block_size,
       .unit = "tokens",
       .help = "tokens in a block",
       .choices = {"8", "16", "32", "64", "128"}},
      {"failure-injection-rate", f, &O::failure_injection_rate, "%", "share of requests that fail on purpose",
       0, 100},
      {.name = "failure-types",
       .group = f,
       .member = &O::failure_types,
       .unit = "",
       .help = "kinds of failure to choose from; empty: all",
       .choices = {"rate_limit", "invalid_api_key", "context_length", "server_error", "invalid_request",
                   "model_not_found"}},
  };
}

std::vector<OptionRow> server_rows() {
  const char* t = "TLS";
  const char* s = "Server";
  return {
      {"ssl-certfile", t, &O::ssl_certfile, "", "PEM certificate chain; speaks HTTPS"},
      {"ssl-keyfile", t, &O::ssl_keyfile, "", "PEM private key of ssl-certfile"},
      {"self-signed-certs", t, &O::self_signed_certs, "",
       "speaks HTTPS with a certificate made for this run"},
      {"threads", s, &O::threads, "threads", "event loops; 0 takes one per core", 0, 1024},
      {"tokens-per-write", s, &O::tokens_per_write, "tokens",
       "how many tokens of one stream that are due at the same moment may leave in one write; each keeps its "
       "own chunk",
       1, 4096},
      {"truth", s, &O::truth, "",
       "file for one JSON line per request: what was intended and when each token was really sent"},
  };
}

std::vector<OptionRow> ignored_rows() {
  const char* g = "Accepted and ignored";
  const char* text = "has no meaning here; accepted so that command lines of real servers work";
  std::vector<OptionRow> rows;
  for (const char* name : {"mm-processor-kwargs", "ec-transfer-config", "tensor-parallel-size", "v",
                           "vmodule", "stderrthreshold", "log-dir", "log-file"}) {
    rows.push_back({name, g, Ignored{true}, "", text});
  }
  for (const char* name : {"enforce-eager", "enable-prefix-caching", "logtostderr", "alsologtostderr"}) {
    rows.push_back({name, g, Ignored{false}, "", text});
  }
  return rows;
}

}  // namespace

const std::vector<OptionRow>& option_table() {
  static const std::vector<OptionRow> table = [] {
    std::vector<OptionRow> rows;
    for (auto part : {general_rows(), lora_rows(), latency_rows(), cache_and_failure_rows(), server_rows(),
                      ignored_rows()}) {
      rows.insert(rows.end(), part.begin(), part.end());
    }
    return rows;
  }();
  return table;
}

}  // namespace core::sim
