#include "core/report_schema.hpp"

#include <algorithm>
#include <array>

#include "core/report.hpp"

namespace core::report {

namespace {

constexpr Words kQuantity = "count pixels";
constexpr Words kPortion = "percent fraction";
constexpr Words kTimeUnits = "ms s";
constexpr Words kMemory = "bytes MB GB TB MiB GiB TiB";
constexpr Words kPower = "Watts";
constexpr Words kTokenLatency = "ms/token s/token";
constexpr Words kTokenRate = "tokens/s";
constexpr Words kRequestRate = "queries/s";

constexpr bool kRequired = true;
constexpr const char* kLater = "0.2 (August 2026)";

constexpr Field stats(const char* name, Words units, const char* meaning, const char* since = "0.2") {
  return {.name = name, .type = Type::kStats, .meaning = meaning, .words = units, .since = since};
}
constexpr Field series(const char* name, Words units, const char* meaning) {
  return {.name = name, .type = Type::kSeries, .meaning = meaning, .words = units};
}
constexpr Field text(const char* name, const char* meaning, bool required = false) {
  return {.name = name, .type = Type::kText, .meaning = meaning, .required = required};
}
constexpr Field time(const char* name, const char* meaning) {
  return {.name = name, .type = Type::kTime, .meaning = meaning};
}
constexpr Field number(const char* name, const char* meaning, double least = -1e308) {
  return {.name = name, .type = Type::kNumber, .meaning = meaning, .least = least};
}
constexpr Field count(const char* name, const char* meaning, bool required = false, double least = 0) {
  return {.name = name, .type = Type::kInteger, .meaning = meaning, .required = required, .least = least};
}
constexpr Field choice(const char* name, Words words, const char* meaning, bool required = false) {
  return {.name = name, .type = Type::kChoice, .meaning = meaning, .required = required, .words = words};
}
constexpr Field any(const char* name, const char* meaning) {
  return {.name = name, .type = Type::kAny, .meaning = meaning};
}
constexpr Field map(const char* name, const char* meaning) {
  return {.name = name, .type = Type::kMap, .meaning = meaning};
}
constexpr Field object(const char* name, const Object& of, const char* meaning, bool required = false) {
  return {.name = name, .type = Type::kObject, .meaning = meaning, .required = required, .object = &of};
}
constexpr Field list(const char* name, const Object& of, const char* meaning) {
  return {.name = name, .type = Type::kObjects, .meaning = meaning, .object = &of};
}

// --- run -----------------------------------------------------------------------------------------------

constexpr Field kRunTimeFields[] = {
    time("start", "when the load started"),
    time("end", "when the load ended"),
    text("duration", "ISO 8601 duration between them, e.g. PT50.2S"),
};
constexpr Object kRunTime{kRunTimeFields};

constexpr Field kRunFields[] = {
    text("uid", "identifies this report", kRequired),
    text("eid", "identifies the experiment that it belongs to"),
    text("cid", "identifies the cluster or machine"),
    text("pid", "identifies the pod or process that made the load"),
    object("time", kRunTime, "when it ran"),
    text("user", "who ran it"),
    text("description", "free text"),
    {.name = "keywords", .type = Type::kTexts, .meaning = "free words"},
};
constexpr Object kRun{kRunFields};

// --- scenario ------------------------------------------------------------------------------------------

constexpr Field kNativeFields[] = {
    map("args", "command line arguments"),
    map("envars", "environment variables"),
    any("config", "configuration in the tool's own form"),
};
constexpr Object kNative{kNativeFields};

constexpr Field kComponentMetadataFields[] = {
    text("schema_version", "version of the component's description"),
    text("label", "unique name of the component in this report", kRequired),
    text("cfg_id", "hash of the component's native configuration", kRequired),
    text("description", "free text"),
};
constexpr Object kComponentMetadata{kComponentMetadataFields};

constexpr Field kComponentFields[] = {
    object("metadata", kComponentMetadata, "names the component", kRequired),
    {.name = "standardized",
     .type = Type::kComponent,
     .meaning = "what it is, in terms common to all tools",
     .required = true},
    object("native", kNative, "how it was started, in its own terms", kRequired),
};
constexpr Object kComponent{kComponentFields};

constexpr Field kLengthFields[] = {
    choice("distribution", "fixed gaussian uniform other", "how lengths are spread", kRequired),
    {.name = "value",
     .type = Type::kNumber,
     .meaning = "the length or its mean",
     .required = true,
     .least = 0},
    number("std_dev", "standard deviation", 0),
    count("min", "shortest"),
    count("max", "longest", false, 1),
};
constexpr Object kLength{kLengthFields};

constexpr Field kPrefixFields[] = {
    object("prefix_len", kLength, "tokens that prompts of a group share", kRequired),
    count("num_groups", "groups of prompts with a common prefix", kRequired, 1),
    count("num_users_per_group", "different prompts in a group", kRequired, 1),
    count("num_prefixes", "prefixes within a group", kRequired, 1),
};
constexpr Object kPrefix{kPrefixFields};

constexpr Field kMultiTurnFields[] = {
    {.name = "enabled", .type = Type::kBoolean, .meaning = "requests form conversations"},
    object("max_turns", kLength, "turns per conversation"),
};
constexpr Object kMultiTurn{kMultiTurnFields};

constexpr Field kLoadStandardizedFields[] = {
    text("tool", "load generator", kRequired),
    text("tool_version", "its version", kRequired),
    count("parallelism", "load generators at work side by side", false, 1),
    choice("source", "random sampled unknown", "where prompts come from", kRequired),
    count("stage", "number of the stage, from 0"),
    object("input_seq_len", kLength, "prompt length in tokens", kRequired),
    object("output_seq_len", kLength, "answer length in tokens, if asked for"),
    object("prefix", kPrefix, "shared beginnings of prompts"),
    object("multi_turn", kMultiTurn, "conversations"),
    {.name = "rate_qps",
     .type = Type::kNumber,
     .meaning = "requested rate, requests/s",
     .least = 0,
     .above = true},
    {.name = "concurrency", .type = Type::kConcurrency, .meaning = "requests kept in flight", .least = 1},
};
constexpr Object kLoadStandardized{kLoadStandardizedFields};

constexpr Field kLoadMetadataFields[] = {
    text("schema_version", "version of the load's description"),
    text("cfg_id", "hash of the load's configuration"),
    text("description", "free text"),
};
constexpr Object kLoadMetadata{kLoadMetadataFields};

constexpr Field kLoadFields[] = {
    object("metadata", kLoadMetadata, "names the load", kRequired),
    object("standardized", kLoadStandardized, "the load in terms common to all tools", kRequired),
    object("native", kNative, "the load in the tool's own terms", kRequired),
};
constexpr Object kLoad{kLoadFields};

constexpr Field kScenarioFields[] = {
    list("stack", kComponent, "the components that were measured"),
    object("load", kLoad, "the load that was put on them"),
};
constexpr Object kScenario{kScenarioFields};

constexpr Field kGenericFields[] = {
    choice("kind", "generic", "a component without a schema of its own", kRequired),
    text("tool", "program", kRequired),
    text("tool_version", "its version or image", kRequired),
};

constexpr Field kModelFields[] = {text("name", "model name", kRequired)};
constexpr Object kModel{kModelFields};

constexpr Field kParallelismFields[] = {
    count("tp", "tensor parallel size"),
    count("dp", "data parallel size"),
    count("dp_local", "data parallel size on one node"),
    count("workers", "nodes that work together"),
    count("ep", "expert parallel size", false, 1),
    count("pp", "pipeline parallel size", false, 1),
};
constexpr Object kParallelism{kParallelismFields};

constexpr Field kAcceleratorFields[] = {
    text("model", "accelerator model", kRequired),
    count("count", "accelerators of one replica", kRequired),
    object("parallelism", kParallelism, "how they share the model", kRequired),
};
constexpr Object kAccelerator{kAcceleratorFields};

constexpr Field kInferenceEngineFields[] = {
    choice("kind", "inference_engine", "a model server", kRequired),
    text("tool", "program", kRequired),
    text("tool_version", "its version or image", kRequired),
    choice("role", "replica prefill decode", "part in serving", kRequired),
    count("replicas", "copies", kRequired, 1),
    object("model", kModel, "what it serves", kRequired),
    object("accelerator", kAccelerator, "what it runs on", kRequired),
};

// --- results: requests ---------------------------------------------------------------------------------

constexpr Field kRequestsFields[] = {
    count("total", "requests sent", kRequired),
    count("failures", "requests that failed"),
    count("incomplete", "requests still in flight when the stage ended"),
    stats("input_length", kQuantity, "prompt tokens per request"),
    stats("output_length", kQuantity, "generated tokens per request"),
};
constexpr Object kRequests{kRequestsFields};

constexpr Field kLatencyFields[] = {
    stats("time_to_first_token", kTimeUnits, "send to first token"),
    stats("normalized_time_per_output_token", kTokenLatency, "request latency / output tokens"),
    stats("time_per_output_token", kTokenLatency,
          "(request latency - time to first token) / (output tokens - 1)"),
    stats("inter_token_latency", kTokenLatency, "gaps between tokens, pooled over all requests"),
    stats("request_latency", kTimeUnits, "send to last token"),
};
constexpr Object kLatency{kLatencyFields};

constexpr Field kThroughputFields[] = {
    stats("input_token_rate", kTokenRate, "prompt tokens per second"),
    stats("output_token_rate", kTokenRate, "generated tokens per second"),
    stats("total_token_rate", kTokenRate, "both together"),
    stats("request_rate", kRequestRate, "finished requests per second"),
};
constexpr Object kThroughput{kThroughputFields};

constexpr Field kAggregateFields[] = {
    object("requests", kRequests, "how many and how long"),
    object("latency", kLatency, "waiting times of successful requests"),
    object("throughput", kThroughput, "rates over the measured window"),
};
constexpr Object kAggregate{kAggregateFields};

constexpr Field kLatencySeriesFields[] = {
    series("time_to_first_token", kTimeUnits, "as in the aggregate"),
    series("normalized_time_per_output_token", kTokenLatency, "as in the aggregate"),
    series("time_per_output_token", kTokenLatency, "as in the aggregate"),
    series("inter_token_latency", kTokenLatency, "as in the aggregate"),
    series("request_latency", kTimeUnits, "as in the aggregate"),
};
constexpr Object kLatencySeries{kLatencySeriesFields};

constexpr Field kThroughputSeriesFields[] = {
    {.name = "units", .type = Type::kUnits, .meaning = "units of the token rates", .words = kTokenRate},
    series("input_token_rate", kTokenRate, "as in the aggregate"),
    series("output_token_rate", kTokenRate, "as in the aggregate"),
    series("total_token_rate", kTokenRate, "as in the aggregate"),
    series("request_rate", kRequestRate, "as in the aggregate"),
};
constexpr Object kThroughputSeries{kThroughputSeriesFields};

constexpr Field kRequestSeriesFields[] = {
    object("latency", kLatencySeries, "waiting times over time"),
    object("throughput", kThroughputSeries, "rates over time"),
};
constexpr Object kRequestSeries{kRequestSeriesFields};

constexpr Field kPerformanceFields[] = {
    object("aggregate", kAggregate, "statistics of the whole stage"),
    object("time_series", kRequestSeries, "how they developed"),
};
constexpr Object kPerformance{kPerformanceFields};

constexpr Field kSessionsFields[] = {
    count("total", "conversations", kRequired),
    count("succeeded", "conversations that ended well"),
    count("failed", "conversations that did not"),
    count("total_events", "requests planned in conversations"),
    count("total_events_completed", "of these, finished"),
    count("total_events_cancelled", "of these, given up"),
    stats("session_rate", kRequestRate, "conversations per second", kLater),
    stats("session_duration", kTimeUnits, "first send to last token of a conversation", kLater),
    stats("events_per_session", kQuantity, "requests of a conversation", kLater),
    stats("events_cancelled_per_session", kQuantity, "requests given up in a conversation", kLater),
    stats("input_tokens_per_session", kQuantity, "prompt tokens of a conversation", kLater),
    stats("output_tokens_per_session", kQuantity, "generated tokens of a conversation", kLater),
};
constexpr Object kSessions{kSessionsFields};

constexpr Field kSessionPerformanceFields[] = {
    object("sessions", kSessions, "counts and statistics of conversations"),
};
constexpr Object kSessionPerformance{kSessionPerformanceFields};

// --- results: observability ----------------------------------------------------------------------------

constexpr Field kResourceFields[] = {
    stats("kv_cache_usage", kPortion, "used part of the KV cache"),
    stats("cache_hit_rate", kPortion, "part of the queried prefix tokens found in the cache"),
    stats("gpu_cache_usage", kPortion, "used part of the cache in accelerator memory"),
    stats("cpu_cache_usage", kPortion, "used part of the cache in main memory"),
    stats("gpu_memory_usage", kMemory, "accelerator memory"),
    stats("cpu_memory_usage", kMemory, "main memory"),
    stats("storage_usage", kMemory, "disk"),
    stats("gpu_utilization", kPortion, "busy part of the accelerators"),
    stats("cpu_utilization", kPortion, "busy part of the processors"),
    stats("power_consumption", kPower, "power drawn"),
    stats("running_requests", kQuantity, "requests being worked on"),
    stats("waiting_requests", kQuantity, "requests in the queue"),
    stats("swapped_requests", kQuantity, "requests moved out of memory"),
    stats("preemptions", kQuantity, "requests interrupted for others"),
};
constexpr Object kResources{kResourceFields};

constexpr Field kResourceSeriesFields[] = {
    series("kv_cache_usage", kPortion, "as in the aggregate"),
    series("gpu_cache_usage", kPortion, "as in the aggregate"),
    series("cpu_cache_usage", kPortion, "as in the aggregate"),
    series("gpu_memory_usage", kMemory, "as in the aggregate"),
    series("cpu_memory_usage", kMemory, "as in the aggregate"),
    series("storage_usage", kMemory, "as in the aggregate"),
    series("gpu_utilization", kPortion, "as in the aggregate"),
    series("cpu_utilization", kPortion, "as in the aggregate"),
    series("power_consumption", kPower, "as in the aggregate"),
};
constexpr Object kResourceSeries{kResourceSeriesFields};

constexpr Field kObservedFields[] = {
    text("component_label", "the `label` of a component in `scenario.stack`", kRequired),
    text("replica_id", "which copy of it"),
    object("aggregate", kResources, "statistics of the component's own metrics"),
    object("time_series", kResourceSeries, "how they developed"),
    text("raw_data_path", "file with the samples"),
    text("graph_path", "picture of them"),
};
constexpr Object kObserved{kObservedFields};

constexpr Field kPodFields[] = {
    text("name", "pod", kRequired),
    text("model", "model it serves"),
    text("role", "part in serving"),
    text("node", "where it ran"),
    time("creation_timestamp", "when it was created"),
    time("ready_timestamp", "when it was ready"),
    number("startup_seconds", "between them, s", 0),
};
constexpr Object kPod{kPodFields};

constexpr Field kStartupFields[] = {
    time("collected_at", "when this was read"),
    list("pods", kPod, "one item per pod"),
    stats("aggregate", kTimeUnits, "start-up times"),
    text("graph_path", "picture of them"),
};
constexpr Object kStartup{kStartupFields};

constexpr Field kControllerFields[] = {
    text("kind", "Deployment, StatefulSet, ...", kRequired),
    text("name", "its name", kRequired),
    text("model", "model it serves"),
    text("role", "part in serving"),
    count("desired_replicas", "copies wanted", kRequired),
    count("available_replicas", "copies available", kRequired),
    count("ready_replicas", "copies ready", kRequired),
    count("updated_replicas", "copies of the newest template"),
};
constexpr Object kController{kControllerFields};

constexpr Field kSnapshotFields[] = {
    time("timestamp", "when"),
    text("namespace", "where"),
    list("controllers", kController, "one item per controller"),
};
constexpr Object kSnapshot{kSnapshotFields};

constexpr Field kReplicaStatusFields[] = {
    text("namespace", "where"),
    time("timestamp", "when"),
    list("controllers", kController, "one item per controller"),
    list("time_series", kSnapshot, "the same at several times"),
    stats("aggregate_ready_replicas", kQuantity, "ready copies over time"),
    text("graph_path", "picture of them"),
};
constexpr Object kReplicaStatus{kReplicaStatusFields};

constexpr Field kObservabilityFields[] = {
    list("components", kObserved, "what the components said about themselves"),
    stats("drop_rate", kPortion, "part of the requests that were dropped"),
    object("pod_startup_times", kStartup, "how long pods took to start"),
    object("replica_status", kReplicaStatus, "copies wanted and ready"),
};
constexpr Object kObservability{kObservabilityFields, true};

constexpr Field kReplicaHealthFields[] = {
    text("replica_id", "which copy", kRequired),
    count("restarts", "how often it restarted"),
    {.name = "healthy", .type = Type::kBoolean, .meaning = "its state at the end"},
    text("logs", "where its log is"),
};
constexpr Object kReplicaHealth{kReplicaHealthFields};

constexpr Field kHealthFields[] = {
    text("component_label", "the `label` of a component in `scenario.stack`", kRequired),
    count("total_restarts", "restarts of all its copies"),
    count("failed_replicas", "copies that restarted"),
    list("replica_health", kReplicaHealth, "one item per copy"),
};
constexpr Object kHealth{kHealthFields};

constexpr Field kResultsFields[] = {
    object("request_performance", kPerformance, "performance as the clients saw it"),
    {.name = "session_performance",
     .type = Type::kObject,
     .meaning = "performance of whole conversations",
     .object = &kSessionPerformance,
     .since = kLater},
    object("observability", kObservability, "what the components saw; extra keys are allowed"),
    any("profiling", "anything"),
    list("component_health", kHealth, "restarts and failures"),
};
constexpr Object kResults{kResultsFields};

constexpr Field kReportFields[] = {
    choice("version", kVersion, "version of the format", kRequired),
    object("run", kRun, "which run this is", kRequired),
    object("scenario", kScenario, "what was measured under which load"),
    object("results", kResults, "what came out", kRequired),
};

constexpr Field kSpreadFields[] = {
    number("mode", "most frequent value"),
    number("stddev", "standard deviation", 0),
    number("min", "smallest"),
    number("p0p1", "0.1th percentile"),
    number("p1", "1st percentile"),
    number("p5", "5th percentile"),
    number("p10", "10th percentile"),
    number("p25", "25th percentile"),
    number("p50", "median"),
    number("p75", "75th percentile"),
    number("p90", "90th percentile"),
    number("p95", "95th percentile"),
    number("p99", "99th percentile"),
    number("p99p9", "99.9th percentile"),
    number("max", "largest"),
};

template <std::size_t N, std::size_t M>
constexpr std::array<Field, N + M> join(const Field (&first)[N], const Field (&second)[M]) {
  std::array<Field, N + M> all{};
  std::copy(first, first + N, all.begin());
  std::copy(second, second + M, all.begin() + N);
  return all;
}

constexpr Field kMeanFields[] = {
    {.name = "mean", .type = Type::kNumber, .meaning = "arithmetic mean", .required = true},
};
constexpr auto kStatisticsFields = join(kMeanFields, kSpreadFields);

constexpr Field kMomentFields[] = {
    {.name = "ts", .type = Type::kTime, .meaning = "when", .required = true},
    {.name = "value", .type = Type::kScalar, .meaning = "a single value"},
    number("mean", "arithmetic mean"),
};
constexpr auto kPointFields = join(kMomentFields, kSpreadFields);

}  // namespace

constexpr Object kReport{kReportFields};
constexpr Object kGeneric{kGenericFields, true};
constexpr Object kInferenceEngine{kInferenceEngineFields};
constexpr Object kStatistics{kStatisticsFields, true};
constexpr Object kPoint{kPointFields};

}  // namespace core::report
