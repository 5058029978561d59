--- Plans of the shipped specifications, sorted into what Kubernetes takes and what charts take.
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"
local t = require "bench.test"
local yaml = require "host.yaml"

local M = {}

local SPECIFICATIONS = info.home .. "/config/specification/"
local TOKEN = { ["{{secret:hf_token}}"] = "hf_test", ["{{secret:hf_token_base64}}"] = "aGZfdGVzdA==" }

---@class cluster.File
---@field name string
---@field text string secrets filled in, as `standup` does before it hands a manifest to kubectl
---@field documents table[]

---Names of all specifications that are shipped.
---@return string[]
function M.specifications()
  local names = {}
  for i, path in ipairs(fs.glob(SPECIFICATIONS .. "*/*.yaml.j2")) do
    names[i] = path:sub(#SPECIFICATIONS + 1):gsub("%.yaml%.j2$", "")
  end
  return names
end

---A specification of a scenario that is not shipped, with our defaults and templates.
---@param scenario string path
---@return string path
function M.specification_of(scenario)
  local path = t.tempdir() .. "/" .. fs.basename(scenario) .. ".j2"
  t.ok(fs.write(path, yaml.encode {
    values_file = { path = info.home .. "/config/templates/values/defaults.yaml" },
    template_dir = { path = info.home .. "/config/templates/jinja" }, scenario_file = { path = scenario } }))
  return path
end

local function variables_for(dir)
  local variables = { HOME = dir, TMPDIR = dir, PATH = dir, KUBECONFIG = dir .. "/none", HF_TOKEN = "hf_test" }
  for name in pairs(env.all()) do
    if name:find "^LLMDBENCH_" then variables[name] = false end
  end
  return variables
end

local function read(path)
  local text = t.ok(fs.read(path)):gsub("{{secret:[%w_]+}}", TOKEN)
  local documents = {}
  for _, document in ipairs(t.ok(yaml.decode_all(text, { file = path }))) do
    if type(document) == "table" then documents[#documents + 1] = document end
  end
  return { name = fs.basename(path), text = text, documents = documents }
end

---Plans a specification on a machine without tools.
---@param name string
---@param ... string further arguments of `plan`
---@return { name: string, config: table, files: cluster.File[] }[] stacks the files that hold something
function M.plan(name, ...)
  local dir = t.tempdir()
  local argv = { info.executable, "--spec", name, "--workspace", dir .. "/ws", "plan", ... }
  local result = t.ok(exec.run(argv, { cwd = dir, env = variables_for(dir), timeout_s = 60 }))
  t.eq(0, result.exit_code, result.stdout .. result.stderr)
  local stacks = {}
  for _, path in ipairs(fs.glob(dir .. "/ws/latest/plan/*/config.yaml")) do
    local folder = fs.parent(path)
    local stack = { name = fs.basename(folder), config = t.ok(yaml.load(path)), files = {} }
    for _, file in ipairs(fs.glob(folder .. "/[0-9]*.yaml")) do
      local content = read(file)
      if #content.documents > 0 then stack.files[#stack.files + 1] = content end
    end
    stacks[#stacks + 1] = stack
  end
  return stacks
end

-- Keys at the top of what is no manifest: values of charts, by the number of the template, and helmfiles.
local HELMFILE = { "helmDefaults", "repositories", "releases" }
local VALUES = {
  ["09"] = HELMFILE,
  ["10"] = HELMFILE,
  ["11"] = { "gateway", "provider" },
  ["12"] = { "inferenceExtension", "inferencePool", "provider" },
  ["13"] = { "common", "fullnameOverride", "serviceAccountOverride", "schedulerName", "modelArtifacts", "multinode",
    "accelerator", "dra", "tracing", "routing", "requester", "decode", "prefill", "extraObjects" },
  ["19"] = { "controller", "wva", "llmd", "va", "hpa", "vllmService" },
  ["21"] = { "prometheus", "rules", "replicas", "logLevel", "tls", "extraVolumes", "extraVolumeMounts", "extraArguments",
    "securityContext", "podSecurityContext" },
  ["26"] = HELMFILE,
}

---What may stand at the top of a file that is not for Kubernetes itself; nil for a manifest.
---@param file cluster.File
---@return table<string, true>?
function M.value_keys(file)
  local keys = VALUES[file.name:match "^%d+"]
  if not keys or file.name:match "^%d+%a" then return nil end
  local set = {}
  for _, key in ipairs(keys) do set[key] = true end
  return set
end

return M
