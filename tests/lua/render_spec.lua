local t = require "bench.test"
local fs = require "host.fs"
local json = require "host.json"
local render = require "host.render"

local function text(source, context, opts)
  return assert(render.text(source, context, opts))
end

local function failure(source, context, opts)
  local out, err = render.text(source, context, opts)
  t.eq(out, nil)
  return err
end

t.describe("values in templates", function()
  t.it("tells the last item of a loop with a condition", function()
    t.eq("a,c", render.text("{% for k, v in d.items() if v %}{{ k }}{{ ',' if not loop.last }}{% endfor %}",
      { d = { a = 1, b = "", c = 2, d = "" } }))
  end)

  t.it("print as Python prints them", function()
    t.eq(text("{{ a }} {{ b }} {{ c }} {{ d }}", { a = true, b = json.null, c = 0.95, d = { 1, "x" } }),
      "True None 0.95 [1, 'x']")
    t.eq(text("{{ big }} {{ 1.0 }} {{ 1e16 }}", { big = 2 ^ 40 }), "1099511627776 1.0 1e+16")
  end)

  t.it("keep the order of keys", function()
    local context = assert(json.decode('{"m": {"z": 1, "a": 2}}'))
    t.eq(text("{{ m }}{% for k, v in m.items() %} {{ k }}={{ v }}{% endfor %}", context), "{'z': 1, 'a': 2} z=1 a=2")
  end)

  t.it("are not changed for the caller", function()
    local context = { list = json.list { 1 } }
    t.eq(text("{% do list.append(2) %}{{ list }}", context), "[1, 2]")
    t.eq(context.list, { 1 })
  end)

  t.it("may be left out altogether", function()
    t.eq(text("{{ x }}|{{ x|default('y') }}"), "|y")
    t.eq(text("{{ x }}", {}), "")
  end)
end)

t.describe("options", function()
  t.it("trim blocks and keep the last line end", function()
    local source = "a\n  {% if true %}\nb\n  {% endif %}\nc\n"
    t.eq(text(source), "a\n  \nb\n  \nc")
    t.eq(text(source, {}, { trim_blocks = true, lstrip_blocks = true, keep_trailing_newline = true }), "a\nb\nc\n")
  end)

  t.it("choose what undefined variables do", function()
    local strict = failure("{{ missing }}", {}, { undefined = "strict" })
    t.eq(strict.class, "UndefinedError")
    t.match("'missing' is undefined", strict.message)
    t.eq(text("[{{ a.b.c }}]", {}, { undefined = "chainable" }), "[]")
    t.eq(text("{{ a }}", {}, { undefined = "debug" }), "{{ a }}")
    t.raises(function() render.text("", {}, { undefined = "strikt" }) end, "did you mean 'strict'")
  end)

  t.it("refuse what they do not know", function()
    t.raises(function() render.text("", {}, { trimblocks = true }) end, "unknown option 'trimblocks'.*trim_blocks")
    t.raises(function() render.text("", {}, { filters = { x = 1 } }) end, "'x' in option 'filters' must be a function")
    t.raises(function() render.text("", {}, { filter_set = "x" }) end, "filter_set")
    t.raises(function() render.text("", { function() end }) end, "no data form")
  end)
end)

