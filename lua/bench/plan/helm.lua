---Helm's view of a plan: what the modelservice chart makes of the values of each stack, rendered by helmfile
---into `plan/<stack>/helm/modelservice.yaml`. It is for reading; without helmfile the plan is complete, too.
---@class bench.plan.helm
local M = {}

local access = require "bench.plan.access"
local exec = require "host.exec"
local fs = require "host.fs"
local log = require "host.log"
local secrets = require "bench.plan.secrets"

local TIMEOUT_S = 120
local LONGEST = 200

local INPUTS = { ["10_helmfile-main.yaml"] = "helmfile.yaml", ["13_ms-values.yaml"] = "ms-values.yaml" }

-- The texts that helmfile needs, by name; nil for a stack that the chart has nothing to do with.
local function inputs_of(built, stack)
  if stack.method ~= "modelservice" or access.get(stack.config, "model_id_label", "") == "" then return nil end
  local inputs, count = {}, 0
  for _, manifest in ipairs(built.manifests[stack.name] or {}) do
    local name = INPUTS[manifest.name]
    if name and manifest.text:find("%S") then
      inputs[name], count = manifest.text, count + 1
    end
  end
  return count == 2 and inputs or nil
end

local function command(stack, folder, kubeconfig)
  local argv = { "helmfile", "--selector", "name=" .. stack.config.model_id_label .. "-ms", "template", "-f",
    folder .. "/helmfile.yaml", "--skip-schema-validation" }
  local env = kubeconfig and { KUBECONFIG = kubeconfig } or nil
  return argv, env
end

local function render(stack, inputs, folder, kubeconfig)
  local ok, err = fs.mkdir(folder)
  for name, content in pairs(inputs) do
    if ok then ok, err = fs.write(folder .. "/" .. name, content, { sync = false }) end
  end
  if not ok then return nil, err end
  local argv, env = command(stack, folder, kubeconfig)
  local result
  result, err = exec.run(argv, { timeout_s = TIMEOUT_S, env = env, read = true })
  if not result then return nil, err end
  if result.exit_code ~= 0 then
    return nil, { code = "exit", message = ("helmfile ended with %d: %s"):format(result.exit_code,
      (result.stderr:match("^%s*(.-)%s*$") or ""):sub(1, LONGEST)) }
  end
  if not result.stdout:find("%S") then return true end
  return fs.write(folder .. "/modelservice.yaml", secrets.hide(result.stdout), { sync = false })
end

---Renders the chart of every modelservice stack. What goes wrong is a warning. In a dry run, and with
---`--offline`, nothing is asked.
---@async
---@param built bench.Plan with its manifests
---@param place bench.Workspace
---@param opts { dry_run?: boolean, offline?: boolean, kubeconfig?: string }
function M.prerender(built, place, opts)
  if opts.dry_run or opts.offline or not built.manifests then return end
  local missing
  for _, stack in ipairs(built.stacks) do
    local inputs = inputs_of(built, stack)
    if inputs and missing == nil then
      missing = exec.which "helmfile" == nil
      if missing then
        log.info "helmfile is not installed: the chart of modelservice is not rendered into the plan"
      end
    end
    if inputs and not missing then
      local ok, err = render(stack, inputs, place:path("plan/" .. stack.name .. "/helm"), opts.kubeconfig)
      if not ok then log.warn("stack '" .. stack.name .. "': the chart is not in the plan: " .. err.message) end
    end
  end
end

return M
