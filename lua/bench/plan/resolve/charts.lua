---The newest version of a Helm chart, from its repository, or from those that helm already knows. Repositories
---are added to a configuration of their own: the user's is only read.
---@class bench.plan.resolve.charts
local M = {}

local fs = require "host.fs"
local json = require "host.json"
local lookup = require "bench.plan.resolve.lookup"
local versions = require "bench.plan.resolve.versions"

M.REMEDY = "install helm and allow the chart repository, or write the version instead of auto"

-- Charts that only some stacks use: what the stack must say for it.
local ONLY_FOR = {
  wva = function(state) return state:get("wva", "enabled") == true end,
  prometheusAdapter = function(state) return state:get("wva", "enabled") == true end,
  lws = function(state) return state:get("multinode", "enabled") == true end,
  agentgateway = function(state) return state:get("gateway", "className") == "agentgateway" end,
  istioBase = function(state) return state:get("gateway", "className") == "istio" end,
  istiod = function(state) return state:get("gateway", "className") == "istio" end,
}

local function plain(name) return (name:lower():gsub("[^%w]", "")) end

-- The newest of the charts in helm's answer that are called `name` (llmDInfra is llm-d-infra, too); if none
-- is, that of the only chart there is.
local function pick(text, name)
  local found = json.decode(text)
  if type(found) ~= "table" then return nil, "helm did not answer with JSON" end
  local fitting, charts = {}, {}
  for _, entry in ipairs(found) do
    local chart = tostring(rawget(entry, "name")):match "[^/]+$" or ""
    local version = rawget(entry, "version")
    if type(version) == "string" then
      charts[chart] = true
      if plain(chart) == plain(name) then fitting[#fitting + 1] = version end
    end
  end
  local only = next(charts)
  if #fitting == 0 and only and next(charts, only) == nil then fitting = { rawget(found[1], "version") } end
  local newest = versions.newest(fitting)
  if newest then return newest end
  return nil, only and "no chart there is called " .. name or "no chart found"
end

local function from_oci(url, name)
  local base = url:gsub("/+$", "")
  local last = base:match "[^/]+$"
  local chart = plain(last) == plain(name) and base or base .. "/" .. name
  local out, reason = lookup.run { "helm", "show", "chart", chart }
  if not out then return nil, reason end
  local version = ("\n" .. out):match "\nversion:%s*[\"']?([^%s\"']+)"
  if not version then return nil, "helm showed no version of " .. chart end
  return version
end

local function from_repository(url, name)
  local folder, err = fs.tempdir "helm"
  if not folder then return nil, err.message end
  local env = { HELM_REPOSITORY_CONFIG = folder .. "/repositories.yaml", HELM_REPOSITORY_CACHE = folder .. "/cache" }
  local out, reason = lookup.run({ "helm", "repo", "add", "llmdbench", url }, { env = env })
  if out then
    out, reason = lookup.run({ "helm", "search", "repo", "llmdbench/", "--output", "json" }, { env = env })
  end
  fs.remove_tree(folder)
  if not out then return nil, reason end
  return pick(out, name)
end

local function from_known(name)
  local out, reason = lookup.run { "helm", "search", "repo", name, "--output", "json" }
  if not out then return nil, reason end
  return pick(out, name)
end

---The newest version of a chart.
---@async
---@param state bench.plan.resolve.Lookup
---@param name string of the chart
---@param url? string `oci://...`, or the address of a repository
---@return string? version
---@return string? reason
function M.newest(state, name, url)
  local quiet = state:quiet()
  if quiet then return nil, quiet end
  return state:once("chart " .. (url or "") .. " " .. name, function()
    if not url or url == "" then return from_known(name) end
    if url:match "^oci://" then return from_oci(url, name) end
    return from_repository(url, name)
  end)
end

local function uses_charts(state)
  if state:get("standalone", "enabled") == true then return false end
  return state:get("modelservice", "enabled") == true or state:get("fma", "enabled") ~= true
end

local function needed(state, key)
  if not uses_charts(state) then return false end
  return not ONLY_FOR[key] or ONLY_FOR[key](state)
end

local function resolve_one(state, key)
  local name = state:get("helmRepositories", key, "name")
  local url = state:get("helmRepositories", key, "url")
  if type(name) ~= "string" or name == "" then name = key end
  local version, reason = M.newest(state, name, type(url) == "string" and url or nil)
  if version then
    state:set({ "chartVersions", key }, version, "auto: newest chart " .. name .. (url and " of " .. url or ""))
  else
    state:unresolved("chartVersions." .. key, "chart " .. name .. ": " .. reason, M.REMEDY)
  end
end

---Replaces the versions `auto` of the charts that the stack uses, and `gateway.version`.
---@async
---@param state bench.plan.resolve.Lookup
function M.resolve(state)
  local charts = state:get "chartVersions"
  for _, key in ipairs(type(charts) == "table" and json.keys(charts) or {}) do
    if rawget(charts, key) == "auto" and needed(state, key) then resolve_one(state, key) end
  end
  if state:get("gateway", "version") ~= "auto" then return end
  local istiod = state:get("chartVersions", "istiod")
  if type(istiod) == "string" and istiod ~= "auto" then
    state:set({ "gateway", "version" }, istiod, "chartVersions.istiod")
  else
    state:unresolved("gateway.version", "chartVersions.istiod is not known either", "write the version of istio")
  end
end

return M
