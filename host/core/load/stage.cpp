#include "core/load/stage.hpp"

#include <algorithm>
#include <thread>

#include "core/clock.hpp"
#include "core/fs.hpp"
#include "core/load/metrics.hpp"
#include "core/load/random.hpp"
#include "core/load/record_file.hpp"
#include "core/load/worker.hpp"
#include "core/net/socket.hpp"
#include "core/redact.hpp"

namespace core::load {

namespace {

constexpr std::int64_t kLead_ns = 2'000'000;     // between the start signal and the stage's time zero
constexpr std::size_t kDescriptorReserve = 200;  // for everything else in the process

std::int64_t wall_clock_ns() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

// Requests of the stage, warm-up included; 0: not known beforehand.
std::uint64_t total_requests(const Schedule& schedule, const ArrivalPlan& plan) {
  if (schedule.open_loop) return plan.at_ns.size();
  const bool known = schedule.requests > 0 && schedule.warmup_s <= 0;
  return known ? schedule.requests + schedule.warmup_requests : 0;
}

double nominal_rate(const Schedule& schedule) {
  double area = 0;
  for (const Segment& s : schedule.segments) area += (s.rate + s.to_rate) / 2 * s.duration_s;
  return area / schedule.window_s();
}

Value schedule_value(const Schedule& schedule) {
  constexpr const char* kArrivals[] = {"constant", "poisson", "gamma"};
  Value table = {{"kind", schedule.open_loop ? "open" : "closed"}, {"warmup_s", schedule.warmup_s}};
  if (schedule.open_loop) {
    table["arrival"] = kArrivals[static_cast<int>(schedule.arrival)];
    if (schedule.arrival == Arrival::kGamma) table["burstiness"] = schedule.burstiness;
    table["requested_rate"] = nominal_rate(schedule);
    if (schedule.max_concurrency) table["max_concurrency"] = schedule.max_concurrency;
    for (const Segment& s : schedule.segments)
      table["segments"].push_back({{"rate", s.rate}, {"to_rate", s.to_rate}, {"duration_s", s.duration_s}});
  } else {
    table["concurrency"] = schedule.concurrency;
    if (schedule.requests) table["requests"] = schedule.requests;
    if (schedule.warmup_requests) table["warmup_requests"] = schedule.warmup_requests;
    if (schedule.ramp_s > 0) table["ramp_s"] = schedule.ramp_s;
  }
  const double window_s = schedule.window_s();
  if (window_s > 0) {
    table["window_start_s"] = schedule.warmup_s;
    table["window_end_s"] = schedule.warmup_s + window_s;
  }
  return table;
}

Value target_value(const Target& target) {
  Value table = {{"url", (target.https ? "https://" : "http://") + target.host_header + target.path},
                 {"api", target.api == Api::kChat ? "chat" : "completions"},
                 {"model", target.model},
                 {"streaming", target.streaming},
                 {"ignore_eos", target.ignore_eos}};
  if (target.continuous_usage) table["continuous_usage"] = true;
  if (!target.extra.empty()) table["extra"] = target.extra;
  return table;
}

}  // namespace

/// Everything of a run; the coordinator thread works on it, others look at the atomics.
struct StageRun::State {
  explicit State(StageSpec stage_spec) : spec(std::move(stage_spec)) {}

  StageSpec spec;
  std::thread coordinator;
  std::mutex mutex;                     // guards `shared` against its creation and `stop`
  std::unique_ptr<StageShared> shared;  // null while preparing
  std::atomic<bool> stop{false};
  std::string wall_start;
  std::int64_t wall_epoch_ns = 0, wall_ns = 0;
  double stolen = 0;
  std::int64_t process_cpu = 0;

  Result<Value> run();

