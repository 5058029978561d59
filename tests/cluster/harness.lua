--- The harness pod, which the run phase renders with what only it knows.
local info = require "host.info"
local json = require "host.json"
local render = require "host.render"
local t = require "bench.test"

local M = {}

local FOLDER = info.home .. "/config/templates/jinja"
local RUNTIME = { pod_name = "llmdbench-harness-0", harness_command = "llm-d-benchmark.sh --harness=\"x\"",
  endpoint_url = "http://gateway.llmdbench.svc:80", experiment_id = "run-1", results_dir = "/requests/run-1_1",
  stack_type = "llm-d", deploy_method = "modelservice", base64_context_contents = "e30=" }

---@param config table of a stack
---@return string text
function M.pod(config)
  local context = json.decode(json.encode(config))
  for key, value in pairs(RUNTIME) do context[key] = value end
  local opts = { search = { FOLDER } }
  for key, value in pairs(render.plan_environment) do opts[key] = value end
  return t.ok(render.file(FOLDER .. "/20_harness_pod.yaml.j2", context, opts))
end

return M
