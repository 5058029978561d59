#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "core/metrics.hpp"
#include "core/number.hpp"
#include "core/source.hpp"

namespace core {

namespace {

/// What is wrong and where; thrown inside this file only.
struct BadLine {
  std::size_t offset;
  std::string what;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; }
bool is_name(char c) { return starts_name(c) || is_digit(c); }
bool is_space(char c) { return c == ' ' || c == '\t'; }

/// Go's and Prometheus' spellings of a number; NaN is told apart from nonsense by `good`.
double read_number(std::string_view text, bool& good) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  std::string_view word = lower;
  const bool negative = !word.empty() && word.front() == '-';
  if (!word.empty() && (negative || word.front() == '+')) word.remove_prefix(1);
  good = true;
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (word == "inf" || word == "infinity") {
    const double infinity = std::numeric_limits<double>::infinity();
    return negative ? -infinity : infinity;
  }
  const bool decimal = !word.empty() && (is_digit(word.front()) || word.front() == '.');
  const double number = decimal ? parse_double(word) : std::numeric_limits<double>::quiet_NaN();
  good = !std::isnan(number);
  return negative ? -number : number;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Metrics parse() {
    for (std::size_t at = 0; at < text_.size();) {
      const auto end = std::min(text_.find('\n', at), text_.size());
      at_ = at;
      end_ = end > at && text_[end - 1] == '\r' ? end - 1 : end;
      line();
      at = end + 1;
    }
    return std::move(metrics_);
  }

 private:
  bool done() const { return at_ >= end_; }
  char peek() const { return done() ? '\0' : text_[at_]; }
  void skip_space() {
    while (!done() && is_space(peek())) ++at_;
  }
  [[noreturn]] void fail(const std::string& what) const { throw BadLine{at_, what}; }

  void line() {
    skip_space();
    if (done()) return;
    if (peek() == '#') return comment();
    sample();
  }

  std::string_view word() {
    skip_space();
    const std::size_t start = at_;
    while (!done() && !is_space(peek())) ++at_;
    return text_.substr(start, at_ - start);
  }

  std::string_view rest() {
    skip_space();
    return text_.substr(at_, end_ - at_);
  }

  /// `# HELP name text` and `# TYPE name type`; anything else is a remark.
  void comment() {
    ++at_;
    const auto keyword = word();
    if (keyword != "HELP" && keyword != "TYPE") return;
    const auto name = word();
    if (name.empty()) fail("the name of a metric is missing");
    MetricFamily& family = metrics_[family_index(std::string(name))];
    if (keyword == "HELP") {
      family.help = unescape_help(rest());
      return;
    }
    const auto type = word();
    static constexpr std::string_view known[] = {"counter", "gauge", "histogram", "summary"};
    const bool is_known = std::find(std::begin(known), std::end(known), type) != std::end(known);
    family.type = is_known ? std::string(type) : "untyped";
  }

  static std::string unescape_help(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool escape =
          text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == '\\');
      if (escape) ++i;
      out += escape && text[i] == 'n' ? '\n' : text[i];
    }
    return out;
  }

  std::string name(const char* what) {
    const std::size_t start = at_;
    if (!starts_name(peek())) fail(std::string(what) + " was expected");
    while (is_name(peek())) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  void sample() {
    MetricSample sample;
    sample.name = name("the name of a metric");
    skip_space();
    if (peek() == '{') labels(sample.labels);
    skip_space();
    const std::size_t start = at_;
    bool good = false;
    sample.value = read_number(word(), good);
    if (!good) throw BadLine{start, "a number was expected behind the name and labels"};
    skip_space();
    if (!done() && peek() != '#') {  // a time stamp; behind '#' comes an exemplar
      const std::size_t stamp = at_;
      read_number(word(), good);
      skip_space();
      if (!good || (!done() && peek() != '#'))
        throw BadLine{stamp, "only a time stamp may stand behind the value"};
    }
    MetricFamily& family = metrics_[home_of(sample.name)];
    family.samples.push_back(std::move(sample));
  }

  void labels(MetricLabels& labels) {
    ++at_;
    for (skip_space(); peek() != '}'; skip_space()) {
      std::string key = name("the name of a label");
      skip_space();
      if (peek() != '=') fail("'=' was expected behind the name of a label");
      ++at_;
      skip_space();
      labels[std::move(key)] = label_value();
      skip_space();
      if (peek() == ',') {
        ++at_;
      } else if (peek() != '}') {
        fail("',' or '}' was expected behind a label");
      }
    }
    ++at_;
  }

  std::string label_value() {
    if (peek() != '"') fail("a label's value stands in double quotes");
    const std::size_t opened = at_++;
    std::string value;
    for (; !done() && peek() != '"'; ++at_) {
      if (peek() != '\\') {
        value += peek();
        continue;
      }
      ++at_;
      if (done()) break;
      value += peek() == 'n' ? '\n' : peek();
    }
    if (done()) throw BadLine{opened, "the label's value that starts here is not closed"};
    ++at_;
    return value;
  }

  std::size_t family_index(const std::string& name) {
    const auto [found, fresh] = index_.emplace(name, metrics_.size());
    if (fresh) metrics_.push_back({name, "untyped", "", {}});
    return found->second;
  }

  /// The declared family that a sample belongs to, else a family of its own.
  std::size_t home_of(const std::string& name) {
    for (std::string_view suffix : {"_bucket", "_sum", "_count", "_total", "_created"}) {
      if (name.size() <= suffix.size() ||
          name.compare(name.size() - suffix.size(), suffix.size(), suffix) != 0)
        continue;
      const auto found = index_.find(name.substr(0, name.size() - suffix.size()));
      if (found != index_.end() && takes(metrics_[found->second].type, suffix)) return found->second;
    }
    return family_index(name);
  }

  static bool takes(const std::string& type, std::string_view suffix) {
    if (type == "counter") return suffix == "_total" || suffix == "_created";
    const bool distribution = type == "histogram" || type == "summary";
    return distribution && suffix != "_total" && (type == "histogram" || suffix != "_bucket");
  }

  std::string_view text_;
  std::size_t at_ = 0, end_ = 0;
  Metrics metrics_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace

Result<Metrics> parse_metrics(std::string_view text, const std::string& source) {
  try {
    return Parser(text).parse();
  } catch (const BadLine& e) {
    return text_error(text, source, e.offset, e.what).advise("is this the metrics page of a server?");
  }
}

}  // namespace core
