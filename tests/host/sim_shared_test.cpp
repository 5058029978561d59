// What all threads of the simulator share: admission, prefix cache, models, metrics, truth log.
#include <fstream>
#include <sstream>
#include <thread>

#include <unistd.h>

#include "catch.hpp"
#include "core/sim/admission.hpp"
#include "core/sim/cache.hpp"
#include "core/sim/metrics.hpp"
#include "core/sim/models.hpp"
#include "core/sim/truth.hpp"
#include "core/value.hpp"
#include "sim_client.hpp"

using namespace core::sim;  // NOLINT: the test is about this namespace

namespace {

// Tickets 0..n-1, each entered alone.
struct Crowd {
  std::vector<Ticket> tickets;
  explicit Crowd(std::size_t count) : tickets(count) {
    for (std::size_t i = 0; i < count; ++i) tickets[i].number = i;
  }
  std::string enter(Admission& admission, std::size_t i) {
    Ticket* one[] = {&tickets[i]};
    const auto running = admission.enter(one);
    return !running ? "full" : *running == 1 ? "runs" : "waits";
  }
  std::string leave(Admission& admission, std::size_t i) {
    std::string numbers;
    for (const auto& admitted : admission.leave(tickets[i])) numbers += std::to_string(admitted.number) + ' ';
    return numbers;
  }
};

std::vector<Token> prompt(std::size_t length, Token first = 1000) {
  std::vector<Token> tokens(length);
  for (std::size_t i = 0; i < length; ++i) tokens[i] = first + static_cast<Token>(i);
  return tokens;
}

}  // namespace

TEST_CASE("admission runs up to its limit, queues up to its length and refuses beyond") {
  Admission admission(2, 2, 1);
  Crowd crowd(6);
  CHECK(crowd.enter(admission, 0) == "runs");
  CHECK(crowd.enter(admission, 1) == "runs");
  CHECK(crowd.enter(admission, 2) == "waits");
  CHECK(crowd.enter(admission, 3) == "waits");
  CHECK(crowd.enter(admission, 4) == "full");
  CHECK(admission.running() == 2);
  CHECK(admission.waiting() == 2);
  CHECK(crowd.leave(admission, 0) == "2 ");
  CHECK(crowd.leave(admission, 3).empty());  // gives up while waiting
  CHECK(admission.waiting() == 0);
  CHECK(crowd.leave(admission, 1).empty());
  CHECK(crowd.leave(admission, 2).empty());
  CHECK(admission.running() == 0);
  CHECK(crowd.leave(admission, 2).empty());  // twice is harmless
  CHECK(admission.running() == 0);
}

TEST_CASE("several sequences of a request enter together or not at all") {
  Admission admission(2, 1, 1);
  std::vector<Ticket> tickets(8);
  const auto group = [&](std::size_t from, std::size_t count) {
    std::vector<Ticket*> pointers;
    for (std::size_t i = 0; i < count; ++i) pointers.push_back(&tickets[from + i]);
    return admission.enter(pointers);
  };
  CHECK_FALSE(group(0, 4));
  CHECK(admission.running() == 0);
  CHECK(group(0, 3) == 2u);
  CHECK(admission.waiting() == 1);
  CHECK_FALSE(group(4, 1));
}

TEST_CASE("adapters beyond max-loras wait and are passed over") {
  Admission admission(4, 10, 1);
  Crowd crowd(5);
  crowd.tickets[0].lora = 7;
  crowd.tickets[1].lora = 8;
  crowd.tickets[2].lora = 7;
  CHECK(crowd.enter(admission, 0) == "runs");
  CHECK(crowd.enter(admission, 1) == "waits");  // another adapter
  CHECK(crowd.enter(admission, 2) == "runs");   // the same adapter
  CHECK(crowd.enter(admission, 3) == "runs");   // the base model
  CHECK(admission.running_loras() == std::vector<std::int64_t>{7});
  CHECK(admission.waiting_loras() == std::vector<std::int64_t>{8});
  CHECK(crowd.leave(admission, 0).empty());
  CHECK(crowd.leave(admission, 2) == "1 ");
  CHECK(admission.running_loras() == std::vector<std::int64_t>{8});
}

