-- `scenario.stack`: what was measured.
local info = require "host.info"
local command = require "bench.local_servers.command"
local json = require "host.json"
local log = require "host.log"
local machine = require "bench.machine"
local text = require "host.text"
local tree = require "bench.tree"

local M = {}

-- A value that may be shown; a mere quantity (`--time-per-token 50us`) is no secret.
local function shown(name, value)
  if log.is_secret(name, value) and not value:find "^[%d.]+%a*$" then return "***" end
  return log.redact(value)
end

-- Arguments as the report wants them: `--flag` -> value, words without a flag under their place.
local function arguments(argv, first)
  local map, flag = json.object {}, nil
  for i = first, #argv do
    local word = argv[i]
    local name, value = word:match("^(%-%-[^=]+)=(.*)$")
    if name then
      map[name], flag = shown(name, value), nil
    elseif word:find("^%-%a") or word:find("^%-%-") then
      map[word], flag = json.null, word
    elseif flag then
      map[flag], flag = shown(flag, word), nil
    else
      map[tostring(i - 1)] = log.redact(word)
    end
  end
  return map
end

local function native_of(stack, argv, first)
  local variables = tree.at(stack.config, "local", "env")
  local envars = nil
  if type(variables) == "table" then
    envars = json.object {}
    for _, name in ipairs(json.keys(variables)) do envars[name] = shown(name, tostring(variables[name])) end
  end
  return { args = arguments(argv, first), envars = envars }
end

-- Name and version of the program, and where its arguments begin.
local function program_of(argv)
  local name = argv[1]:match("([^/]+)$")
  if name == info.name and argv[2] then return name .. " " .. argv[2], info.version, 3 end
  return name, "", 2
end

-- A model server on this machine. Without an accelerator of its own it runs on the processors.
local function local_server(stack)
  local argv = tree.at(stack.config, "local", "command") or {}
  if type(argv) == "string" then argv = command.split(argv) or {} end
  if #argv == 0 then return nil end
  local tool, version, first = program_of(argv)
  local replicas = tree.at(stack.config, "local", "replicas")
  return {
    standardized = {
      kind = "inference_engine", tool = tool, tool_version = tree.at(stack.config, "local", "version") or version,
      role = "replica",
      replicas = type(replicas) == "number" and replicas or 1, model = { name = stack.model.name },
      accelerator = { model = machine.cpu_model(), count = 0,
        parallelism = { tp = 1, dp = 1, dp_local = 1, workers = 1, ep = 1, pp = 1 } },
    },
    native = native_of(stack, argv, first),
  }
end

-- An endpoint about which nothing else is known.
local function endpoint(stack, url)
  return {
    standardized = { kind = "generic", tool = "endpoint", tool_version = "", url = url,
      model = stack.model.name },
    native = { config = json.null },
  }
end

---The components of a stack.
---@param ctx bench.Context
---@param stack bench.plan.Stack
---@param job bench.Job
---@return table[] components
---@return string label of the one that serves requests
function M.of(ctx, stack, job)
  local component = (not ctx.url and stack.method == "local" and local_server(stack))
    or endpoint(stack, job.endpoint and job.endpoint.url or ctx.url)
  component.metadata = { schema_version = "0.0.1", label = stack.name,
    cfg_id = text.sha256(json.encode(component.native, { sort_keys = true })) }
  return { component }, stack.name
end

return M