 private:
  Result<Done> prepare();
  Result<std::uint32_t> slots() const;
  void work();
  Value client_value() const;
  Value header() const;
  Result<Value> conclude();
};

Result<std::uint32_t> StageRun::State::slots() const {
  const Schedule& schedule = spec.setup.schedule;
  std::uint32_t wanted = spec.setup.max_connections;
  if (!schedule.open_loop) wanted = schedule.concurrency;
  if (schedule.max_concurrency) wanted = std::min(wanted, schedule.max_concurrency);
  const std::size_t files = net::raise_open_files(wanted + kDescriptorReserve);
  const std::size_t room = files > kDescriptorReserve ? files - kDescriptorReserve : 1;
  if (room >= wanted) return wanted;
  if (!schedule.open_loop)
    return Error{"invalid", "concurrency " + std::to_string(wanted) +
                                " needs more open files than the limit of " + std::to_string(files)}
        .advise("raise the limit: ulimit -n " + std::to_string(wanted + kDescriptorReserve));
  return static_cast<std::uint32_t>(room);
}

Result<Done> StageRun::State::prepare() {
  const StageSetup& setup = spec.setup;
  auto addresses = net::resolve(setup.target.host, setup.target.port);
  if (!addresses) return std::move(addresses).error();
  std::shared_ptr<net::TlsContext> tls;
  if (setup.target.https) {
    auto context = net::TlsContext::client(setup.target.tls);
    if (!context) return std::move(context).error();
    tls = std::move(context).value();
  }
  if (auto ready = setup.prompts->prepare(); !ready) return ready;
  auto in_flight = slots();
  if (!in_flight) return std::move(in_flight).error();
  ArrivalPlan plan;
  if (setup.schedule.open_loop) plan = plan_arrivals(setup.schedule, derive_seed(setup.seed, 2));
  const std::uint64_t total = total_requests(setup.schedule, plan);
  auto made = std::make_unique<StageShared>(setup, std::move(plan), total, *in_flight,
                                            "bench-" + std::to_string(setup.seed) + "-" + setup.name + "-");
  made->addresses = std::move(addresses).value();
  made->tls = std::move(tls);
  for (unsigned i = 0; i < setup.threads; ++i) made->workers.push_back(std::make_unique<Worker>(*made, i));
  made->feed.prepare(stop);
  const std::lock_guard lock(mutex);
  shared = std::move(made);
  if (stop) shared->stop = true;
  return Done();
}

void StageRun::State::work() {
  std::vector<std::thread> threads;
  for (auto& worker : shared->workers) threads.emplace_back([&worker] { worker->run(); });
  shared->line.wait_for_all();
  stolen = stolen_s();
  process_cpu = process_cpu_ns();
  shared->epoch_ns = net::now_ns() + kLead_ns;
  wall_epoch_ns = wall_clock_ns() + kLead_ns;
  shared->line.start();
  for (auto& thread : threads) thread.join();
  wall_ns = std::max<std::int64_t>(0, net::now_ns() - shared->epoch_ns);
  process_cpu = process_cpu_ns() - process_cpu;
  stolen = stolen_s() - stolen;
}

Value StageRun::State::client_value() const {
  Value threads = Value::array();
  stats::Histogram lag{5};
  double busiest = 0, in_flight_s = 0, cpu_s = 0;
  std::uint64_t connections = 0, starved = 0;
  bool drops = false;
  for (const auto& worker : shared->workers) {
    const WorkerReport& r = worker->report();
    const double cpu =
        static_cast<double>(r.usage.cpu_ns) / static_cast<double>(std::max<std::int64_t>(1, r.wall_ns));
    threads.push_back({{"cpu", cpu},
                       {"cpu_s", static_cast<double>(r.usage.cpu_ns) / 1e9},
                       {"involuntary_switches", r.usage.involuntary_switches},
                       {"requests", worker->records().records().size()}});
    busiest = std::max(busiest, cpu);
    cpu_s += static_cast<double>(r.usage.cpu_ns) / 1e9;
    in_flight_s += r.in_flight_ns / 1e9;
    connections += r.connections;
    drops = drops || r.drops_connections;
    starved += r.starved;
    lag.merge(r.loop_lag);
  }
  return {{"threads", std::move(threads)},
          {"cpu_s", cpu_s},
          {"busiest_cpu", busiest},
          {"process_cpu_s", static_cast<double>(process_cpu) / 1e9},
          {"wall_s", static_cast<double>(wall_ns) / 1e9},
          {"in_flight_s", in_flight_s},
          {"loop_lag_p50_s", lag.percentile(50) / 1e9},
          {"loop_lag_p99_s", lag.percentile(99) / 1e9},
          {"loop_lag_max_s", static_cast<double>(lag.max()) / 1e9},
          {"stolen_s", stolen},
          {"spin_s", static_cast<double>(spec.setup.spin_ns) / 1e9},
          {"connections", connections},
          {"server_drops_connections", drops},
          {"not_rendered_in_time", starved}};
}

Value StageRun::State::header() const {
  const StageSetup& setup = spec.setup;
  Value failures = Value::array();
  for (const auto& worker : shared->workers)
    for (const FailureSample& sample : worker->report().samples)
      failures.push_back({{"failure", failure_name(sample.failure)},
                          {"status", sample.status},
                          {"detail", redact(sample.detail)}});
  Value data = setup.prompts->describe();
  if (setup.prompts->distinct()) data["distinct"] = setup.prompts->distinct();
  if (spec.data.is_object()) data["given"] = spec.data;
  Value table = {{"name", setup.name},
                 {"seed", setup.seed},
                 {"started_at", rfc3339(wall_epoch_ns)},
                 {"wall_epoch_ns", wall_epoch_ns},
                 {"tool_version", BENCH_VERSION},
                 {"target", target_value(setup.target)},
                 {"schedule", schedule_value(setup.schedule)},
                 {"data", std::move(data)},
                 {"request_timeout_s", static_cast<double>(setup.request_timeout_ns) / 1e9},
                 {"client", client_value()},
                 {"failures", std::move(failures)},
                 {"cancelled", stop.load()}};
  // Everything ends at the limit, so who ended by himself ended before it.
  if (!stop && wall_ns >= setup.stage_timeout_ns)
    table["time_limit_s"] = static_cast<double>(setup.stage_timeout_ns) / 1e9;
  return table;
}

Result<Value> StageRun::State::conclude() {
  const Value head = redact_tree(header());
  std::vector<RecordView> views;
  for (const auto& worker : shared->workers)
    for (const auto bytes : worker->records().records()) views.push_back(*decode_record(bytes));
  std::sort(views.begin(), views.end(),
            [](const RecordView& a, const RecordView& b) { return a.record.index < b.record.index; });
  Value result = summarise_stage(head, views, spec.limits);
  if (spec.setup.records_path.empty()) return result;
  std::vector<std::span<const std::uint8_t>> encoded;
  for (const RecordView& view : views) encoded.push_back(view.encoded);
  const std::string bytes = encode_section(head, encoded);
  if (auto written = write_file(spec.setup.records_path, bytes); !written) return std::move(written).error();
  result["records"] = {{"path", spec.setup.records_path}, {"count", views.size()}, {"bytes", bytes.size()}};
  return result;
}

Result<Value> StageRun::State::run() {
  if (auto prepared = prepare(); !prepared) return std::move(prepared).error();
  work();
  return conclude();
}

StageRun::StageRun(StageSpec spec) : state_(std::make_unique<State>(std::move(spec))) {}

StageRun::~StageRun() { cancel_and_wait(); }

void StageRun::cancel_and_wait() {
  cancel();
  if (state_->coordinator.joinable()) state_->coordinator.join();
}

std::shared_ptr<StageRun> StageRun::start(Loop& loop, StageSpec spec, Callback<Value> done) {
  if (!spec.setup.target.token.empty()) register_secret(spec.setup.target.token);
  std::shared_ptr<StageRun> run(new StageRun(std::move(spec)));
  State* state = run->state_.get();
  state->coordinator = std::thread([&loop, state, run, done = std::move(done)]() mutable {
    std::optional<Result<Value>> result;
    try {
      result = state->run();
    } catch (const std::exception& e) {
      result = Error{"invalid", std::string("the load could not be run: ") + e.what()};
    }
    // The run is handed to the loop, so that its last owner is never this thread.
    loop.post([run = std::move(run), done = std::move(done), result = std::move(*result)]() mutable {
      done(std::move(result));
    });
  });
  return run;
}

void StageRun::cancel() {
  const std::lock_guard lock(state_->mutex);
  state_->stop = true;
  if (!state_->shared) return;
  state_->shared->stop = true;
  for (auto& worker : state_->shared->workers) worker->wake();
}

Progress StageRun::progress() const {
  Progress progress;
  progress.elapsed_s = -1;
  const std::lock_guard lock(state_->mutex);
  if (!state_->shared) return progress;
  const StageShared& shared = *state_->shared;
  const std::int64_t epoch = shared.epoch_ns;
  if (epoch) progress.elapsed_s = static_cast<double>(net::now_ns() - epoch) / 1e9;
  progress.planned = shared.total;
  stats::Histogram ttft{9};
  for (const auto& worker : shared.workers) {
    const LiveCounters& live = worker->live();
    progress.sent += live.sent.load(std::memory_order_relaxed);
    progress.succeeded += live.succeeded.load(std::memory_order_relaxed);
    progress.failed += live.failed.load(std::memory_order_relaxed);
    progress.in_flight += live.in_flight.load(std::memory_order_relaxed);
    progress.waiting += live.waiting.load(std::memory_order_relaxed);
    progress.tokens += live.tokens.load(std::memory_order_relaxed);
    live.add_ttft_to(ttft);
  }
  progress.ttft_p50_s = ttft.percentile(50) / 1e9;
  progress.ttft_p95_s = ttft.percentile(95) / 1e9;
  return progress;
}

}  // namespace core::load