TEST_CASE("admission counts right under many threads") {
  Admission admission(3, 1000, 1);
  std::atomic<int> most{0}, running{0};
  std::atomic<bool> refused{false};
  std::mutex mutex;
  std::map<std::uint64_t, bool> admitted;
  const auto client = [&](std::uint64_t base) {
    for (std::uint64_t i = 0; i < 300; ++i) {
      Ticket ticket;
      ticket.number = base + i;
      Ticket* one[] = {&ticket};
      const auto entered = admission.enter(one);
      if (!entered) {
        refused = true;
        return;
      }
      while (*entered == 0) {
        const std::lock_guard lock(mutex);
        if (admitted.count(ticket.number)) break;
      }
      most = std::max(most.load(), ++running);
      --running;
      const auto next = admission.leave(ticket);
      const std::lock_guard lock(mutex);
      for (const auto& other : next) admitted[other.number] = true;
    }
  };
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 6; ++t) threads.emplace_back(client, t * 1000);
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(refused);
  CHECK(most <= 3);
  CHECK(admission.running() == 0);
  CHECK(admission.waiting() == 0);
}

TEST_CASE("the prefix cache finds what was there, whole blocks only, never the whole prompt") {
  PrefixCache cache(100, 16);
  auto first = cache.acquire(prompt(40), 0);
  CHECK(first.cached_tokens == 0);
  CHECK(first.blocks.size() == 2);
  CHECK(cache.usage() == Approx(0.02));
  auto second = cache.acquire(prompt(40), 0);
  CHECK(second.cached_tokens == 32);
  CHECK(cache.acquire(prompt(32), 0).cached_tokens == 16);  // the last token must be computed
  auto other = prompt(40);
  other[20] = 5;
  CHECK(cache.acquire(other, 0).cached_tokens == 16);
  CHECK(cache.acquire(prompt(40), 1).cached_tokens == 0);  // another adapter
}

