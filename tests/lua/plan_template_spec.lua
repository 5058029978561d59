local t = require "bench.test"
local template = require "bench.plan.template"

local function render(source, vars) return template.render(source, vars or { base_dir = "/b" },
  { file = "s.j2" }) end

local function refused(pattern, source)
  local err = t.fails("invalid", render(source))
  t.match(pattern, err.message)
  t.ok(err.hint)
  return err
end

t.describe("bench.plan.template", function()
  t.it("puts variables in, whatever the blanks", function()
    t.eq("p: /b/x and /b", t.ok(render "p: {{ base_dir }}/x and {{base_dir}}"))
  end)

  t.it("sets names and keeps a default for a missing one", function()
    t.eq("x: /b", t.ok(render "{% set base_dir = base_dir | default('../') -%}\n\n  x: {{ base_dir }}"))
    t.eq("x: ../", t.ok(render("{% set base_dir = base_dir | default('../') %}\nx: {{ base_dir }}", {})))
    t.eq("/b", t.ok(render "{{ other | default(base_dir) }}"))
    t.eq("e", t.ok(render("{{ base_dir | default('e', true) }}", { base_dir = "" })))
    t.eq("", t.ok(render("{{ base_dir | default('e') }}", { base_dir = "" })))
  end)

  t.it("treats white space as trim_blocks and lstrip_blocks do", function()
    t.eq("a\nb", t.ok(render "a\n   {% set x = 'q' %}\nb\n"))
    t.eq("a\n\nb\n", t.ok(render "a\n{# note #}\n\nb\n\n"))
    t.eq("ab", t.ok(render "a \n {%- set x = 'q' -%} \n b"))
    t.eq("  /b\n", t.ok(render "  {{ base_dir }}\n\n"))
    t.eq("a {", t.ok(render "a {"))
  end)

  t.it("refuses what it does not know, with the place", function()
    local err = refused("s.j2:2: the statement '{%% if x %%}' is not supported", "a\n{% if x %}b{% endif %}")
    t.eq(2, err.line)
    refused("the filter 'upper' is not supported", "{{ base_dir | upper }}")
    refused("did you mean 'base_dir'", "{{ basedir }}")
    refused("is not closed", "{{ base_dir ")
    refused("cannot read '.x'", "{{ base_dir.x }}")
    refused("is not supported here", "{{ 1 + 2 }}")
  end)
end)
