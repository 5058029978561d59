#!/usr/bin/env llmdbenchmark
-- host.render: Jinja2 templates, with variables from YAML, a filter of one's own, and errors that name their place.
local render, yaml = require "host.render", require "host.yaml"

local values = assert(yaml.decode "replicas: 2\nlabels: {app: demo, tier: null}\n")
local manifest = [[
replicas: {{ replicas * 2 }}
labels:
{% for key, value in labels.items() if value is not none %}
  {{ key }}: {{ value | shout }}
{% endfor %}
]]
local opts = { name = "demo.yaml.j2", trim_blocks = true, filters = { shout = function(text) return text:upper() .. "!" end } }
io.write(assert(render.text(manifest, values, opts)), "\n")

-- Read once, rendered often.
local variables = render.variables(values)
for _, source in ipairs { "{{ labels | length }} labels", "{{ labels.app.nothing.here }}" } do
  local text, err = render.text(source, variables, { name = "line" })
  print(text or err.class .. " at " .. err.message)
end