TEST_CASE("the prefix cache evicts what was used longest ago and keeps what runs") {
  PrefixCache cache(4, 16);
  auto a = cache.acquire(prompt(33, 1000), 0);
  cache.release(a, {}, 0);
  auto b = cache.acquire(prompt(33, 5000), 0);
  CHECK(cache.stored_blocks() == 4);
  auto c = cache.acquire(prompt(33, 9000), 0);  // pushes a out
  CHECK(c.blocks.size() == 2);
  CHECK(cache.acquire(prompt(33, 1000), 0).cached_tokens == 0);
  auto again = cache.acquire(prompt(33, 5000), 0);
  CHECK(again.cached_tokens == 32);
  CHECK(cache.usage() == 1.0);  // b and c are pinned: nothing else fits
  CHECK(cache.acquire(prompt(33, 20'000), 0).blocks.empty());
  cache.release(b, {}, 0);
  cache.release(again, {}, 0);
  cache.release(c, {}, 0);
  CHECK(cache.usage() == 0.0);
  CHECK(cache.stored_blocks() == 4);
  cache.clear();
  CHECK(cache.stored_blocks() == 0);
}

TEST_CASE("the end of a prompt goes before its beginning, and answers are remembered") {
  PrefixCache cache(3, 16);
  auto lease = cache.acquire(prompt(33), 0);
  cache.release(lease, prompt(48), 0);  // the answer has filled a third block
  CHECK(cache.stored_blocks() == 3);
  CHECK(cache.acquire(prompt(60), 0).cached_tokens == 48);
  PrefixCache small(2, 16);
  auto both = small.acquire(prompt(33), 0);
  small.release(both, {}, 0);
  auto one = small.acquire(prompt(17, 7000), 0);
  CHECK(one.blocks.size() == 1);
  CHECK(small.acquire(prompt(33), 0).cached_tokens == 16);
}

TEST_CASE("adapters are described by JSON or NAME=PATH") {
  const auto adapters = parse_adapters(
      {R"({"name": "a", "path": "/a", "base_model_name": "m"})", "b=/b", R"([{"name": "c"}])"});
  REQUIRE(adapters.ok());
  REQUIRE(adapters->size() == 3);
  CHECK((*adapters)[1].path == "/b");
  CHECK((*adapters)[2].name == "c");
  for (const char* bad : {"", "x", "=y", "{}", "{\"name\": 1}", "[1]", "{broken"})
    CHECK_FALSE(parse_adapters({bad}).ok());
}

TEST_CASE("models answer to their names and adapters come and go") {
  Options options;
  options.model = "root";
  options.served_model_name = {"one", "two"};
  options.max_loras = 1;
  Models models(options, {{"a", "/a", ""}});
  CHECK(models.find("two")->name == "one");
  CHECK(models.find("")->lora == -1);
  CHECK_FALSE(models.find("root"));
  CHECK(models.find("a")->lora == 0);
  CHECK(models.load({"b", "/b", ""}).ok());
  CHECK(models.load({"b", "/b", ""}).error().code == "conflict");
  CHECK(models.load({"c", "/c", ""}).error().code == "invalid");
  CHECK(models.list(5)["data"].size() == 4);
  CHECK(models.list(5)["data"][3]["parent"] == "one");
  CHECK(models.unload("a").ok());
  CHECK(models.unload("a").error().code == "not_found");
  CHECK_FALSE(models.find("a"));
}

TEST_CASE("the metrics page adds up the workers") {
  Metrics one(100), two(100);
  one.time_to_first_token.observe(1'000'000);  // exactly on a bound
  two.time_to_first_token.observe(1'000'001);
  two.time_to_first_token.observe(5'000'000'000'000);
  one.prompt_tokens.add(3);
  two.prompt_tokens.add(4);
  two.finished[1].add();
  one.prompt.observe(7);
  const Metrics* all[] = {&one, &two};
  Gauges gauges;
  gauges.running = 2;
  const auto page = render_metrics("my \"model\"", gauges, all);
  const std::string label = R"(model_name="my \"model\"")";
  using test::sample;
  CHECK(sample(page, "vllm:num_requests_running{" + label + "}") == 2);
  CHECK(sample(page, "vllm:prompt_tokens_total{" + label + "}") == 7);
  CHECK(sample(page, "vllm:request_success_total{finished_reason=\"length\"," + label + "}") == 1);
  const std::string ttft = "vllm:time_to_first_token_seconds";
  CHECK(sample(page, ttft + "_bucket{" + label + ",le=\"0.001\"}") == 1);
  CHECK(sample(page, ttft + "_bucket{" + label + ",le=\"0.005\"}") == 2);
  CHECK(sample(page, ttft + "_bucket{" + label + ",le=\"2560\"}") == 2);
  CHECK(sample(page, ttft + "_bucket{" + label + ",le=\"+Inf\"}") == 3);
  CHECK(sample(page, ttft + "_count{" + label + "}") == 3);
  CHECK(sample(page, ttft + "_sum{" + label + "}") == Approx(5000.002000001));
  CHECK(sample(page, "vllm:request_prompt_tokens_bucket{" + label + ",le=\"10\"}") == 1);
  CHECK(page.find("# TYPE " + ttft + " histogram\n") != std::string::npos);
  CHECK(page.find("le=\"200\"") == std::string::npos);  // token buckets end at the context length
}

TEST_CASE("the truth log writes one line per record, all of them at the end") {
  char name[] = "/tmp/truth-test-XXXXXX";
  close(mkstemp(name));
  {
    auto log = TruthLog::open(name);
    REQUIRE(log.ok());
    for (int i = 0; i < 3000; ++i) {
      TruthRecord record;
      record.id = "cmpl-" + std::to_string(i);
      record.arrival_ns = 5;
      record.admitted_ns = 8;
      record.intended_ns = {10, 20};
      record.sent_ns = {11, 21};
      (*log)->add(std::move(record));
      if (i == 0) {
        (*log)->flush();
        std::ifstream file(name);
        std::string line;
        REQUIRE(std::getline(file, line));
        const auto value = core::Value::parse(line);
        CHECK(value["queue_ns"] == 3);
        CHECK(value["completion_tokens"] == 2);
        CHECK(value["sent_ns"] == core::Value({11, 21}));
      }
    }
    CHECK((*log)->problem().empty());
  }
  std::ifstream file(name);
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    CHECK(core::Value::parse(line)["id"] == "cmpl-" + std::to_string(lines));
  }
  CHECK(lines == 3000);
  unlink(name);
}

TEST_CASE("a truth log that cannot be opened or filled says so") {
  const auto missing = TruthLog::open("/no/such/directory/truth.jsonl");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == "not_found");
  if (access("/dev/full", W_OK) != 0) return;
  auto full = TruthLog::open("/dev/full");
  REQUIRE(full.ok());
  (*full)->add(TruthRecord{});
  (*full)->flush();
  CHECK((*full)->problem().find("No space left") != std::string::npos);
}
