#include "core/sim/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace core::sim {

namespace {

std::vector<std::int64_t> seconds(std::initializer_list<double> bounds) {
  std::vector<std::int64_t> ns;
  for (const double bound : bounds) ns.push_back(static_cast<std::int64_t>(bound * 1e9 + 0.5));
  return ns;
}

std::vector<std::int64_t> first_token_bounds() {
  return seconds({0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,  0.25,  0.5,   0.75,
                  1.0,   2.5,   5.0,  7.5,  10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0});
}

std::vector<std::int64_t> token_time_bounds() {
  return seconds({0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
                  20.0, 40.0, 80.0});
}

std::vector<std::int64_t> request_time_bounds() {
  return seconds({0.3,  0.5,  0.8,  1.0,  1.5,   2.0,   2.5,   5.0,   10.0,   15.0,  20.0,
                  30.0, 40.0, 50.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0});
}

// 1, 2, 5, 10, 20, 50, ... up to the context length.
std::vector<std::int64_t> token_bounds(std::int64_t max_model_len) {
  std::vector<std::int64_t> bounds;
  for (std::int64_t decade = 1; decade <= max_model_len; decade *= 10) {
    for (const std::int64_t factor : {1, 2, 5}) {
      if (decade * factor <= max_model_len) bounds.push_back(decade * factor);
    }
  }
  return bounds;
}

std::string number(double value) {
  if (value == std::floor(value) && std::fabs(value) < 1e15)
    return std::to_string(static_cast<std::int64_t>(value));
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  for (int digits = 1; digits < 17; ++digits) {  // the shortest form that reads back the same
    char shorter[40];
    std::snprintf(shorter, sizeof shorter, "%.*g", digits, value);
    if (std::stod(shorter) == value) return shorter;
  }
  return text;
}

std::string escaped(const std::string& label) {
  std::string out;
  for (const char c : label) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

// Collects the page; `labels` is what every sample carries.
class Page {
 public:
  using Workers = std::span<const Metrics* const>;

  Page(const std::string& model, Workers workers)
      : labels_("model_name=\"" + escaped(model) + '"'), workers_(workers) {}

  void head(const std::string& name, const char* type, const char* help) {
    text_ += "# HELP " + name + ' ' + help + "\n# TYPE " + name + ' ' + type + '\n';
  }
  void sample(const std::string& name, const std::string& labels, double value) {
    text_ += name + '{' + labels + "} " + number(value) + '\n';
  }
  void gauge(const std::string& name, const char* help, double value) {
    head(name, "gauge", help);
    sample(name, labels_, value);
  }
  template <class Get>
  void counter(const std::string& name, const char* help, Get get) {
    head(name, "counter", help);
    sample(name, labels_, total(get));
  }
  /// `scale` turns the histogram's whole numbers into the unit of the page.
  void histogram(const std::string& name, const char* help, Histogram Metrics::*member, double scale) {
    head(name, "histogram", help);
    const auto& bounds = (workers_[0]->*member).bounds();
    double cumulative = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
      cumulative += total([&](const Metrics& m) { return (m.*member).count(i); });
      const auto le = i < bounds.size() ? number(static_cast<double>(bounds[i]) / scale) : "+Inf";
      sample(name + "_bucket", labels_ + ",le=\"" + le + '"', cumulative);
    }
    sample(name + "_sum", labels_, total([&](const Metrics& m) { return (m.*member).sum(); }) / scale);
    sample(name + "_count", labels_, cumulative);
  }
  void finish_reasons(const std::string& name, const char* help) {
    head(name, "counter", help);
    for (std::size_t i = 0; i < kFinishNames.size(); ++i) {
      const double count = total([&](const Metrics& m) { return m.finished[i].value(); });
      sample(name, "finished_reason=\"" + std::string(kFinishNames[i]) + "\"," + labels_, count);
    }
  }

  std::string take() { return std::move(text_); }

 private:
  template <class Get>
  double total(Get get) const {
    std::int64_t sum = 0;
    for (const Metrics* worker : workers_) sum += get(*worker);
    return static_cast<double>(sum);
  }

  std::string labels_, text_;
  Workers workers_;
};

void add_gauges(Page& page, const Gauges& g) {
  page.gauge("vllm:num_requests_running", "Sequences that run.", static_cast<double>(g.running));
  page.gauge("vllm:num_requests_waiting", "Sequences that wait.", static_cast<double>(g.waiting));
  page.gauge("vllm:kv_cache_usage_perc", "Share of the cache blocks in use, 0 to 1.", g.cache_usage);
  page.head("vllm:cache_config_info", "gauge", "Size of the prefix cache.");
  page.sample("vllm:cache_config_info",
              "block_size=\"" + std::to_string(g.cache_block_tokens) + "\",num_gpu_blocks=\"" +
                  std::to_string(g.cache_blocks) + '"',
              1);
  if (!g.has_loras) return;
  page.head("vllm:lora_requests_info", "gauge", "Adapters in use; the value is the time of the reading.");
  page.sample("vllm:lora_requests_info",
              "max_lora=\"" + std::to_string(g.max_loras) + "\",running_lora_adapters=\"" +
                  escaped(g.running_loras) + "\",waiting_lora_adapters=\"" + escaped(g.waiting_loras) + '"',
              g.lora_time_s);
}

void add_counters(Page& page) {
  const auto counter = [&](const char* name, const char* help, Counter Metrics::*member) {
    page.counter(name, help, [member](const Metrics& m) { return (m.*member).value(); });
  };
  counter("vllm:prompt_tokens_total", "Prompt tokens of started sequences.", &Metrics::prompt_tokens);
  counter("vllm:generation_tokens_total", "Tokens made.", &Metrics::generation_tokens);
  counter("vllm:prefix_cache_queries_total", "Prompt tokens looked up in the prefix cache.",
          &Metrics::cache_queries);
  counter("vllm:prefix_cache_hits_total", "Prompt tokens found in the prefix cache.", &Metrics::cache_hits);
  page.counter("vllm:num_preemptions_total", "Preempted sequences; none ever is.",
               [](const Metrics&) { return 0; });
  page.finish_reasons("vllm:request_success_total", "Finished sequences by reason.");
}

void add_times(Page& page) {
  const auto times = [&](const char* name, const char* help, Histogram Metrics::*member) {
    page.histogram(name, help, member, 1e9);
  };
  times("vllm:time_to_first_token_seconds", "Arrival to first token.", &Metrics::time_to_first_token);
  times("vllm:inter_token_latency_seconds", "Time between two tokens.", &Metrics::inter_token_latency);
  times("vllm:time_per_output_token_seconds", "The same under its old name.", &Metrics::inter_token_latency);
  times("vllm:request_time_per_output_token_seconds", "Mean time per token after the first, per sequence.",
        &Metrics::time_per_output_token);
  times("vllm:e2e_request_latency_seconds", "Arrival to last token.", &Metrics::e2e);
  times("vllm:request_queue_time_seconds", "Arrival to admission.", &Metrics::queue);
  times("vllm:request_inference_time_seconds", "Admission to last token.", &Metrics::inference);
  times("vllm:request_prefill_time_seconds", "Admission to first token.", &Metrics::prefill);
  times("vllm:request_decode_time_seconds", "First to last token.", &Metrics::decode);
  times("sim:intended_time_to_first_token_seconds", "Admission to first token as drawn.",
        &Metrics::intended_first_token);
  times("sim:intended_inter_token_latency_seconds", "Time between two tokens as drawn.",
        &Metrics::intended_inter_token);
}

void add_token_counts(Page& page) {
  const auto tokens = [&](const char* name, const char* help, Histogram Metrics::*member) {
    page.histogram(name, help, member, 1);
  };
  tokens("vllm:request_prompt_tokens", "Prompt tokens per sequence.", &Metrics::prompt);
  tokens("vllm:request_generation_tokens", "Tokens made per sequence.", &Metrics::generation);
  tokens("vllm:max_num_generation_tokens", "Most tokens made by a sequence of a request.",
         &Metrics::max_generation);
  tokens("vllm:request_params_max_tokens", "max_tokens of requests that give it.",
         &Metrics::params_max_tokens);
}

}  // namespace

void Histogram::observe(std::int64_t value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].add();
  sum_.add(value);
}

Metrics::Metrics(std::int64_t max_model_len)
    : time_to_first_token(first_token_bounds()),
      inter_token_latency(token_time_bounds()),
      time_per_output_token(token_time_bounds()),
      e2e(request_time_bounds()),
      queue(request_time_bounds()),
      inference(request_time_bounds()),
      prefill(request_time_bounds()),
      decode(request_time_bounds()),
      intended_first_token(first_token_bounds()),
      intended_inter_token(token_time_bounds()),
      prompt(token_bounds(max_model_len)),
      generation(token_bounds(max_model_len)),
      max_generation(token_bounds(max_model_len)),
      params_max_tokens(token_bounds(max_model_len)) {}

std::string render_metrics(const std::string& model, const Gauges& gauges,
                           std::span<const Metrics* const> workers) {
  Page page(model, workers);
  add_gauges(page, gauges);
  add_counters(page);
  add_times(page);
  add_token_counts(page);
  return page.take();
}

}  // namespace core::sim
