---What the nodes of the cluster offer: accelerators, networks, and the labels of their GPUs.
---@class bench.plan.resolve.cluster
local M = {}

local json = require "host.json"
local lookup = require "bench.plan.resolve.lookup"

local TIMEOUT_S = 30

local ACCELERATORS = { "nvidia.com/gpu", "amd.com/gpu", "habana.ai/gaudi", "google.com/tpu", "intel.com/gpu",
  "gpu.intel.com/i915", "gpu.intel.com/xe" }
local NETWORKS = { "rdma/rdma_shared_device_a", "rdma/hca_shared_devices_a", "nvidia.com/hostdev", "rdma/roce_gdr",
  "rdma/ib" }
local GPU_LABELS = { "nvidia.com/gpu.product", "gpu.nvidia.com/class", "cloud.google.com/gke-accelerator" }
M.ACCELERATORS, M.NETWORKS, M.GPU_LABELS = ACCELERATORS, NETWORKS, GPU_LABELS

---@class bench.plan.resolve.Scan
---@field accelerators string[] sorted
---@field networks string[] sorted
---@field labels { key: string, values: string[] }[] in the order in which they were found
---@field nodes integer

local function sorted(set)
  local list = {}
  for key in pairs(set) do list[#list + 1] = key end
  table.sort(list)
  return list
end

local function map_at(tree, ...)
  for _, key in ipairs { ... } do
    tree = type(tree) == "table" and rawget(tree, key) or nil
  end
  return type(tree) == "table" and tree or {}
end

local function is_ready(node)
  for _, condition in ipairs(map_at(node, "status", "conditions")) do
    if condition.type == "Ready" then return condition.status == "True" end
  end
  return true
end

local function add_resources(node, names, found)
  local capacity = map_at(node, "status", "capacity")
  for _, name in ipairs(names) do
    local amount = rawget(capacity, name)
    if amount ~= nil and amount ~= json.null and tostring(amount) ~= "0" and amount ~= "" then found[name] = true end
  end
end

local function add_labels(node, order, values)
  local labels = map_at(node, "metadata", "labels")
  for _, key in ipairs(GPU_LABELS) do
    local value = rawget(labels, key)
    if type(value) == "string" and value ~= "" then
      if not values[key] then
        values[key] = {}
        order[#order + 1] = key
      end
      values[key][value] = true
    end
  end
end

---What nodes offer, from the answer of `kubectl get nodes -o json`. Nodes that are not ready do not count.
---@param tree table
---@return bench.plan.resolve.Scan
function M.scan(tree)
  local accelerators, networks, order, values, count = {}, {}, {}, {}, 0
  for _, node in ipairs(map_at(tree, "items")) do
    if is_ready(node) then
      count = count + 1
      add_resources(node, ACCELERATORS, accelerators)
      add_resources(node, NETWORKS, networks)
      add_labels(node, order, values)
    end
  end
  local labels = {}
  for i, key in ipairs(order) do labels[i] = { key = key, values = sorted(values[key]) } end
  return { accelerators = sorted(accelerators), networks = sorted(networks), labels = labels, nodes = count }
end

-- KUBECONFIG may name several files, --kubeconfig only one.
local function is_list(kubeconfig) return kubeconfig ~= nil and kubeconfig:find(":", 1, true) ~= nil end

local function command(opts)
  local argv = { "kubectl", "get", "nodes", "-o", "json", "--request-timeout=20s" }
  if opts.kubeconfig and not is_list(opts.kubeconfig) then
    argv[#argv + 1] = "--kubeconfig"
    argv[#argv + 1] = opts.kubeconfig
  end
  if opts.context then
    argv[#argv + 1] = "--context"
    argv[#argv + 1] = opts.context
  end
  return argv
end

local function ask(opts)
  local argv = command(opts)
  local how = { timeout_s = TIMEOUT_S, env = is_list(opts.kubeconfig) and { KUBECONFIG = opts.kubeconfig } or nil }
  local out, reason, missing = lookup.run(argv, how)
  if missing then
    argv[1] = "oc"
    local also_missing
    out, reason, also_missing = lookup.run(argv, how)
    if also_missing then reason = "neither kubectl nor oc is installed" end
  end
  if not out then return nil, reason end
  local tree = json.decode(out)
  if type(tree) ~= "table" then return nil, argv[1] .. " did not answer with JSON" end
  return M.scan(tree)
end

---What the cluster offers, asked once per command.
---@async
---@param state bench.plan.resolve.Lookup
---@return bench.plan.resolve.Scan? scan
---@return string? reason
function M.offers(state)
  local quiet = state:quiet()
  if quiet then return nil, quiet end
  local where = (state.opts.kubeconfig or "") .. " " .. (state.opts.context or "")
  return state:once("nodes " .. where, function() return ask(state.opts) end)
end

return M
