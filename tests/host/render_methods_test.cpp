// Methods of Python's values and its two ways to format; the expected texts are Python's.
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

void check_errors(const Rows& rows) {
  for (const auto& [text, type] : rows) {
    const auto result = render_test::render(text);
    INFO(text);
    REQUIRE_FALSE(result.ok());
    INFO(result.error().message);
    CHECK(result.error().facts.value("class", "") == type);
  }
}

}  // namespace

// clang-format off
TEST_CASE("methods of Python's values", "[render]") {
  check({
      {R"({{ 'a b  c'.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a b c'.split(' ', 1) }} {{ 'a b c'.rsplit(None, 1) }} {{ 'a-b-c'.rsplit('-', 1) }} {{ ' a  b '.split(maxsplit=1) }} {{ ''.split() }} {{ ''.split(',') }})",
       R"(['a', 'b', 'c'] ['a', 'b', '', 'c'] ['a', 'b c'] ['a b', 'c'] ['a-b', 'c'] ['a', 'b '] [] [''])"},
      {R"({{ 'a\nb\r\nc'.splitlines() }} {{ 'a\nb\n'.splitlines(true) }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('x') }} {{ 'abc'.rpartition('x') }})",
       R"(['a', 'b', 'c'] ['a\n', 'b\n'] ('a', '=', 'b=c') ('a=b', '=', 'c') ('abc', '', '') ('', '', 'abc'))"},
      {R"({{ ' x '.strip() }}|{{ 'xax'.strip('x') }}|{{ 'xax'.lstrip('x') }}|{{ 'xax'.rstrip('x') }}|{{ 'path/'.rstrip('/') }})",
       R"(x|a|ax|xa|path)"},
      {R"({{ 'aXb'.upper() }} {{ 'AXB'.lower() }} {{ 'aXb'.swapcase() }} {{ 'hello world'.title() }} {{ "it's ok".title() }} {{ 'ABC d'.capitalize() }} {{ 'Straße'.casefold() }} {{ 'Σας ΟΔΟΣ'.lower() }})",
       R"(AXB axb AxB Hello World It'S Ok Abc d strasse σας οδος)"},
      {R"({{ 'a'.center(4, '*') }} {{ 'a'.ljust(3, '.') }}| {{ 'a'.rjust(3) }} {{ '-5'.zfill(4) }} {{ '5'.zfill(3) }} {{ 'a\tb'.expandtabs(4) }})",
       R"(*a** a..|   a -005 005 a   b)"},
      {R"({{ 'banana'.replace('a', 'o') }} {{ 'banana'.replace('a', 'o', 1) }} {{ ','.join(['a', 'b']) }} {{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.yaml'.removesuffix('.yaml') }} {{ 'abc'.translate({97: 'x', 98: none, 99: 100}) }})",
       R"(bonono bonana a,b x x xd)"},
      {R"({{ 'banana'.find('na') }} {{ 'banana'.rfind('na') }} {{ 'banana'.find('x') }} {{ 'banana'.find('a', 2) }} {{ 'banana'.find('a', -2) }} {{ 'banana'.count('a') }} {{ 'banana'.count('') }} {{ 'banana'.index('n') }} {{ 'éa'.find('a') }})",
       R"(2 4 -1 3 5 3 7 2 1)"},
      {R"({{ 'abc'.startswith('a') }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.endswith('c') }} {{ 'abc'.startswith('b', 1) }} {{ 'abc'.endswith('b', 0, 2) }})",
       R"(True True True True True)"},
      {R"({{ 'a1'.isalnum() }} {{ 'a'.isalpha() }} {{ '12'.isdigit() }} {{ '½'.isnumeric() }} {{ '½'.isdecimal() }} {{ ' '.isspace() }} {{ 'Ab Cd'.istitle() }} {{ 'a_1'.isidentifier() }} {{ '1a'.isidentifier() }} {{ 'é'.isascii() }} {{ 'a\n'.isprintable() }} {{ 'A'.isupper() }} {{ ''.islower() }})",
       R"(True True True True False True True True False False False True False)"},
      {R"({% set l = [3, 1] %}{{ l.append(2) }}{{ l.extend([5, 4]) }}{{ l.insert(0, 9) }}{{ l }} {{ l.pop() }} {{ l.pop(0) }} {{ l.index(1) }} {{ l.count(3) }} {{ l.remove(5) }}{{ l.sort() }}{{ l }}{{ l.reverse() }}{{ l }}{{ l.copy() == l }}{{ l.clear() }}{{ l }})",
       R"(NoneNoneNone[9, 3, 1, 2, 5, 4] 4 9 1 1 NoneNone[1, 2, 3]None[3, 2, 1]TrueNone[])"},
      {R"({% set l = ['b', 'A'] %}{{ l.sort(reverse=true) }}{{ l }} {{ (1, 2, 1).count(1) }} {{ (1, 2).index(2) }} {{ [1].__len__() }} {{ [1, 2].__getitem__(1) }} {{ {'a': 1}.__contains__('a') }})",
       R"(None['b', 'A'] 2 1 1 2 True)"},
      {R"({% set d = {'a': 1} %}{{ d.get('a') }} {{ d.get('x') }} {{ d.get('x', 5) }} {{ d.setdefault('b', 2) }} {{ d.update({'c': 3}, e=4) }} {{ d.update([('f', 6)]) }} {{ d }} {{ d.pop('a') }} {{ d.pop('zz', 'none') }} {{ d.popitem() }} {{ d.keys()|list }} {{ d.values()|list }} {{ d.items()|list }} {{ d.copy() }} {{ d.fromkeys(['x'], 1) }} {{ d.clear() }} {{ d }})",
       R"(1 None 5 2 None None {'a': 1, 'b': 2, 'c': 3, 'e': 4, 'f': 6} 1 none ('f', 6) ['b', 'c', 'e'] [2, 3, 4] [('b', 2), ('c', 3), ('e', 4)] {'b': 2, 'c': 3, 'e': 4} {'x': 1} None {})"},
      {R"({{ {'a': 1}.keys() }} {{ {'a': 1}.values() }} {{ {'a': 1}.items() }} {{ {'a': 1}.items()|length }} {{ 'a' in {'a': 1}.keys() }})",
       R"(dict_keys(['a']) dict_values([1]) dict_items([('a', 1)]) 1 True)"},
      {R"({{ (5).bit_length() }} {{ (2.0).is_integer() }} {{ (1.5).hex() }} {{ (3).real }} {{ (3).imag }} {{ (7).numerator }} {{ (7).denominator }} {{ (0.1).hex() }} {{ (7).bit_count() }})",
       R"(3 True 0x1.8000000000000p+0 3 0 7 1 0x1.999999999999ap-4 3)"},
      {R"({{ '<b>'|safe ~ '<' }} {{ ('<b>'|safe).upper() }} {{ ('a'|safe).join(['<', '>'|safe]) }} {{ ('<%s>'|safe) % '<' }} {{ ('<{}>'|safe).format('<') }} {{ ('a'|safe).replace('a', '<') }})",
       R"(<b>< <B> &lt;a> <&lt;> <&lt;> &lt;)"},
  });
}

