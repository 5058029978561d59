--- A user's machine in a folder: the program is started there as a person starts it, with a home, a temporary
--- folder and a workspace of its own, and every process it starts carries a mark by which it is found again.
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"
local t = require "bench.test"
local task = require "host.task"
local text = require "host.text"

local M = {}

---The program under test: the one that runs these specs.
M.program = info.executable

---Overrides for a run whose verdict counts: machines that run specs are busy, which must not decide it.
M.PATIENT = "limits.max_schedule_delay_p99_s=100,limits.max_loop_lag_p99_s=100,limits.max_client_cpu=100"
---The same as part of a profile.
M.PATIENT_YAML = "limits: {max_schedule_delay_p99_s: 100, max_loop_lag_p99_s: 100, max_client_cpu: 100}\n"

---@class e2e.Box
---@field dir string Everything of this box is below it.
---@field env table<string, string|false>
---@field workspace string
local Box = {}
Box.__index = Box

local function without_our_variables(variables)
  for name in pairs(env.all()) do
    if name:match "^LLMDBENCH_" or name:match "^XDG_" then variables[name] = false end
  end
  return variables
end

---A fresh box; what is left of it after the spec is ended and removed.
---@return e2e.Box
function M.box()
  local dir = t.tempdir()
  local self = setmetatable({ dir = dir, mark = text.uuid(), workspace = dir .. "/ws" }, Box)
  self.env = without_our_variables { HOME = dir .. "/home", TMPDIR = dir .. "/tmp", E2E_MARK = self.mark,
    LLMDBENCH_WORKSPACE = self.workspace,
    NO_COLOR = "1", PATH = fs.parent(M.program) .. ":" .. env.get "PATH" }
  for _, folder in ipairs { "home", "tmp", "ws" } do assert(fs.mkdir(dir .. "/" .. folder)) end
  t.cleanup(function()
    for _, pid in ipairs(self:pids()) do exec.run { "kill", "-KILL", pid } end
  end)
  return self
end

local function options(self, opts)
  local merged = { cwd = self.dir, env = self.env, timeout_s = 60 }
  for key, value in pairs(opts or {}) do merged[key] = value end
  if opts and opts.env then
    merged.env = {}
    for _, layer in ipairs { self.env, opts.env } do
      for name, value in pairs(layer) do merged.env[name] = value end
    end
  end
  return merged
end

---Runs `llmdbenchmark ARGS`, in the box's folder. `output` is what a person sees: both streams.
---@param args string[]
---@param opts? table As of exec.run
function Box:run(args, opts)
  return self:command({ M.program, unpack(args) }, opts)
end

---Runs any program in the box.
---@param argv string[]
---@param opts? table As of exec.run
function Box:command(argv, opts)
  local result = t.ok(exec.run(argv, options(self, opts)))
  result.output = result.stdout .. result.stderr
  return result
end

---Starts `llmdbenchmark ARGS`; for what is interrupted.
---@param args string[]
---@param opts? table As of exec.start
function Box:start(args, opts)
  return t.ok(exec.start({ M.program, unpack(args) }, options(self, opts)))
end

---Writes a file of the box and returns its path.
function Box:write(name, content)
  local path = self.dir .. "/" .. name
  t.ok(fs.mkdir(fs.parent(path)))
  t.ok(fs.write(path, content))
  return path
end

---The processes that carry the box's mark, whoever started them.
---@return string[] pids
function Box:pids()
  local found = {}
  local all = exec.run { "grep", "-lsF", self.mark, unpack(fs.glob "/proc/[0-9]*/environ") }
  for pid in (all and all.stdout or ""):gmatch "/proc/(%d+)/environ" do found[#found + 1] = pid end
  return found
end

---Fails when a process or a temporary file is left.
function Box:is_clean()
  local lines = {}
  for _, pid in ipairs(self:pids()) do
    local shown = exec.run { "ps", "-o", "pid=,stat=,args=", "-p", pid }
    if shown and shown.stdout ~= "" and not shown.stdout:match "^ *%d+ +Z" then lines[#lines + 1] = shown.stdout end
  end
  t.eq({}, lines, "processes are left")
  local files = {}
  for _, entry in ipairs(t.ok(fs.list(self.dir .. "/tmp"))) do files[#files + 1] = entry.name or entry end
  t.eq({}, files, "temporary files are left")
end

---Runs in a mount namespace of its own after `prepare` (shell text), so that nothing has to be undone.
---@param prepare string
---@param args string[]
---@param opts? table As of exec.run
function Box:run_mounted(prepare, args, opts)
  local argv = { "unshare", "--mount" }
  if env.user() ~= "root" then argv[#argv + 1] = "--map-root-user" end
  argv[#argv + 1] = "true"
  local probe = self:command(argv)
  if probe.exit_code ~= 0 then t.skip("mount namespaces are not to be had here: " .. probe.stderr) end
  argv[#argv] = nil
  for _, word in ipairs { "sh", "-ec", prepare .. '; exec "$@"', "sh", M.program } do argv[#argv + 1] = word end
  for _, word in ipairs(args) do argv[#argv + 1] = word end
  return self:command(argv, opts)
end

---Asks every 50 ms until `condition` is true; false when it never was.
---@param timeout_s number
---@param condition fun(): boolean
function M.wait_for(timeout_s, condition)
  for _ = 1, timeout_s * 20 do
    if condition() then return true end
    task.sleep(0.05)
  end
  return false
end

---A server that misbehaves (see bad_server.pl); it ends with the spec.
---@return string url
function M.bad_server(manner)
  local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"
  local child = t.ok(exec.start({ here .. "/bad_server.pl", manner }, { keep_stdin = true }))
  t.cleanup(function()
    child:close_stdin()
    child:wait { timeout_s = 5 }
  end)
  local line = t.ok(child:line { timeout_s = 10 })
  return "http://127.0.0.1:" .. line:match "port (%d+)"
end

return M