t.describe("Lua functions", function()
  t.it("are filters, tests and globals", function()
    local opts = {
      filters = { twice = function(value, named) return value .. (named and named.sep or "") .. value end },
      tests = { long = function(value, least) return #value >= least end },
      globals = { add = function(a, b) return a + b end, version = "1.2" },
    }
    t.eq(text("{{ 'a'|twice }}{{ 'b'|twice(sep='-') }}{{ 'abc' is long(3) }}{{ add(1, 2) }}{{ version }}", {}, opts),
      "aab-bTrue31.2")
  end)

  t.it("get lists, objects and null", function()
    local seen
    local opts = { filters = { see = function(value) seen = value return "" end } }
    text("{{ {'a': [1, none], 'b': range(2)}|see }}", {}, opts)
    t.eq(seen.a, { 1, json.null })
    t.eq(seen.b, { 0, 1 })
  end)

  t.it("fail at the template's line", function()
    local err = failure("\n{{ 1|bad }}", {}, { name = "t.j2", filters = { bad = function() error("no luck", 0) end } })
    t.eq(err.class, "RuntimeError")
    t.match("^t.j2:2: bad: no luck", err.message)
  end)

  t.it("may render templates themselves", function()
    local opts = { filters = { inner = function(value) return text("<{{ v }}>", { v = value }) end } }
    t.eq(text("{% for i in [1, 2] %}{{ i|inner }}{% endfor %}{{ 3|inner }}", {}, opts), "<1><2><3>")
  end)
end)

t.describe("other templates", function()
  local files = {
    ["base.j2"] = "[{% block body %}base{% endblock %}]",
    ["macros.j2"] = "{% macro hi(name='you') %}hi {{ name }}{% endmacro %}",
    ["part.j2"] = "part of {{ whole }}",
    ["broken.j2"] = "ok\n{{ nothing.at_all }}",
    ["again.j2"] = "{% include 'again.j2' %}",
  }

  t.it("are included, imported and extended", function()
    t.eq(text("{% include 'part.j2' %}", { whole = "x" }, { files = files }), "part of x")
    t.eq(text("{% import 'macros.j2' as m %}{{ m.hi() }}{% from 'macros.j2' import hi %}{{ hi('me') }}", {},
      { files = files }), "hi youhi me")
    t.eq(text("{% extends 'base.j2' %}{% block body %}{{ super() }}+{% endblock %}", {}, { files = files }), "[base+]")
  end)

  t.it("are found in folders", function()
    local dir = t.tempdir()
    assert(fs.write(dir .. "/one.j2", "1{% include 'sub/two.j2' %}"))
    assert(fs.mkdir(dir .. "/sub"))
    assert(fs.write(dir .. "/sub/two.j2", "2"))
    t.eq(assert(render.file(dir .. "/one.j2")), "12")
    t.eq(text("{% include 'one.j2' %}", {}, { search = { dir } }), "12")
    assert(fs.write(dir .. "/sub/two.j2", "changed"))
    t.eq(assert(render.file(dir .. "/one.j2")), "1changed")
    local err = failure("{% include '../x' %}", {}, { search = { dir .. "/sub" } })
    t.eq(err.class, "TemplateNotFound")
  end)

  t.it("name the places that led to an error", function()
    local err = failure("\n{% include 'broken.j2' %}", {}, { files = files, name = "main.j2" })
    t.eq(err.code, "invalid")
    t.eq({ err.file, err.line, err.class, err.variable }, { "broken.j2", 2, "UndefinedError", "nothing" })
    t.eq(err.message, "broken.j2:2: 'nothing' is undefined (included from main.j2:2)")
    t.eq(err.stack, { "main.j2:2", "broken.j2:2" })
  end)

  t.it("may be missing", function()
    local err = failure("{% include 'no.j2' %}", {}, { files = files, name = "main.j2" })
    t.eq({ err.code, err.class }, { "not_found", "TemplateNotFound" })
    t.match("^main.j2:1: template 'no.j2' not found", err.message)
    t.eq(text("a{% include 'no.j2' ignore missing %}b", {}, { files = files }), "ab")
  end)

  t.it("may not include themselves for ever", function()
    local err = failure("{% include 'again.j2' %}", {}, { files = files })
    t.eq(err.class, "RecursionError")
  end)
end)

t.describe("errors", function()
  t.it("name file, line and class", function()
    local err = failure("a\n{% if %}", {}, { name = "x.j2" })
    t.eq({ err.code, err.file, err.line, err.class }, { "invalid", "x.j2", 2, "TemplateSyntaxError" })
    t.match("^x.j2:2: Expected an expression, got 'end of statement block'", err.message)
  end)

  t.it("suggest the variable that was meant", function()
    local err = failure("{{ namespce.x }}", { namespace_name = 1, namespaces = 2 })
    t.eq(err.variable, "namespce")
    t.match("did you mean 'namespaces'", err.hint)
  end)

  t.it("bound loops, memory and nesting", function()
    local big = failure("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}")
    t.match("limit iterations", big.message)
    t.eq(failure("{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x * 9 %}{% endfor %}").class,
      "MemoryError")
    t.eq(failure("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").class, "RecursionError")
    t.match("nested too deeply", failure("{{ " .. ("("):rep(500)).message)
  end)

  t.it("tell a file that is not there", function()
    local out, err = render.file("/nowhere/x.j2")
    t.eq({ out, err.code }, { nil, "not_found" })
  end)
end)

t.describe("the plan's environment", function()
  t.it("has its filters", function()
    local opts = render.plan_environment
    t.eq(text("{{ {'b': 1, 'a': [1]}|toyaml }}", {}, opts), "a:\n- 1\nb: 1")
    t.eq(text("{{ 'a\nb'|indent(2) }}|{{ ''|is_empty }}|{{ 'YWI'|b64pad }}", {}, opts), "a\n  b|True|YWI=")
  end)

  t.it("can give up", function()
    local err = failure("\n{{ raise('not like this') }}", {}, render.plan_environment)
    t.match(":2: not like this", err.message)
  end)

  t.it("renders many templates with variables that were read once", function()
    local context = { list = { 1 } }
    local variables = render.variables(context)
    context.list = nil
    local append = "{% set _ = list.append(2) %}{{ list }}"
    t.eq("[1, 2]", render.text(append, variables))
    t.eq("[1, 2]", render.text(append, variables))
    t.raises(function() render.variables { 1 } end, "variables need names")
  end)
end)
