-- A driver that deploys nothing: stacks are files in a folder, results are one file each. What it did is in
-- `driver.log`. Used by specs, by the kill test and by the measurement of the program's own overhead.
local fs = require "host.fs"
local lists = require "bench.lists"
local manifest = require "bench.manifest"
local override = require "bench.plan.override"
local task = require "host.task"
local text = require "host.text"

local M = {}

local Driver = {}
Driver.__index = Driver

---@param opts { root: string, fail?: table<string, string>, pause_s?: number, no_results?: boolean, quiet?:
---  boolean }
---  fail: what -> message, e.g. `standup:one`, `run:one/slow`, `teardown:one`; pause_s: how long everything
---takes
function M.new(opts)
  return setmetatable({ opts = opts, log = {}, verdicts = {}, plans = {} }, Driver)
end

function Driver:say(...)
  if not self.opts.quiet then self.log[#self.log + 1] = table.concat({ ... }, " ") end
end

local function digest(treatment)
  local parts = {}
  for i, each in ipairs(treatment.overrides) do parts[i] = each.key .. "=" .. tostring(each.value) end
  table.sort(parts)
  return text.sha256(table.concat(parts, ","))
end

local KNOWN = { "a", "b", "rate", "load", "data" }

local function checked(treatment)
  for _, each in ipairs(treatment.overrides) do
    local first = override.split_path(each.key)[1]
    if not lists.contains(KNOWN, first) then
      return nil, { code = "invalid", message = (each.origin or "?") .. ": unknown key '" .. each.key .. "'" }
    end
  end
  return digest(treatment)
end

function Driver:plan_digest(setup) return checked(setup) end

function Driver:run_digest(run) return checked(run) end

function Driver:facts()
  return { harness = "fake", profile = "p.yaml", profile_digest = self.opts.profile_digest or "p0",
    spec = "fake/spec" }
end

function Driver:open_workspace(dir)
  dir = dir or self.opts.root .. "/run"
  local ok, err = fs.mkdir(dir)
  if not ok then return nil, err end
  self.dir = dir
  return { dir = dir }
end

function Driver:pause()
  if self.opts.pause_s then task.sleep(self.opts.pause_s) end
end

function Driver:failure(what)
  local message = self.opts.fail and self.opts.fail[what]
  if message then return { code = "exit", message = message } end
end

function Driver:open(setup)
  self:say("open", setup.name)
  local err = self:failure("open:" .. setup.name)
  if err then return nil, err end
  return { setup = setup.name, folder = "setup-treatment-" .. setup.name }
end

-- The one stack that can stand: a second standup over it is a mistake of the caller.
function Driver:standing() return self.opts.root .. "/standing" end

function Driver:standup(ctx)
  self:say("standup", ctx.setup)
  if fs.exists(self:standing()) then
    return nil, { code = "conflict", message = "something stands already" }
  end
  assert(fs.write(self:standing(), ctx.setup, { sync = false }))
  self:pause()
  local err = self:failure("standup:" .. ctx.setup)
  if err then return nil, err end
  return true
end

function Driver:smoketest(ctx)
  self:say("smoketest", ctx.setup)
  local err = self:failure("smoketest:" .. ctx.setup)
  if err then return nil, err end
  return true
end

function Driver:begin_runs() return true end

function Driver:finish_runs() return true end

function Driver:run(ctx, cell)
  self:say("run", ctx.setup .. "/" .. cell.name)
  if fs.read(self:standing()) ~= ctx.setup then
    return nil, { code = "unreachable", message = "nothing stands" }
  end
  self.serial = (self.serial or 0) + 1
  local id = ("%s-%s-%s"):format(ctx.setup, cell.name, self.opts.serial and self.opts.serial() or self.serial)
  local result = { stack = "s", id = id, dir = ("%s/results/%s_1"):format(ctx.folder, id),
    verdict = self.verdicts[cell.name] or "valid",
    stages = { { stage = 0, verdict = "valid", rate = 1, requests = 10, failures = 0, ttft_p50_s = 0.1,
      e2e_p50_s = 1 } } }
  if not self.opts.no_results then
    assert(fs.mkdir(self.dir .. "/" .. result.dir))
    assert(fs.write(self.dir .. "/" .. result.dir .. "/half.txt", "half", { sync = false }))
    self:pause()
    assert(fs.write(self.dir .. "/" .. result.dir .. "/seed.txt", tostring(cell.seed), { sync = false }))
  end
  local err = self:failure("run:" .. ctx.setup .. "/" .. cell.name)
  if err then return { result }, err end
  if not self.opts.no_results then
    result.manifest = assert(manifest.write(self.dir .. "/" .. result.dir, { seed = cell.seed }))
  end
  return { result }
end

function Driver:teardown(ctx)
  self:say("teardown", ctx.setup)
  self:pause()
  local err = self:failure("teardown:" .. ctx.setup)
  if err then return nil, err end
  assert(fs.remove(self:standing()))
  return true
end

return M
