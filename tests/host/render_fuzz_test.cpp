// Damaged and random templates with random contexts: each is rendered or refused, within its limits. Meant
// for the sanitizers; bounded and repeatable.
#include <cstdlib>

#include "catch.hpp"
#include "core/render/engine.hpp"
#include "core/utf8.hpp"
#include "mutator.hpp"

namespace {

using core::render::Value;
using core::render::Values;

constexpr int kRounds = 6000;

const std::vector<std::string> kTemplates = {
    "{% for x in a recursive %}{{ loop.index ~ loop.cycle('p', 'q') }}{{ x }}{% if x.c %}{{ loop(x.c) }}{% "
    "endif %}"
    "{% else %}none{% endfor %}",
    "{% macro m(p, q=1, *r) %}{{ p }}{{ q|upper }}{{ varargs }}{{ kwargs }}{{ caller() }}{% endmacro %}"
    "{% call(z) m(a, 2, k=3) %}{{ z }}{% endcall %}",
    "{% extends 'base' %}{% block one %}{{ super() }}{{ self.two() }}{% endblock %}{% block two scoped %}x{% "
    "endblock %}",
    "{% import 'lib' as l with context %}{{ l.f(a)|d('x', true) }}{% from 'lib' import f as g, v %}{{ g(b) ~ "
    "v }}",
    "{% set n = namespace(x=0) %}{% for k, v in d.items() if k %}{% set n.x = n.x + loop.index %}{% endfor "
    "%}{{ n.x }}",
    "{% include ['nope', 'part'] ignore missing %}{% include 'part' without context %}{% with a = 1, b %}{{ "
    "a }}{% endwith %}",
    "{% filter upper|indent(2) %}a\n b{% endfilter %}{% raw %}{{ x }}{% endraw %}{# c #}{%- do l.append(1) "
    "-%}{{ l }}",
    "{% set x %}{% autoescape true %}{{ '<' ~ a|safe }}{% endautoescape %}{% endset %}{{ "
    "x|e|striptags|urlize }}",
    "{{ '%5.2f|%s|%(k)s' % (1.5, a) }}{{ '{:>{}}|{0!r:^9}|{x.y[0]}'.format(a, 5, x=d) }}{{ a[1:-1:2] }}{{ 1 "
    "< 2 <= 3 }}",
    "{{ l|groupby('k')|map(attribute='list.0')|list }}{{ l|sort(attribute='a,b', "
    "reverse=true)|unique|batch(3, '-')|list }}",
    "{{ d|dictsort(by='value')|tojson(2) }}{{ d|xmlattr }}{{ d|pprint }}{{ l|sum(start=1) }}{{ "
    "l|slice(3)|list }}",
    "{{ a|wordwrap(5)|truncate(9, false, '..')|center(30)|title|wordcount }}{{ (a ~ b)|replace('a', "
    "'bb')|urlencode }}",
    "{{ l|selectattr('k', 'gt', 1)|rejectattr('k')|map('upper')|join(',') }}{{ a is divisibleby 3 or b is "
    "not in l }}",
    "{% for i in range(9) %}{% if loop.changed(i // 2) %}{% continue %}{% endif %}{% if i > 5 %}{% break "
    "%}{% endif %}"
    "{{ loop.previtem }}{% endfor %}{{ lipsum(1, min=1, max=3)|length }}{{ cycler(1, 2).next() }}{{ "
    "joiner()() }}",
    "{{ a.split(',', 1) + [b.title()] }}{{ l.pop() }}{{ d.update(a=1) }}{{ d }}{{ -2 ** 2 // 3 % 5 }}{{ 1 if "
    "a else 2 }}",
    "{{ d|toyaml(indent=2) }}{{ a|model_id_label('n') }}{{ a|b64encode|b64pad }}{{ raise('no') if a == 'x' "
    "}}",
};

const std::vector<std::string> kSpice = {"{{",
                                         "}}",
                                         "{%",
                                         "%}",
                                         "{#",
                                         "#}",
                                         "{%-",
                                         "-%}",
                                         "+%}",
                                         "|",
                                         ".",
                                         "[",
                                         "]",
                                         "(",
                                         ")",
                                         "(*",
                                         "(**",
                                         ",",
                                         ":",
                                         "=",
                                         "'",
                                         "\"",
                                         "\\",
                                         "\n",
                                         " in ",
                                         " is ",
                                         " not ",
                                         " and ",
                                         " if ",
                                         " else ",
                                         "~",
                                         "//",
                                         "**",
                                         "%",
                                         "-",
                                         "==",
                                         "<",
                                         "{% endfor %}",
                                         "{% endif %}",
                                         "{% else %}",
                                         "{% for x in l %}",
                                         "{% set x = ",
                                         "{% macro m(",
                                         "{% endmacro %}",
                                         "|list",
                                         "|map('",
                                         "|join",
                                         "|int",
                                         "|format(",
                                         "loop.",
                                         "self.",
                                         "caller()",
                                         "super()",
                                         "range(",
                                         "99999999999",
                                         "1e308",
                                         "0x",
                                         "1_0",
                                         "none",
                                         "[[[[",
                                         "{'a': ",
                                         "\xC3\xA9",
                                         "\xF0\x9F\x98\x80",
                                         "\xFF",
                                         "\xE2\x80\xA8",
                                         "{% include 'self' %}",
                                         "{% import 'self' as s %}",
                                         "{% extends 'self' %}",
                                         " * 1000000",
                                         "|center(999999999)"};

/// Random plain values, circles included.
class Contexts {
 public:
  explicit Contexts(unsigned seed) : random_(seed) {}

