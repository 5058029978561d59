// The parts of the simulator that need no socket: durations, options, tokenizer, latency, lengths, answers,
// timers.
#include <algorithm>
#include <cmath>
#include <random>

#include "catch.hpp"
#include "core/sim/answer.hpp"
#include "core/sim/duration.hpp"
#include "core/sim/latency.hpp"
#include "core/sim/lengths.hpp"
#include "core/sim/options.hpp"
#include "core/sim/timers.hpp"
#include "core/sim/tokenizer.hpp"

using namespace core::sim;  // NOLINT: the test is about this namespace
using core::Value;

namespace {

Options options_of(Value given) {
  if (!given.contains("model")) given["model"] = "m";
  auto resolved = resolve_options(given, {}, {});
  if (!resolved) FAIL(resolved.error().message);
  return *resolved;
}

std::string problem_of(const Value& given, const Value& file = {}) {
  Value all = given;
  if (!all.contains("model")) all["model"] = "m";
  const auto resolved = resolve_options(all, {}, file);
  return resolved ? "" : resolved.error().message;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<Token> tokens_of(const std::string& text) {
  std::vector<Token> tokens;
  tokenize(text, tokens);
  return tokens;
}

}  // namespace

TEST_CASE("durations read as in Go") {
  const auto ns = [](const char* text) { return parse_duration(text).value_or(Duration{-1}).ns; };
  CHECK(ns("0") == 0);
  CHECK(ns("50ms") == 50'000'000);
  CHECK(ns("1.5s") == 1'500'000'000);
  CHECK(ns("250us") == 250'000);
  CHECK(ns("250\xC2\xB5s") == 250'000);
  CHECK(ns("1m30s") == 90'000'000'000);
  CHECK(ns(".5ms") == 500'000);
  CHECK(ns("+1ns") == 1);
  for (const char* bad : {"", "5", "ms", "-1s", "1 s", "1s ", "1x", "1..5s", "99999999h"}) {
    CHECK(ns(bad) == -1);
  }
  CHECK(format_duration({50'000'000}) == "50ms");
  CHECK(format_duration({1'500'000}) == "1500us");
  CHECK(format_duration({0}) == "0s");
}

TEST_CASE("options come from flags, environment, file and defaults, in this order") {
  const Value file = {{"port", 1}, {"max-num-seqs", 2}, {"block_size", 32}, {"model", "from-file"}};
  const Environment environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "SIM_MODEL") return "from-env";
    if (name == "SIM_MAX_NUM_SEQS") return "3";
    if (name == "SIM_SERVED_MODEL_NAME") return "a b";
    return std::nullopt;
  };
  const auto resolved = resolve_options({{"max_num_seqs", 4}}, environment, file);
  REQUIRE(resolved.ok());
  CHECK(resolved->max_num_seqs == 4);
  CHECK(resolved->model == "from-env");
  CHECK(resolved->port == 1);
  CHECK(resolved->block_size == 32);
  CHECK(resolved->served_model_name == TextList{"a", "b"});
  CHECK(resolved->max_waiting_queue_length == 1000);
  CHECK(served_names(*resolved) == TextList{"a", "b"});
}

TEST_CASE("option values may have their own type or be text") {
  const auto o = options_of({{"time-to-first-token", "50ms"},
                             {"inter_token_latency", 20},
                             {"failure-injection-rate", "12.5"},
                             {"enable-kvcache", "true"},
                             {"no-self-signed-certs", true},
                             {"failure-types", {"rate_limit", "server_error"}},
                             {"lora-modules", Value::array({{{"name", "x"}}})}});
  CHECK(o.time_to_first_token.ns == 50'000'000);
  CHECK(o.inter_token_latency.ns == 20'000'000);  // a bare number means milliseconds
  CHECK(o.failure_injection_rate == 12.5);
  CHECK(o.enable_kvcache);
  CHECK_FALSE(o.self_signed_certs);
  CHECK(o.failure_types.size() == 2);
  CHECK(o.lora_modules == TextList{R"({"name":"x"})"});
  CHECK(problem_of({{"enforce-eager", true}, {"tensor-parallel-size", 2}}).empty());
}

TEST_CASE("wrong options are named with what is allowed") {
  CHECK(has(problem_of({{"max-nums-seqs", 1}}), "unknown option (did you mean 'max-num-seqs'?)"));
  CHECK(has(problem_of({{"omni", true}}), "not supported by this simulator"));
  CHECK(has(problem_of({{"port", "80x"}}), "expected a whole number from 0 to 65535, got '80x'"));
  CHECK(has(problem_of({{"port", 70000}}), "from 0 to 65535"));
  CHECK(has(problem_of({{"max-num-seqs", 0}}), "of at least 1"));
  CHECK(has(problem_of({{"block-size", 20}}), "'20' is not one of 8, 16, 32, 64, 128"));
  CHECK(has(problem_of({{"mode", "ecko"}}), "(did you mean 'echo'?)"));
  CHECK(has(problem_of({{"enable-kvcache", "maybe"}}), "expected true or false"));
  CHECK(has(problem_of({{"time-to-first-token", "fast"}}), "expected a duration"));
  CHECK(has(problem_of({{"failure-types", {"rate_limt"}}}), "(did you mean 'rate_limit'?)"));
  CHECK(has(problem_of({{"inter-token-latency", "10ms"}, {"inter-token-latency-std-dev", "4ms"}}), "30 %"));
  CHECK(has(problem_of({{"ssl-certfile", "x"}}), "must be given together"));
  CHECK(has(problem_of({{"max-loras", 3}, {"max-cpu-loras", 2}}), "max-cpu-loras"));
  CHECK(has(problem_of({}, {{"prot", 1}}), "configuration file"));
  CHECK_FALSE(resolve_options(Value::object(), {}, {}).ok());  // no model
}

TEST_CASE("a secret option is never quoted") {
  const auto resolved =
      resolve_options({{"model", "m"}, {"api-key", Value::array({"canary-secret"})}}, {}, {});
  REQUIRE_FALSE(resolved.ok());
  CHECK_FALSE(has(resolved.error().message, "canary-secret"));
}

TEST_CASE("the option table describes itself") {
  const auto list = describe_options();
  CHECK(list.size() == option_table().size());
  bool found = false;
  for (const auto& row : list) {
    CHECK_FALSE(row["help"].get<std::string>().empty());
    if (row["name"] != "inter-token-latency") continue;
    found = true;
    CHECK(row["type"] == "duration");
    CHECK(row["default"] == "0s");
    CHECK(row["env"] == "SIM_INTER_TOKEN_LATENCY");
  }
  CHECK(found);
}

TEST_CASE("text survives the tokenizer") {
  for (const std::string text :
       {"", " the the the", "Hello, World!  42 007 1234567", "tabs\tand\nlines",
        "caf\xC3\xA9 \xF0\x9F\x98\x80", "CamelCaseAndABBREV", "a benchmarking  x", "\xFF\x00\x01"}) {
    CHECK(detokenize(tokens_of(text)) == text);
  }
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    std::string text(random() % 60, ' ');
    for (char& c : text) c = static_cast<char>(round % 2 ? random() % 256 : " aZq09."[random() % 7]);
    CHECK(detokenize(tokens_of(text)) == text);
  }
}

TEST_CASE("tokens are what the documentation says") {
  CHECK(tokens_of(" the the the").size() == 3);
  CHECK(tokens_of(" the").front() == tokens_of("x the").back());
  CHECK(tokens_of("the").front() != tokens_of(" the").front());
  CHECK(tokens_of("The").front() != tokens_of("the").front());
  CHECK(tokens_of(" benchmark").size() == 2);
  CHECK(tokens_of("1234").size() == 2);
  CHECK(tokens_of("\xC3\xA9").size() == 2);
  CHECK(tokens_of("A") == tokens_of("A"));
  CHECK(tokens_of("\n") == std::vector<Token>{10});
}

TEST_CASE("every id of the vocabulary has a text of its own, others have none") {
  std::mt19937 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const Token id = i < 2000 ? static_cast<Token>(i) : static_cast<Token>(random() % kVocabularySize);
    const auto text = detokenize(std::vector<Token>{id});
    REQUIRE(text);
    if (id >= 256) CHECK(tokens_of(*text) == std::vector<Token>{id});
  }
  CHECK(detokenize(std::vector<Token>{kVocabularySize - 1}) == " Zzzzzz");
  CHECK_FALSE(detokenize(std::vector<Token>{kVocabularySize}));
}

TEST_CASE("prefill and gaps follow the formulas") {
  Random random(1);
  const auto prefill = [&](const Value& options, Prefill what, double load) {
    return LatencyModel(options_of(options)).prefill_ns(what, load, random);
  };
  CHECK(prefill({{"time-to-first-token", "50ms"}}, {100, 60}, 2.0) == 100'000'000);
  const Value per_token = {{"prefill-overhead", "30ms"}, {"prefill-time-per-token", "250us"}};
  CHECK(prefill(per_token, {100, 60}, 1.0) == 40'000'000);
  CHECK(prefill(per_token, {100, 60}, 3.0) == 120'000'000);
  Value both = per_token;
  both["time-to-first-token"] = "50ms";
  CHECK(prefill(both, {100, 0}, 1.0) == 50'000'000);
  both["latency-calculator"] = "per-token";
  CHECK(prefill(both, {100, 0}, 1.0) == 55'000'000);
  CHECK(prefill({{"time-to-first-token", "5ms"}, {"kv-cache-transfer-latency", "7ms"}}, {100, 60, true},
                3.0) == 7'000'000);
  CHECK(prefill({{"kv-cache-transfer-time-per-token", "10us"}}, {100, 60, true}, 3.0) == 1'000'000);

  const LatencyModel model(options_of({{"inter-token-latency", "900us"}}));
  CHECK(model.gap_ns(1.5, random) == 1'350'000);
  const LatencyModel cut(options_of({{"inter-token-latency", "1900us"}, {"millisecond-times", true}}));
  CHECK(cut.gap_ns(1.0, random) == 1'000'000);
}

TEST_CASE("the load factor grows linearly with what runs") {
  const LatencyModel model(options_of({{"time-factor-under-load", 3.0}, {"max-num-seqs", 5}}));
  CHECK(model.load_factor(0) == 1.0);
  CHECK(model.load_factor(1) == 1.0);
  CHECK(model.load_factor(3) == 2.0);
  CHECK(model.load_factor(5) == 3.0);
  CHECK(LatencyModel(options_of({{"time-factor-under-load", 3.0}, {"max-num-seqs", 1}})).load_factor(1) ==
        1.0);
}

TEST_CASE("deviations have the asked mean and spread, stay within bounds and repeat with the seed") {
  const LatencyModel model(
      options_of({{"inter-token-latency", "10ms"}, {"inter-token-latency-std-dev", "2ms"}}));
  Random a(42), b(42), c(43);
  double sum = 0, squares = 0;
  const int count = 20'000;
  bool same = true, differs = false;
  for (int i = 0; i < count; ++i) {
    const auto gap = model.gap_ns(1.0, a);
    same &= gap == model.gap_ns(1.0, b);
    differs |= gap != model.gap_ns(1.0, c);
    REQUIRE(gap >= 3'000'000);
    REQUIRE(gap <= 17'000'000);
    const double ms = static_cast<double>(gap) / 1e6;
    sum += ms;
    squares += ms * ms;
  }
  CHECK(same);
  CHECK(differs);
  const double mean = sum / count;
  CHECK(mean == Approx(10).margin(0.06));
  CHECK(std::sqrt(squares / count - mean * mean) == Approx(2).margin(0.05));
}

TEST_CASE("a plan of deadlines does not drift") {
  const LatencyModel model(
      options_of({{"time-to-first-token", "50ms"}, {"inter-token-latency", "333333ns"}}));
  Random random(1);
  std::int64_t due = 1'000 + model.prefill_ns({10, 0}, 1.0, random);
  for (int token = 1; token < 10'000; ++token) due += model.gap_ns(1.0, random);
  CHECK(due == 1'000 + 50'000'000 + 9'999 * std::int64_t{333'333});
}

TEST_CASE("output lengths keep to their ranges and probabilities") {
  const auto share = [](std::int64_t max, std::int64_t low, std::int64_t high) {
    Random random(9);
    int hits = 0;
    for (int i = 0; i < 20'000; ++i) {
      LengthLimits limits;
      limits.max_tokens = max;
      limits.room = 1'000'000;
      const auto length = draw_output_length(limits, random);
      REQUIRE(length >= 1);
      REQUIRE(length <= max);
      hits += length >= low && length <= high;
    }
    return hits / 20'000.0;
  };
  CHECK(share(60, 1, 10) == Approx(0.20).margin(0.01));
  CHECK(share(60, 11, 20) == Approx(0.30).margin(0.01));
  CHECK(share(60, 51, 60) == Approx(0.15).margin(0.01));
  CHECK(share(1000, 1, 20) == Approx(0.20).margin(0.01));
  CHECK(share(1000, 61, 960) == Approx(0.05).margin(0.01));
  CHECK(share(1000, 981, 1000) == Approx(0.15).margin(0.01));
  CHECK(share(1, 1, 1) == 1.0);
}

TEST_CASE("ignore_eos, min_tokens and the room decide the length") {
  Random random(2);
  LengthLimits limits;
  limits.room = 50;
  limits.ignore_eos = true;
  CHECK(draw_output_length(limits, random) == 50);
  limits.max_tokens = 20;
  CHECK(draw_output_length(limits, random) == 20);
  limits.ignore_eos = false;
  limits.min_tokens = 20;
  CHECK(draw_output_length(limits, random) == 20);
  limits.max_tokens.reset();
  double sum = 0;
  limits.min_tokens = 0;
  limits.room = 1000;
  for (int i = 0; i < 5000; ++i) sum += static_cast<double>(draw_output_length(limits, random));
  CHECK(sum / 5000 == Approx(40).margin(1.5));
}

TEST_CASE("answers are planned whole: text, stop texts, echo") {
  const auto random_options = options_of({{"max-model-len", 100}});
  const auto echo_options = options_of({{"mode", "echo"}});
  Random random(1);
  GenerationRequest request;
  request.limits.max_tokens = 5;
  request.limits.ignore_eos = true;
  const Prompt prompt{tokens_of("caf\xC3\xA9 au lait"), tokens_of("caf\xC3\xA9 au lait")};

  auto answer = plan_answer(request, prompt, random_options, random);
  CHECK(answer.all() == " the the the the the");
  CHECK(answer.finish == Finish::kLength);
  CHECK(answer.ids() == tokens_of(answer.all()));

  request.stop = {"zzz", "e the"};
  answer = plan_answer(request, prompt, random_options, random);
  CHECK(answer.all() == " th");
  CHECK(answer.tokens == 2);
  CHECK(answer.finish == Finish::kStop);
  request.limits.min_tokens = 3;
  CHECK(plan_answer(request, prompt, random_options, random).tokens == 4);

  request.stop.clear();
  answer = plan_answer(request, prompt, echo_options, random);
  CHECK(answer.all() == "caf\xC3\xA9 au lait");
  CHECK(answer.tokens == static_cast<std::int64_t>(prompt.tokens.size()));
  CHECK(answer.text(0) == "caf");
  CHECK(answer.text(1).empty());  // half a character is held back
  CHECK(answer.text(2) == "\xC3\xA9");
  CHECK(answer.finish == Finish::kStop);
}

TEST_CASE("timers come out in order whatever was moved or cancelled") {
  std::mt19937 random(11);
  TimerHeap heap;
  std::vector<Timer> timers(300);
  for (int step = 0; step < 20'000; ++step) {
    auto& timer = timers[random() % timers.size()];
    if (random() % 4 == 0) {
      heap.cancel(timer);
      CHECK_FALSE(timer.armed());
    } else {
      heap.set(timer, static_cast<std::int64_t>(random() % 1000));
    }
    std::int64_t earliest = core::net::kNever;
    if (step % 50 == 0) {
      for (const auto& one : timers) {
        if (one.armed()) earliest = std::min(earliest, one.due_ns);
      }
      REQUIRE(heap.next_due_ns() == earliest);
    }
  }
  std::int64_t last = 0;
  while (auto* timer = heap.first()) {
    REQUIRE(timer->due_ns >= last);
    last = timer->due_ns;
    heap.cancel(*timer);
  }
  CHECK(heap.empty());
}
