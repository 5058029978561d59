-- Servers that misbehave: the load ends by itself, says what happened, and its exit code says so, too.
local fs = require "host.fs"
local json = require "host.json"
local support = require "support"
local t = require "bench.test"

local PROFILE = [[
load:
  type: constant
  request_timeout: 1
  stages: [{rate: 20, duration: 1}]
api: {type: completion, streaming: true}
data:
  type: random
  input_distribution: {mean: 8, min: 8, max: 8}
  output_distribution: {mean: 8, min: 8, max: 8}
]]

local function run_against(box, url)
  local profile = box:write("profile.yaml", PROFILE)
  return box:run { "run", "--url", url, "--model", "m", "-l", "native", "-w", profile }
end

local function report_of(box)
  local files = fs.glob(box.workspace .. "/*-*/results/*/benchmark_report_v0.2,_stage_*.json")
  t.eq(1, #files)
  return t.ok(json.decode(t.ok(fs.read(files[1]))))
end

local manners = {
  { "close", "truncated" },
  { "garbage", "protocol" },
  { "silent", "timeout" },
  { "error", "5xx" },
}

t.describe("a server that", function()
  for _, manner in ipairs(manners) do
    local name, class = unpack(manner)
    t.it(name .. ": every request failed, and the stage is not valid", { timeout_s = 60 }, function()
      local box = support.box()
      local result = run_against(box, support.bad_server(name))
      t.eq(4, result.exit_code, result.output)
      t.contains(class, result.output)
      t.eq(20, report_of(box).results.request_performance.aggregate.requests.failures)
      box:is_clean()
    end)
  end

  t.it("is not there: said at once", function()
    local box = support.box()
    local result = run_against(box, "http://127.0.0.1:9")
    t.eq(1, result.exit_code, result.output)
    t.contains("127.0.0.1:9", result.output)
    t.ok(result.seconds < 20)
    box:is_clean()
  end)

  t.it("serves another model: said with what it serves", function()
    local box = support.box()
    local url = support.bad_server "error"
    local result = box:run { "run", "--url", url, "--model", "mm", "-l", "native", "-w", box:write("p.yaml", PROFILE) }
    t.eq(1, result.exit_code, result.output)
    t.contains("mm", result.output)
    box:is_clean()
  end)
end)