TEST_CASE("% and str.format", "[render]") {
  check({
      {R"({{ '%s %r %d %i %5d|%-5d|%05d %+d % d' % ('a', 'b', 1, 2, 3, 4, 5, 6, 7) }})",
       R"(a 'b' 1 2     3|4    |00005 +6  7)"},
      {R"({{ '%x %X %#x %o %#o' % (255, 255, 255, 8, 8) }} {{ '%e %.2E %f %.0f %g %G %#g' % (12345.678, 0.00012, 1.5, 2.5, 1e-10, 1e20, 1.0) }})",
       R"(ff FF 0xff 10 0o10 1.234568e+04 1.20E-04 1.500000 2 1e-10 1E+20 1.00000)"},
      {R"({{ '%c%c %% %5.1f|%-8s|%8s|%.2s' % ('x', 65, 3.14159, 'ab', 'cd', 'xyz') }} {{ '%(a)s-%(b)03d' % {'a': 1, 'b': 2} }} {{ '%*d|%-*d|%.*f' % (4, 1, 4, 2, 2, 3.14159) }})",
       R"(xA %   3.1|ab      |      cd|xy 1-002    1|2   |3.14)"},
      {R"({{ '%s' % [1] }} {{ '%s %s' % (none, true) }} {{ '%d' % 3.99 }} {{ '%a' % 'é日😀' }} {{ '%s' % {'k': 1} }} {{ 'no args' % {} }} {{ '%.3d' % 5 }})",
       R"([1] None True 3 '\xe9\u65e5\U0001f600' {'k': 1} no args 005)"},
      {R"({{ '{} {}'.format(1, 'a') }} {{ '{1} {0}'.format(1, 2) }} {{ '{a.real} {b[0]} {c[k]}'.format(a=5, b=[7], c={'k': 8}) }} {{ '{{}}'.format() }} {{ '{!r} {!s} {!a}'.format('é', 'é', 'é') }})",
       R"(1 a 2 1 5 7 8 {} 'é' é '\xe9')"},
      {R"({{ '{:5}|{:<5}|{:>5}|{:^5}|{:*^5}|{:05}'.format(1, 2, 3, 4, 5, 6) }} {{ '{:5}|{:>5}|{:.2}|{:^6.2}|'.format('a', 'b', 'cde', 'fgh') }})",
       R"(    1|2    |    3|  4  |**5**|00006 a    |    b|cd|  fg  |)"},
      {R"({{ '{:d} {:x} {:X} {:#x} {:o} {:b} {:#b} {:c} {:n}'.format(10, 255, 255, 255, 8, 5, 5, 65, 7) }} {{ '{:+} {: } {:-} {:+.1f} {:=+6}'.format(1, 2, 3, 4.56, 7) }})",
       R"(10 ff FF 0xff 10 101 0b101 A 7 +1  2 3 +4.6 +    7)"},
      {R"({{ '{:,} {:_} {:,.2f} {:012,} {:_x}'.format(1234567, 1234567, 9876543.21, 1234567, 123456789) }} {{ '{:e} {:.3e} {:g} {:.3g} {:%} {:.1%} {:f} {:.0f}'.format(12345.678, 0.00012, 1e10, 1234.5, 0.5, 0.123, 1.5, 0.5) }})",
       R"(1,234,567 1_234_567 9,876,543.21 0,001,234,567 75b_cd15 1.234568e+04 1.200e-04 1e+10 1.23e+03 50.000000% 12.3% 1.500000 0)"},
      {R"({{ '{:.3} {:.1} {:10.4}| {} {:} {:.10} {:.2}'.format(1234.5678, 5.0, 3.14159265, 1e16, 0.1, 0.1, 0.00001) }} {{ '{:{}}|{:{w}.{p}f}'.format('a', 5, 3.14159, w=8, p=2) }} {{ '{:5}'.format(true) }} {{ '{}'.format(none) }} {{ '{x}'.format_map({'x': 1}) }})",
       R"(1.23e+03 5e+00      3.142| 1e+16 0.1 0.1 1e-05 a    |    3.14     1 None 1)"},
      {R"({% set s = 'inf' %}{% set inf = s|float %}{{ '{} {:f} {:F} {:7.1f}|{:+}'.format(inf, inf, inf, -inf, inf) }} {{ '{:é^5}'.format('a') }} {{ '{:#.3g} {:#}'.format(1.0, 1.0) }})",
       R"(inf inf INF    -inf|+inf ééaéé 1.00 1.0)"},
  });
}