  Value next() {
    Value context = Value::dict();
    for (const char* name : {"a", "b", "d", "l", "x"}) context.as_dict().set(name, value(0));
    if (random_() % 2) context.as_dict().set("d", dict(0));
    if (random_() % 2) context.as_dict().set("l", list(0));
    if (random_() % 20 == 0) {
      Value circle = list(1);
      circle.items().push_back(circle);
      context.as_dict().set("l", circle);
    }
    return context;
  }

 private:
  Value list(int depth) {
    Values items;
    for (auto n = random_() % 5; n > 0; --n) items.push_back(value(depth + 1));
    return random_() % 3 ? Value::list(std::move(items)) : Value::tuple(std::move(items));
  }
  Value dict(int depth) {
    Value made = Value::dict();
    for (auto n = random_() % 5; n > 0; --n)
      made.as_dict().set(random_() % 4 ? scalar() : Value("k"), value(depth + 1));
    return made;
  }
  Value scalar() {
    static const std::vector<std::string> texts = {"",      "a", "k",         "items",  "<b>",
                                                   "a,b c", "5", "d\xC3\xA9", "\xFF\n", "%s {}"};
    switch (random_() % 6) {
      case 0:
        return static_cast<std::int64_t>(random_()) - 2147483648LL;
      case 1:
        return INT64_MAX - static_cast<std::int64_t>(random_() % 2);
      case 2:
        return random_() % 2 == 0;
      case 3:
        return static_cast<double>(random_()) / 7 * (random_() % 9 ? 1.0 : 1e300);
      case 4:
        return Value::none();
      default:
        return texts[random_() % texts.size()];
    }
  }
  Value value(int depth) {
    const auto kind = random_() % 10;
    if (depth < 3 && kind < 3) return list(depth);
    if (depth < 3 && kind < 6) return dict(depth);
    return scalar();
  }

  std::mt19937 random_;
};

core::render::Options options(unsigned round) {
  core::render::Options made;
  made.trim_blocks = round % 2;
  made.lstrip_blocks = round % 3 == 0;
  made.keep_trailing_newline = round % 5 == 0;
  made.autoescape = round % 7 == 0;
  if (round % 11 == 0) made.undefined = core::render::UndefinedKind::kStrict;
  if (round % 13 == 0) made.undefined = core::render::UndefinedKind::kChainable;
  made.limits = {
      .depth = 40, .output_bytes = 1 << 20, .memory_bytes = 8 << 20, .iterations = 5000, .steps = 50000};
  return made;
}

void check_error(const core::Error& error) {
  CHECK((error.code == "invalid" || error.code == "not_found"));
  CHECK_FALSE(error.message.empty());
  CHECK(core::find_invalid_utf8(error.message) == std::string::npos);
  CHECK(error.facts.contains("class"));
}

}  // namespace

TEST_CASE("damaged templates with random contexts are rendered or refused", "[render]") {
  const char* given = std::getenv("LLMDBENCH_FUZZ_SEED");  // to look further than every run does
  const auto seed = static_cast<unsigned>(given ? std::atoi(given) : 7);
  Mutator mutator(seed, kTemplates, kSpice);
  Contexts contexts(seed + 1);
  const auto registry = core::render::builtin_registry(false), plan = core::render::builtin_registry(true);
  for (unsigned round = 0; round < kRounds; ++round) {
    const std::string text = mutator.next();
    const core::render::Engine engine(
        options(round), round % 4 ? registry : plan,
        core::render::make_loader(
            {{"base", "<{% block one %}1{% endblock %}{% block two %}{{ a }}{% endblock %}>"},
             {"lib", "{% macro f(x) %}[{{ x }}]{% endmacro %}{% set v = 1 %}"},
             {"part", mutator.next()},
             {"self", text}},
            {}));
    INFO(text);
    const auto result = engine.render("t", text, [&] { return contexts.next(); });
    if (!result) check_error(result.error());
  }
}
