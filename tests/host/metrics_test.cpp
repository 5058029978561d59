#include "core/metrics.hpp"

#include <cmath>

#include "catch.hpp"

namespace {

const char* const kText = R"(# HELP vllm:num_requests_running Number of requests
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="m"} 3.0
# HELP vllm:prompt_tokens Prompt tokens with a \\ and a \n break.
# TYPE vllm:prompt_tokens counter
vllm:prompt_tokens_total{model_name="m"} 100
vllm:prompt_tokens_total{model_name="n",engine="1"} 20 1700000000000
vllm:prompt_tokens_created{model_name="m"} 1.7e+09
# TYPE ttft histogram
ttft_bucket{le="0.1",m="a"} 10
ttft_bucket{le="0.2",m="a"} 30 # {trace_id="x"} 0.15 1.7e9
ttft_bucket{le="+Inf",m="a"} 40
ttft_sum{m="a"} 6
ttft_count{m="a"} 40
# a remark
   untyped_thing   NaN
other_total{path="a\"b\\c\nd",} +Inf
# TYPE rpc summary
rpc{quantile="0.5"} 4
rpc_sum 10
rpc_count 5
# EOF
)";

core::Metrics parse(const std::string& text) {
  auto metrics = core::parse_metrics(text, "metrics");
  if (!metrics) FAIL(metrics.error().message);
  return *metrics;
}

std::string failure(const std::string& text) {
  auto metrics = core::parse_metrics(text, "metrics");
  INFO(text);
  REQUIRE_FALSE(metrics);
  CHECK(metrics.error().code == "invalid");
  return metrics.error().message;
}

}  // namespace

TEST_CASE("a metrics page is read family by family") {
  const auto metrics = parse(kText);
  REQUIRE(metrics.size() == 6);
  CHECK(metrics[0].name == "vllm:num_requests_running");
  CHECK(metrics[0].type == "gauge");
  CHECK(metrics[0].help == "Number of requests");
  CHECK(metrics[1].help == "Prompt tokens with a \\ and a \n break.");
  CHECK(metrics[1].samples.size() == 3);
  CHECK(metrics[2].type == "histogram");
  CHECK(metrics[2].samples.size() == 5);
  CHECK(std::isnan(metrics[3].samples[0].value));
  CHECK(metrics[4].samples[0].labels.at("path") == "a\"b\\c\nd");
  CHECK(std::isinf(metrics[4].samples[0].value));
  CHECK(metrics[5].samples.size() == 3);
  CHECK(parse("").empty());
  CHECK(parse("a 1\r\nb 2\r\n").size() == 2);
}

TEST_CASE("metric values are summed over the series that match") {
  const auto metrics = parse(kText);
  CHECK(core::metric_value(metrics, "vllm:prompt_tokens_total") == 120.0);
  CHECK(core::metric_value(metrics, "vllm:prompt_tokens_total", {{"model_name", "n"}}) == 20.0);
  CHECK_FALSE(core::metric_value(metrics, "vllm:prompt_tokens_total", {{"model_name", "x"}}));
  CHECK_FALSE(core::metric_value(metrics, "vllm:prompt_tokens"));
  CHECK(core::metric_mean(metrics, "ttft") == 0.15);
  CHECK(core::metric_mean(metrics, "rpc") == 2.0);
  CHECK_FALSE(core::metric_mean(metrics, "nothing"));
}

TEST_CASE("a histogram's quantiles are interpolated within their bucket") {
  const auto metrics = parse(kText);
  const auto quantile = [&](double q) { return core::metric_quantile(metrics, "ttft", q).value(); };
  CHECK(quantile(0) == 0.0);
  CHECK(quantile(0.125) == Approx(0.05));
  CHECK(quantile(0.25) == Approx(0.1));
  CHECK(quantile(0.5) == Approx(0.15));
  CHECK(quantile(0.75) == Approx(0.2));
  CHECK(quantile(0.99) == Approx(0.2));  // in the open bucket
  CHECK_FALSE(core::metric_quantile(metrics, "ttft", 0.5, {{"m", "b"}}));
  CHECK_FALSE(core::metric_quantile(parse("h_bucket{le=\"+Inf\"} 0\n"), "h", 0.5));
  const auto two = parse(
      "h_bucket{le=\"1\",a=\"x\"} 1\nh_bucket{le=\"1\",a=\"y\"} 3\nh_bucket{le=\"+Inf\",a=\"x\"} 1\n"
      "h_bucket{le=\"+Inf\",a=\"y\"} 3\n");
  CHECK(core::metric_quantile(two, "h", 0.5) == 0.5);
  CHECK(core::metric_quantile(parse("h_bucket{le=\"-1\"} 2\nh_bucket{le=\"+Inf\"} 4\n"), "h", 0.25) == -1.0);
}

TEST_CASE("the difference of two scrapes is what happened in between") {
  const auto before = parse(
      "# TYPE c counter\nc 10\nc{a=\"1\"} 5\n# TYPE g gauge\ng 1\n# TYPE h histogram\n"
      "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\nloose_total 7\nloose 7\n");
  const auto after = parse(
      "# TYPE c counter\nc 15\nc{a=\"1\"} 2\nc{a=\"2\"} 4\n# TYPE g gauge\ng 9\n# TYPE h histogram\n"
      "h_bucket{le=\"1\"} 4\nh_bucket{le=\"+Inf\"} 6\nh_sum 9\nh_count 6\nloose_total 8\nloose 8\n");
  const auto delta = core::metric_delta(before, after);
  const auto value = [&](const char* name, core::MetricLabels labels = {}) {
    return core::metric_value(delta.metrics, name, labels);
  };
  CHECK(value("c", {{"a", "1"}}) == 2.0);
  CHECK(value("c", {{"a", "2"}}) == 4.0);
  CHECK(value("c") == 5.0 + 2 + 4);
  CHECK(value("g") == 9.0);
  CHECK(value("h_count") == 4.0);
  CHECK(value("loose_total") == 1.0);
  CHECK(value("loose") == 8.0);
  CHECK(core::metric_quantile(delta.metrics, "h", 0.5) == Approx(2.0 / 3));
  CHECK(delta.resets == std::vector<std::string>{"c"});
}

TEST_CASE("a malformed metrics page is refused with the place") {
  CHECK(failure("a 1\nb{x=\"1\" 2\n") ==
        "metrics:2:9: ',' or '}' was expected behind a label\n  2 | b{x=\"1\" 2\n    |         ^");
  CHECK(failure("<html>").find("metrics:1:1: the name of a metric was expected") == 0);
  CHECK(failure("a").find("a number was expected") != std::string::npos);
  CHECK(failure("a one").find("a number was expected") != std::string::npos);
  CHECK(failure("a 1 2 3").find("only a time stamp") != std::string::npos);
  CHECK(failure("a{b=\"c} 1\nd 2").find("metrics:1:5: the label's value that starts here is not closed") ==
        0);
  CHECK(failure("a{b=c} 1").find("double quotes") != std::string::npos);
  CHECK(failure("a{1=\"c\"} 1").find("the name of a label") != std::string::npos);
  CHECK(failure("# TYPE").find("is missing") != std::string::npos);
  CHECK(failure("a 0x10").find("a number was expected") != std::string::npos);
}