TEST_CASE("built-ins that fail raise what Python raises", "[render]") {
  check_errors({
      {R"({{ 'a'|abs }})", "TypeError"},
      {R"({{ [1, 'a']|sort }})", "TypeError"},
      {R"({{ {'a': 1}|dictsort(by='x') }})", "FilterArgumentError"},
      {R"({{ 'x'|round }})", "TypeError"},
      {R"({{ 5.5|round(1, 'up') }})", "FilterArgumentError"},
      {R"({{ 5|list }})", "TypeError"},
      {R"({{ 5|first }})", "TypeError"},
      {R"({{ [1]|map(attribute='a', nope=1)|list }})", "FilterArgumentError"},
      {R"({{ [1]|map|list }})", "FilterArgumentError"},
      {R"({{ [1]|map('nope')|list }})", "TemplateRuntimeError"},
      {R"({{ [1]|select('nope')|list }})", "TemplateRuntimeError"},
      {R"({{ [1]|selectattr|list }})", "FilterArgumentError"},
      {R"({{ ['a']|sum }})", "TypeError"},
      {R"({{ 'a'|truncate(2) }})", "AssertionError"},
      {R"({{ {'a b': 1}|xmlattr }})", "ValueError"},
      {R"({{ 5|xmlattr }})", "AttributeError"},
      {R"({{ range|tojson }})", "TypeError"},
      {R"({{ missing|tojson }})", "TypeError"},
      {R"({{ 'a'|wordwrap(0) }})", "ValueError"},
      {R"({{ 'a'|urlize(extra_schemes=['x y']) }})", "FilterArgumentError"},
      {R"({{ 'a'|center('x') }})", "TypeError"},
      {R"({{ 'a'|upper(1) }})", "TypeError"},
      {R"({{ 'a'|replace('b') }})", "TypeError"},
      {R"({{ 'a'|indent(x=1) }})", "TypeError"},
      {R"({{ [1, 2]|batch }})", "TypeError"},
      {R"({{ [1]|slice(0)|list }})", "ZeroDivisionError"},
      {R"({{ [[]]|unique|list }})", "TypeError"},
      {R"({{ 5|items|list }})", "TypeError"},
      {R"({{ 'a'|format(1, x=2) }})", "FilterArgumentError"},
      {R"({{ 5|reverse }})", "FilterArgumentError"},
      {R"({{ range(1, 2, 0) }})", "ValueError"},
      {R"({{ range() }})", "TypeError"},
      {R"({{ range('a') }})", "TypeError"},
      {R"({{ cycler() }})", "RuntimeError"},
      {R"({{ joiner(1, 2) }})", "TypeError"},
      {R"({{ namespace(1) }})", "TypeError"},
      {R"({{ dict([(1, 2, 3)]) }})", "ValueError"},
      {R"({{ dict(5) }})", "TypeError"},
      {R"({{ 'a'.split('') }})", "ValueError"},
      {R"({{ 'a'.index('b') }})", "ValueError"},
      {R"({{ 'a'.join([1]) }})", "TypeError"},
      {R"({{ 'a'.center(5, 'xy') }})", "TypeError"},
      {R"({{ 'a'.replace(1, 2) }})", "TypeError"},
      {R"({{ 'a'.startswith(1) }})", "TypeError"},
      {R"({{ 'a'.nope() }})", "UndefinedError"},
      {R"({{ [].pop() }})", "IndexError"},
      {R"({{ [1].pop(5) }})", "IndexError"},
      {R"({{ [1].index(2) }})", "ValueError"},
      {R"({{ [1].remove(2) }})", "ValueError"},
      {R"({{ {}.pop('a') }})", "KeyError"},
      {R"({{ {}.popitem() }})", "KeyError"},
      {R"({{ [1].append() }})", "TypeError"},
      {R"({{ {}.get([]) }})", "TypeError"},
      {R"({{ '%d' % 'a' }})", "TypeError"},
      {R"({{ '%s %s' % 1 }})", "TypeError"},
      {R"({{ '%s' % (1, 2) }})", "TypeError"},
      {R"({{ '%(a)s' % 5 }})", "TypeError"},
      {R"({{ '%(a)s' % {} }})", "KeyError"},
      {R"({{ '%y' % 1 }})", "ValueError"},
      {R"({{ '%' % 1 }})", "ValueError"},
      {R"({{ '%x' % 1.5 }})", "TypeError"},
      {R"({{ '%c' % 'ab' }})", "TypeError"},
      {R"({{ '%f' % 'a' }})", "TypeError"},
      {R"({{ '{}'.format() }})", "IndexError"},
      {R"({{ '{a}'.format() }})", "KeyError"},
      {R"({{ '{} {0}'.format(1, 2) }})", "ValueError"},
      {R"({{ '{'.format() }})", "ValueError"},
      {R"({{ '}'.format() }})", "ValueError"},
      {R"({{ '{:d}'.format('a') }})", "ValueError"},
      {R"({{ '{:d}'.format(1.5) }})", "ValueError"},
      {R"({{ '{:s}'.format(1) }})", "ValueError"},
      {R"({{ '{:.2}'.format(1) }})", "ValueError"},
      {R"({{ '{:,x}'.format(1) }})", "ValueError"},
      {R"({{ '{:5}'.format([]) }})", "TypeError"},
      {R"({{ '{0.nope}'.format(1) }})", "AttributeError"},
      {R"({{ '{0[5]}'.format([1]) }})", "IndexError"},
      {R"({{ '{!x}'.format(1) }})", "ValueError"},
      {R"({{ 5 is divisibleby }})", "TypeError"},
      {R"({{ 5 is divisibleby(0) }})", "ZeroDivisionError"},
      {R"({{ 'a' is odd }})", "TypeError"},
      {R"({{ 5 is in 5 }})", "TypeError"},
      {R"({{ 1 is lt 'a' }})", "TypeError"},
      {R"({{ [] is filter }})", "TypeError"},
  });
}
// clang-format on
