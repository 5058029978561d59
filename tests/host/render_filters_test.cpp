// Built-in filters, tests and global functions of templates; the expected texts are what Jinja2 3.1 writes.
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "render_support.hpp"

namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

void check(const Rows& rows) {
  for (const auto& [text, expected] : rows) {
    const auto result = render_test::render(text);
    INFO(text);
    if (!result) FAIL(result.error().message);
    CHECK(*result == expected);
  }
}

}  // namespace

// clang-format off
TEST_CASE("filters on text", "[render]") {
  check({
      {R"({{ 'éßX'|upper }}|{{ 'ÉΣΑΣ'|lower }}|{{ 'hELLO wORLD'|capitalize }}|{{ 'ﬁne'|upper }})",
       R"(ÉSSX|éσας|Hello world|FINE)"},
      {R"({{ "foo bar-baz (qux) <x 'it''s" |title }}|{{ "they're bill's"|title }})",
       R"(Foo Bar-Baz (Qux) <X 'it''s|They're Bill's)"},
      {R"({{ '  x '|trim }}|{{ 'xxaxx'|trim('x') }}|{{ 'é a é'|trim('é') }}|{{ 5|trim }})",
       R"(x|a| a |5)"},
      {R"([{{ 'ab'|center(5) }}][{{ 'abc'|center(6) }}][{{ 'é'|center(4) }}])",
       R"([  ab ][ abc  ][ é  ])"},
      {R"({{ 'aaa'|replace('a','b',2) }}|{{ 'abc'|replace('','-') }}|{{ 5|replace('5','6') }})",
       R"(bba|-a-b-c-|6)"},
      {R"({{ 'a\nb\n\nc\n'|indent(2) }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent('> ', blank=true) }}|{{ ''|indent }})",
       "a\n  b\n\n  c\n|  a\n  b|a\n> \n> b|"},
      {R"({{ 'foo bar baz qux'|truncate(9) }}|{{ 'foo bar baz qux'|truncate(9, true) }}|{{ 'foo bar baz qux'|truncate(11) }}|{{ 'foo bar baz qux'|truncate(11, false, '..', 0) }})",
       R"(foo...|foo ba...|foo bar baz qux|foo bar..)"},
      {R"({{ '<a href="x">&\'</a>'|e }}|{{ '<b>'|safe|e }}|{{ '<b>'|e|forceescape }}|{{ 5|e }})",
       R"(&lt;a href=&#34;x&#34;&gt;&amp;&#39;&lt;/a&gt;|<b>|&amp;lt;b&amp;gt;|5)"},
      {R"({{ '<p class="x">Hi <!-- c --> &amp; <b>you</b> &lt;3 &eacute;&#65;&#x42;&notanentity; &copy 5</p>'|striptags }})",
       R"(Hi & you <3 éAB¬anentity; © 5)"},
      {R"({{ {'class': 'a b', 'id': none, 'x': 1, 'y': '<">'}|xmlattr }}|{{ {'a': 1}|xmlattr(false) }})",
       R"( class="a b" x="1" y="&lt;&#34;&gt;"|a="1")"},
      {R"({{ 'one two-three, vier_5 été'|wordcount }}|{{ ''|wordcount }})",
       R"(5|0)"},
      {R"({{ 0|filesizeformat }} {{ 1|filesizeformat }} {{ 999|filesizeformat }} {{ 1000|filesizeformat }} {{ 123456789|filesizeformat }} {{ 123456789|filesizeformat(true) }} {{ '300'|filesizeformat }} {{ 1e30|filesizeformat }})",
       R"(0 Bytes 1 Byte 999 Bytes 1.0 kB 123.5 MB 117.7 MiB 300 Bytes 1000000.0 YB)"},
      {R"({{ 'a b/c?d=é&~'|urlencode }}|{{ {'a b': 'c/d', 'x': 1}|urlencode }}|{{ [['k', 'v w']]|urlencode }}|{{ none|urlencode }})",
       R"(a%20b/c%3Fd%3D%C3%A9%26~|a+b=c%2Fd&x=1|k=v+w|None)"},
      {R"({{ 'The quick brown-fox jumps over lazydogsandcats'|wordwrap(10) }})",
       "The quick\nbrown-fox\njumps over\nlazydogsan\ndcats"},
      {R"({{ 'aaaa-bbbb cc--dd eeeeeeeeeeeeeeee'|wordwrap(6) }})",
       "aaaa-\nbbbb\ncc--dd\neeeeee\neeeeee\neeee"},
      {R"({{ 'aaaa-bbbb eeeeeeeeeeeeee'|wordwrap(6, false, break_on_hyphens=false) }})",
       "aaaa-bbbb\neeeeeeeeeeeeee"},
      {R"({{ 'one\n\ntwo three'|wordwrap(5, wrapstring='|') }})",
       R"(one||two|three)"},
      {R"({{ 'see http://example.org/a?b=c&d. and (https://x.y/z_(1)) www.foo.com foo.org, a@b.co'|urlize }})",
       R"(see <a href="http://example.org/a?b=c&amp;d" rel="noopener">http://example.org/a?b=c&amp;d</a>. and (https://x.y/z_(1)) <a href="https://www.foo.com" rel="noopener">www.foo.com</a> <a href="https://foo.org" rel="noopener">foo.org</a>, <a href="mailto:a@b.co">a@b.co</a>)"},
      {R"({{ 'http://example.org/long/path'|urlize(12, true, '_blank', 'me') }}|{{ 'mailto:a@b.c tel:123'|urlize(extra_schemes=['tel:']) }}|{{ '1.2.3.4 http://1.2.3.4:80/x <http://a.com>'|urlize }})",
       R"(<a href="http://example.org/long/path" rel="me nofollow noopener" target="_blank">http://examp...</a>|<a href="mailto:a@b.c">a@b.c</a> <a href="tel:123" rel="noopener">tel:123</a>|1.2.3.4 <a href="http://1.2.3.4:80/x" rel="noopener">http://1.2.3.4:80/x</a> &lt;<a href="http://a.com" rel="noopener">http://a.com</a>&gt;)"},
      {R"({{ '%s=%05.1f'|format('a', 3.14159) }}|{{ '%(x)s'|format(x=1) }})",
       R"(a=003.1|1)"},
      {R"({{ 'x'|string }}{{ 5|string }}{{ none|string }}|{{ '<'|e|string|e }})",
       R"(x5None|&lt;)"},
      {R"({{ {'b': [1, 'x', none, true, 1.5, '<&\'>é'], 'a': {}}|tojson }}|{{ [1, {'k': []}]|tojson(2) }})",
       "{\"a\": {}, \"b\": [1, \"x\", null, true, 1.5, \"\\u003c\\u0026\\u0027\\u003e\\u00e9\"]}|[\n  1,\n  {\n    \"k\": []\n  }\n]"},
      {R"({{ {'zeta': range(25)|list, 'alpha': 'word ' * 20, 'mid': {'k' ~ 1: ['x' * 30, 'y' * 30, 'z' * 30]}}|pprint }})",
       "{'alpha': 'word word word word word word word word word word word word word '\n          'word word word word word word word ',\n 'mid': {'k1': ['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',\n                'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy',\n                'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz']},\n 'zeta': [0,\n          1,\n          2,\n          3,\n          4,\n          5,\n          6,\n          7,\n          8,\n          9,\n          10,\n          11,\n          12,\n          13,\n          14,\n          15,\n          16,\n          17,\n          18,\n          19,\n          20,\n          21,\n          22,\n          23,\n          24]}"},
      {R"({{ [1, 2, 3]|pprint }}|{{ 'a'|pprint }}|{{ ('only' * 25,)|pprint }}|{{ ('line one\nline two\n' * 4)|pprint }})",
       "[1, 2, 3]|'a'|('onlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonlyonly',)|('line one\\n'\n 'line two\\n'\n 'line one\\n'\n 'line two\\n'\n 'line one\\n'\n 'line two\\n'\n 'line one\\n'\n 'line two\\n')"},
  });
}

TEST_CASE("filters on numbers", "[render]") {
  check({
      {R"({{ -5|abs }}{{ -2.5|abs }}{{ true|abs }})",
       R"(52.51)"},
      {R"({{ '42'|int }} {{ '0x1F'|int(base=16) }} {{ '0b11'|int(base=0) }} {{ 'x'|int }} {{ 'x'|int(7) }} {{ '3.9'|int }} {{ -3.9|int }} {{ none|int }} {{ ' 12 '|int }} {{ '1_000'|int }} {{ '1__0'|int }})",
       R"(42 31 3 0 7 3 -3 0 12 1000 0)"},
      {R"({{ '3.5'|float }} {{ 'x'|float }} {{ '1e3'|float }} {{ 'nan'|float }} {{ '-inf'|float }} {{ 2|float }} {{ '1_0.5'|float }})",
       R"(3.5 0.0 1000.0 nan -inf 2.0 10.5)"},
      {R"({{ 42.55|round }} {{ 42.55|round(1) }} {{ 42.55|round(1, 'floor') }} {{ 42.51|round(0, 'ceil') }} {{ 2.5|round }} {{ 3.5|round }} {{ 1234|round(-2) }} {{ 15.5|round(-1) }} {{ 7|round(1, 'ceil') }} {{ 1e300|round(2) }} {{ 0.125|round(2) }})",
       R"(43.0 42.5 42.5 43.0 2.0 4.0 1200 20.0 7.0 1e+300 0.12)"},
  });
}

TEST_CASE("filters on sequences", "[render]") {
  check({
      {R"({{ [3, 1, 2]|sort }} {{ ['b', 'A', 'c']|sort }} {{ ['b', 'A', 'c']|sort(case_sensitive=true) }} {{ [1, 2]|sort(reverse=true) }} {{ 'hello'|sort|join }})",
       R"([1, 2, 3] ['A', 'b', 'c'] ['A', 'b', 'c'] [2, 1] ehllo)"},
      {R"({{ [{'n': 2, 'm': 'b'}, {'n': 1, 'm': 'B'}, {'n': 0, 'm': 'a'}]|sort(attribute='m,n')|map(attribute='n')|join(',') }})",
       R"(0,1,2)"},
      {R"({{ {'b': 1, 'A': 3, 'c': 2}|dictsort }} {{ {'b': 1, 'A': 3}|dictsort(true) }} {{ {'b': 1, 'A': 3}|dictsort(by='value', reverse=true) }})",
       R"([('A', 3), ('b', 1), ('c', 2)] [('A', 3), ('b', 1)] [('A', 3), ('b', 1)])"},
      {R"({{ [1, 2, 3, 4, 5]|batch(2)|list }} {{ [1, 2, 3]|batch(2, 'x')|list }} {{ range(7)|slice(3)|list }} {{ range(7)|slice(3, 'x')|list }} {{ []|batch(3)|list }})",
       R"([[1, 2], [3, 4], [5]] [[1, 2], [3, 'x']] [[0, 1, 2], [3, 4], [5, 6]] [[0, 1, 2], [3, 4, 'x'], [5, 6, 'x']] [])"},
      {R"({{ [1, 2]|first }}{{ [1, 2]|last }}{{ 'ab'|first }}{{ {'k': 1}|last }}[{{ []|first }}][{{ []|last }}]{{ range(3)|last }})",
       R"(12ak[][]2)"},
      {R"({{ [1, 2, 3]|join }} {{ ['a', 'b']|join(', ') }} {{ [{'x': 1}, {'x': 2}]|join('-', attribute='x') }} {{ 'abc'|join('.') }} {{ [none, true]|join('/') }})",
       R"(123 a, b 1-2 a.b.c None/True)"},
      {R"({{ [1, 2, 3]|sum }} {{ [{'x': 1.5}, {'x': 2}]|sum(attribute='x') }} {{ [[1], [2]]|sum(start=[0]) }} {{ []|sum }})",
       R"(6 3.5 [0, 1, 2] 0)"},
      {R"({{ [3, 1]|max }}{{ [3, 1]|min }}{{ ['b', 'A']|min }}{{ ['b', 'A']|max }}[{{ []|max }}]{{ [{'a': 2}, {'a': 1}]|min(attribute='a') }})",
       R"(31Ab[]{'a': 1})"},
      {R"({{ 'abc'|reverse }} {{ [1, 2]|reverse|list }} {{ range(3)|reverse|list }} {{ {'a': 1, 'b': 2}|reverse|list }})",
       R"(cba [2, 1] [2, 1, 0] ['b', 'a'])"},
      {R"({{ [1, 2, 1, 'a', 'A']|unique|list }} {{ ['a', 'A']|unique(true)|list }} {{ [{'k': 1, 'v': 1}, {'k': 1, 'v': 2}]|unique(attribute='k')|list }})",
       R"([1, 2, 'a'] ['a', 'A'] [{'k': 1, 'v': 1}])"},
      {R"({{ ['a', 'b']|map('upper')|list }} {{ [{'a': {'b': [7]}}]|map(attribute='a.b.0')|list }} {{ [{}, {'x': 1}]|map(attribute='x', default='d')|list }} {{ ['a']|map('replace', 'a', 'z')|list }})",
       R"(['A', 'B'] [7] ['d', 1] ['z'])"},
      {R"({{ range(6)|select('odd')|list }} {{ range(6)|reject('divisibleby', 3)|list }} {{ [0, 1, '', 'x']|select|list }} {{ [0, 1]|reject|list }})",
       R"([1, 3, 5] [1, 2, 4, 5] [1, 'x'] [0])"},
      {R"({{ [{'a': 1}, {'a': 2}, {}]|selectattr('a')|list }} {{ [{'a': 1}, {'a': 2}]|selectattr('a', 'equalto', 2)|list }} {{ [{'a': 1}, {'b': 2}]|rejectattr('a', 'defined')|list }})",
       R"([{'a': 1}, {'a': 2}] [{'a': 2}] [{'b': 2}])"},
      {R"({% for g in [{'c': 'x', 'n': 1}, {'c': 'Y', 'n': 2}, {'c': 'X', 'n': 3}]|groupby('c') %}{{ g.grouper }}:{{ g.list|map(attribute='n')|join('+') }} {{ g[0] }}{{ g|length }};{% endfor %}{{ [{'c': 1}]|groupby('c') }})",
       R"(x:1+3 x2;Y:2 Y2;[(1, [{'c': 1}])])"},
      {R"({% for k, v in [{'c': 'x'}, {}]|groupby('c', default='none') %}{{ k }}={{ v|length }} {% endfor %})",
       R"(none=1 x=1 )"},
      {R"({{ 'abc'|list }} {{ {'a': 1}|list }} {{ 'abc'|length }}{{ {}|count }}{{ range(4)|length }}{{ 'é'|length }})",
       R"(['a', 'b', 'c'] ['a'] 3041)"},
      {R"({{ {'a': 1, 'b': 2}|items|list }} {{ missing|items|list }} {{ [[1, 2]]|map('last')|list }})",
       R"([('a', 1), ('b', 2)] [] [2])"},
      {R"({{ missing|default('d') }} {{ ''|default('d') }}[{{ ''|default('d', true) }}] {{ none|d('x') }} {{ 0|d(5, boolean=true) }} {{ 'abc'|attr('upper') is callable }}[{{ {'a': 1}|attr('a') }}])",
       R"(d [d] None 5 True[])"},
      {R"({{ ['only']|random }} [{{ []|random }}])",
       R"(only [])"},
  });
}

TEST_CASE("tests", "[render]") {
  check({
      {R"({{ x is defined }} {{ 1 is defined }} {{ x is undefined }} {{ none is none }} {{ 0 is none }})",
       R"(False True True True False)"},
      {R"({{ true is boolean }} {{ 1 is boolean }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ true is integer }} {{ 1 is integer }} {{ 1.0 is float }} {{ true is number }} {{ 'a' is string }} {{ '<'|e is escaped }})",
       R"(True False True False True False True True True True True)"},
      {R"({{ {} is mapping }} {{ [] is mapping }} {{ [] is sequence }} {{ 'a' is sequence }} {{ {} is sequence }} {{ 5 is sequence }} {{ range(2) is sequence }} {{ 5 is iterable }} {{ 'a' is iterable }} {{ x is iterable }} {{ [1]|map('upper') is iterable }} {{ {}.items() is sequence }} {{ {}.items() is iterable }})",
       R"(True False True True True False True False True True True False True)"},
      {R"({{ 4 is even }} {{ 3 is odd }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(4) }} {{ 2.0 is even }})",
       R"(True True True False True)"},
      {R"({{ 'abc' is lower }} {{ 'aBc' is lower }} {{ 'ABC' is upper }} {{ '1' is upper }} {{ 5 is lower }})",
       R"(True False True False False)"},
      {R"({{ 1 is in [1, 2] }} {{ 'a' is in 'cat' }} {{ 'k' is in {'k': 1} }} {{ 3 is not in [1] }})",
       R"(True True True True)"},
      {R"({{ 1 is eq 1 }} {{ 1 is ne 2 }} {{ 1 is lt 2 }} {{ 2 is le 2 }} {{ 3 is gt 2 }} {{ 2 is ge 3 }} {{ 'a' is equalto 'a' }} {{ 1 is sameas 1 }} {{ none is sameas none }} {{ true is sameas 1 }} {{ 1 is lessthan 2 }} {{ 1 is greaterthan 2 }})",
       R"(True True True True True False True True True False True False)"},
      {R"({{ 'upper' is filter }} {{ 'nope' is filter }} {{ 'odd' is test }} {{ 'nope' is test }} {{ range is callable }} {{ 5 is callable }} {{ x is callable }})",
       R"(True False True False True False True)"},
  });
}

TEST_CASE("global functions", "[render]") {
  check({
      {R"({{ range(3)|list }} {{ range(1, 10, 3)|list }} {{ range(5, 0, -2)|list }} {{ range(0)|list }} {{ range(2, 5) }} {{ range(0, 10, 2)[1:3]|list }} {{ 4 in range(0, 10, 2) }} {{ range(10)[-1] }})",
       R"([0, 1, 2] [1, 4, 7] [5, 3, 1] [] range(2, 5) [2, 4] True 9)"},
      {R"({{ dict(a=1, b=2) }} {{ dict({'x': 1}, y=2) }} {{ dict([('a', 1), ['b', 2]]) }} {{ dict() }})",
       R"({'a': 1, 'b': 2} {'x': 1, 'y': 2} {'a': 1, 'b': 2} {})"},
      {R"({% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }})",
       R"(ababNonea)"},
      {R"({% set j = joiner('|') %}{{ j() }}{{ j() }}{{ j() }} {% set k = joiner() %}[{{ k() }}][{{ k() }}])",
       R"(|| [][, ])"},
      {R"({% set n = namespace(a=1) %}{% set n.b = 2 %}{% for i in [1, 2] %}{% set n.a = n.a + i %}{% endfor %}{{ n.a }}{{ n.b }}{{ n.c is defined }}{{ n['a'] }})",
       R"(42False4)"},
      {R"({{ lipsum(2, false, 5, 8)|length > 20 }} {{ lipsum()[:3] }} {{ lipsum(n=3)|escape == lipsum|string }})",
       R"(True <p> False)"},
  });
}
// clang-format on
