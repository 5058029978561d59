--- kubectl against the API server that tests/cluster/run started.
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local t = require "bench.test"

local M = {}

-- What the manifests refer to and what a whole cluster would have: there is nobody here who makes service accounts.
local SURROUNDINGS = [[
{apiVersion: v1, kind: Namespace, metadata: {name: llmdbench}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: openshift-monitoring}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: llmdbench}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: inference-perf-runner, namespace: llmdbench}}
---
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: nvidia-legacy}, handler: nvidia}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: nightly-gpu-critical}, value: 1000}
]]

---Runs kubectl; a failure of kubectl is a result, too.
---@param args string[]
---@param stdin? string
---@return table result as of exec.run
function M.kubectl(args, stdin)
  local kube = t.ok(env.get "LLMDBENCH_TEST_KUBE", "LLMDBENCH_TEST_KUBE is not set: use tests/cluster/run")
  return t.ok(exec.run({ kube, "kubectl", unpack(args) }, { stdin = stdin, timeout_s = 60 }))
end

local function must(args, stdin)
  local result = M.kubectl(args, stdin)
  t.eq(0, result.exit_code, table.concat(args, " ") .. "\n" .. result.stderr)
end

local is_prepared = false

---Puts the foreign kinds and the surroundings into the cluster, once.
function M.prepare()
  if is_prepared then return end
  for _, folder in ipairs { info.home .. "/tests/cluster/crds", env.get "LLMDBENCH_TEST_DEFINITIONS" } do
    must { "create", "-f", folder }
  end
  must { "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all" }
  must({ "create", "-f", "-" }, SURROUNDINGS)
  is_prepared = true
end

---Asks the server whether it would take the objects; nothing is stored. Unknown and double fields are refused.
---@param texts string[] YAML or JSON
---@return string[] accepted `kind/name`
---@return string complaints "" if all are accepted
function M.check(texts)
  local dir = t.tempdir()
  for i, text in ipairs(texts) do t.ok(fs.write(("%s/%03d.yaml"):format(dir, i), text)) end
  local result = M.kubectl { "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict",
    "-o", "name", "-f", dir }
  local accepted = {}
  for name in result.stdout:gmatch "[^\n]+" do accepted[#accepted + 1] = name end
  local complaints = result.exit_code == 0 and "" or (result.stderr:gsub(dir .. "/", ""))
  return accepted, complaints
end

---The same for one object as a table.
---@param object table
---@return string complaints
function M.check_object(object)
  local _, complaints = M.check { json.encode(object) }
  return complaints
end

return M
