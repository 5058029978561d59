-- Golden cases: tests/golden/<topic>/<case>/ holds `cmd`, perhaps a folder `in`, and the expected `out`. Each line of
-- `cmd` is a command line of the program, or `cat PATTERN`; it runs in a copy of `in`. UPDATE_GOLDEN=1 rewrites `out`.
local t = require "bench.test"
local command = require "bench.local_servers.command"
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"

local ROOT = info.home .. "/tests/golden"

-- What differs from one machine, moment or version to the next.
local function normal(text, dir)
  local function replace(from, to)
    text = text:gsub(from:gsub("%p", "%%%0"), to)
  end
  replace(dir, "DIR")
  replace(info.home, "HOME")
  replace(info.version, "VERSION")
  replace(env.user() .. "-", "USER-")
  text = text:gsub("(HOME/config/templates/values/defaults%.yaml):%d+", "%1:LINE"):gsub(("%x"):rep(64), "DIGEST")
  text = text:gsub("digest " .. ("%x"):rep(12), "digest DIGEST"):gsub("Plan " .. ("%x"):rep(12), "Plan DIGEST")
  text = text:gsub("%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d,%d%d%d %- ", "")
  return (text:gsub("USER%-%d+%-%d+%-%d+", "INSTANCE"))
end

-- A machine of its own: none of our variables, everything below `dir`.
local function variables_for(dir)
  local variables = {}
  for name in pairs(env.all()) do
    if name:find "^LLMDBENCH_" then variables[name] = false end
  end
  variables.HOME, variables.TMPDIR, variables.XDG_STATE_HOME = dir, dir, dir .. "/state"
  return variables
end

local function run_line(line, dir)
  local words = assert(command.split(line))
  local out = { "$ " .. line }
  if words[1] == "cat" then
    for _, path in ipairs(fs.glob(dir .. "/" .. words[2])) do out[#out + 1] = t.ok(fs.read(path)) end
    return table.concat(out, "\n")
  end
  local argv = { info.executable, unpack(words) }
  argv[#argv + 1] = "--workspace=" .. dir .. "/ws"
  local result = t.ok(exec.run(argv, { cwd = dir, env = variables_for(dir), timeout_s = 60 }))
  out[#out + 1] = result.stdout .. result.stderr .. "exit " .. result.exit_code
  return table.concat(out, "\n")
end

local function run_case(folder)
  local dir = t.tempdir() .. "/case"
  t.ok(fs.mkdir(dir))
  if fs.exists(folder .. "/in") then t.ok(fs.copy(folder .. "/in", dir)) end
  local out = {}
  for line in t.ok(fs.read(folder .. "/cmd")):gmatch("[^\n]+") do out[#out + 1] = run_line(line, dir) end
  return normal(table.concat(out, "\n") .. "\n", dir)
end

for _, path in ipairs(fs.glob(ROOT .. "/*/*/cmd")) do
  local folder = fs.parent(path)
  t.describe("golden " .. fs.basename(fs.parent(folder)), function()
    t.it(fs.basename(folder), { timeout_s = 60 }, function()
      local out = run_case(folder)
      if env.get "UPDATE_GOLDEN" == "1" then t.ok(fs.write(folder .. "/out", out)) end
      t.eq(fs.read(folder .. "/out") or "", out)
    end)
  end)
end
