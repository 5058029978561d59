// host.stats: exact percentiles, summaries, and a mergeable histogram.
#include <limits>

#include <cmath>

#include "core/stats/histogram.hpp"
#include "core/stats/percentile.hpp"
#include "core/stats/summary.hpp"
#include "script/stack.hpp"

#include <algorithm>

namespace bind {

namespace {

constexpr const char* kHistogram = "host.stats.Histogram";

/// A histogram of real numbers: they are counted in units.
struct UnitHistogram {
  core::stats::Histogram counts;
  double unit;
};

std::vector<double> check_numbers(lua_State* L, int index) {
  if (!lua_istable(L, index))
    throw core::UsageError("argument " + std::to_string(index) + ": expected a list of numbers");
  std::vector<double> numbers(lua_objlen(L, index));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    lua_rawgeti(L, index, static_cast<int>(i + 1));
    const bool good = lua_type(L, -1) == LUA_TNUMBER && !std::isnan(lua_tonumber(L, -1));
    if (!good) throw core::UsageError("element " + std::to_string(i + 1) + " is not a number");
    numbers[i] = lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  return numbers;
}

double check_percent(lua_State* L, int index) {
  const double percent = script::check_number(L, index);
  if (percent < 0 || percent > 100) throw core::UsageError("a percentile is from 0 to 100");
  return percent;
}

int l_percentile(lua_State* L) {
  auto values = check_numbers(L, 1);
  const double percent = check_percent(L, 2);
  if (values.empty()) {
    lua_pushnil(L);
    return 1;
  }
  std::sort(values.begin(), values.end());
  lua_pushnumber(L, core::stats::percentile_sorted(values, percent));
  return 1;
}

int l_summary(lua_State* L) {
  auto values = check_numbers(L, 1);
  std::vector<double> percents(std::begin(core::stats::kPercentiles), std::end(core::stats::kPercentiles));
  if (!lua_isnoneornil(L, 2)) {
    const auto opts = script::options(L, 2, "stats.summary", {{"percentiles", nullptr, "list"}});
    if (opts.contains("percentiles")) {
      percents.clear();
      for (const auto& percent : opts["percentiles"]) {
        if (!percent.is_number() || percent < 0 || percent > 100)
          throw core::UsageError("percentiles: numbers from 0 to 100");
        percents.push_back(percent);
      }
    }
  }
  script::push(L, core::stats::to_value(core::stats::summarise(values, percents)));
  return 1;
}

int l_samples_needed(lua_State* L) {
  const double percent = check_percent(L, 1);
  const bool is_extreme = percent <= 0 || percent >= 100;
  lua_pushnumber(L, is_extreme ? std::numeric_limits<lua_Number>::infinity()
                               : static_cast<lua_Number>(core::stats::samples_needed(percent)));
  return 1;
}

int l_rank_interval(lua_State* L) {
  const auto n = script::check_integer(L, 1);
  if (n < 1) throw core::UsageError("argument 1: expected a positive count");
  const double confidence = lua_isnoneornil(L, 3) ? 0.95 : script::check_number(L, 3);
  if (!(confidence > 0 && confidence < 1))
    throw core::UsageError("argument 3: a confidence is between 0 and 1");
  const auto ranks = core::stats::rank_interval(static_cast<std::size_t>(n), check_percent(L, 2), confidence);
  lua_pushnumber(L, static_cast<lua_Number>(ranks.low));
  lua_pushnumber(L, static_cast<lua_Number>(ranks.high));
  return 2;
}

int l_histogram(lua_State* L) {
  const auto opts = script::options(L, 1, "stats.histogram", {{"unit", 1e-9}, {"bits", 11}});
  const double unit = opts["unit"], bits = opts["bits"];
  if (!(unit > 0)) throw core::UsageError("unit must be positive");
  script::push_object<UnitHistogram>(
      L, kHistogram, {core::stats::Histogram(static_cast<unsigned>(std::clamp(bits, 0.0, 99.0))), unit});
  return 1;
}

UnitHistogram& check_histogram(lua_State* L, int index) {
  return script::check_object<UnitHistogram>(L, index, kHistogram);
}

int l_record(lua_State* L) {
  auto& h = check_histogram(L, 1);
  const double value = script::check_number(L, 2) / h.unit;
  if (!(value >= 0)) throw core::UsageError("a histogram counts numbers from 0 on");
  h.counts.record(static_cast<std::uint64_t>(std::llround(std::min(value, 9e18))));
  return 0;
}

int l_merge(lua_State* L) {
  auto& into = check_histogram(L, 1);
  const auto& from = check_histogram(L, 2);
  if (into.unit != from.unit) throw core::UsageError("histograms of different units cannot be merged");
  into.counts.merge(from.counts);
  return 0;
}

int l_histogram_percentile(lua_State* L) {
  const auto& h = check_histogram(L, 1);
  lua_pushnumber(L, h.counts.percentile(check_percent(L, 2)) * h.unit);
  return 1;
}

int l_facts(lua_State* L) {
  const auto& h = check_histogram(L, 1);
  script::push(L, core::Value{{"count", h.counts.count()},
                              {"mean", h.counts.mean() * h.unit},
                              {"min", static_cast<double>(h.counts.min()) * h.unit},
                              {"max", static_cast<double>(h.counts.max()) * h.unit}});
  return 1;
}

constexpr script::Function kHistogramMethods[] = {
    {"record", script::guard<l_record>},
    {"merge", script::guard<l_merge>},
    {"percentile", script::guard<l_histogram_percentile>},
    {"facts", script::guard<l_facts>},
    {"__gc", script::guard<script::collect<UnitHistogram>>},
};

constexpr script::Function kFunctions[] = {
    {"percentile", script::guard<l_percentile>},         {"summary", script::guard<l_summary>},
    {"samples_needed", script::guard<l_samples_needed>}, {"rank_interval", script::guard<l_rank_interval>},
    {"histogram", script::guard<l_histogram>},
};

}  // namespace

int open_stats(lua_State* L) {
  script::metatable(L, kHistogram, kHistogramMethods);
  lua_pop(L, 1);
  return script::module(L, "host.stats", kFunctions);
}

}  // namespace bind
