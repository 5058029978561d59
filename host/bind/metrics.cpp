// host.metrics: Prometheus metrics as plain tables, and the arithmetic on them.
#include "core/metrics.hpp"

#include "script/stack.hpp"

namespace bind {

namespace {

core::Value to_value(const core::Metrics& metrics) {
  core::Value tree = core::Value::object();
  auto& members = static_cast<core::Value::object_t::Container&>(tree.get_ref<core::Value::object_t&>());
  members.reserve(metrics.size());
  for (const auto& family : metrics) {
    core::Value samples = core::Value::array();
    for (const auto& sample : family.samples) {
      core::Value labels = core::Value::object();
      for (const auto& [key, value] : sample.labels) labels[key] = value;
      samples.push_back({{"name", sample.name}, {"labels", labels}, {"value", sample.value}});
    }
    members.emplace_back(family.name,
                         core::Value{{"type", family.type}, {"help", family.help}, {"samples", samples}});
  }
  return tree;
}

core::MetricLabels to_labels(const core::Value& table) {
  core::MetricLabels labels;
  for (const auto& [key, value] : table.items()) {
    if (!value.is_string() && !value.is_number())
      throw core::UsageError("the label '" + key + "' must be a string");
    labels[key] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return labels;
}

core::MetricSample to_sample(const core::Value& table) {
  core::MetricSample sample{table.at("name").get<std::string>(), {}, 0};
  sample.labels = to_labels(table.value("labels", core::Value::object()));
  sample.value = table.at("value").get<double>();
  return sample;
}

core::Metrics check_metrics(lua_State* L, int index) {
  const auto tree = script::check_value(L, index);
  core::Metrics metrics;
  try {
    for (const auto& [name, table] : tree.items()) {
      core::MetricFamily family{name, table.value("type", "untyped"), table.value("help", ""), {}};
      for (const auto& sample : table.at("samples")) family.samples.push_back(to_sample(sample));
      metrics.push_back(std::move(family));
    }
  } catch (const core::Value::exception&) {
    throw core::UsageError("argument " + std::to_string(index) + ": expected what metrics.parse gives");
  }
  return metrics;
}

int push_optional(lua_State* L, std::optional<double> number) {
  if (number) {
    lua_pushnumber(L, *number);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

int l_parse(lua_State* L) {
  const auto text = script::check_string(L, 1);
  const auto opts = script::options(L, 2, "metrics.parse", {{"source", ""}});
  const auto metrics = core::parse_metrics(text, opts["source"]);
  if (!metrics) return script::fail(L, metrics.error());
  script::push(L, to_value(*metrics));
  return 1;
}

int l_value(lua_State* L) {
  const auto metrics = check_metrics(L, 1);
  const auto name = script::check_string(L, 2);
  const auto opts = script::options(L, 3, "metrics.value", {{"labels", core::Value::object(), "table"}});
  return push_optional(L, core::metric_value(metrics, name, to_labels(opts["labels"])));
}

int l_quantile(lua_State* L) {
  const auto metrics = check_metrics(L, 1);
  const auto name = script::check_string(L, 2);
  const auto opts =
      script::options(L, 3, "metrics.quantile", {{"q", 0.5}, {"labels", core::Value::object(), "table"}});
  const double q = opts["q"].get<double>();
  if (!(q >= 0 && q <= 1)) throw core::UsageError("metrics.quantile: option 'q' is between 0 and 1");
  return push_optional(L, core::metric_quantile(metrics, name, q, to_labels(opts["labels"])));
}

int l_mean(lua_State* L) {
  const auto metrics = check_metrics(L, 1);
  const auto name = script::check_string(L, 2);
  const auto opts = script::options(L, 3, "metrics.mean", {{"labels", core::Value::object(), "table"}});
  return push_optional(L, core::metric_mean(metrics, name, to_labels(opts["labels"])));
}

int l_delta(lua_State* L) {
  const auto delta = core::metric_delta(check_metrics(L, 1), check_metrics(L, 2));
  script::push(L, to_value(delta.metrics));
  script::push(L, core::Value(delta.resets));
  return 2;
}

constexpr script::Function kFunctions[] = {
    {"parse", script::guard<l_parse>},       {"value", script::guard<l_value>},
    {"quantile", script::guard<l_quantile>}, {"mean", script::guard<l_mean>},
    {"delta", script::guard<l_delta>},
};

}  // namespace

int open_metrics(lua_State* L) { return script::module(L, "host.metrics", kFunctions); }

}  // namespace bind
