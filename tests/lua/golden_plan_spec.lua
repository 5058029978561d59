-- What every shipped specification renders to, byte for byte: tests/golden/plan/<category>/<name>/<stack>/ holds the
-- files that `plan` writes for the stack, the empty ones left out; <name>@<method> is the same with `--methods`.
-- After a change that is meant to show there, write them anew and read the difference:
--   UPDATE_GOLDEN=1 llmdbenchmark test tests/lua/golden_plan_spec.lua && git diff tests/golden/plan
local t = require "bench.test"
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"

local SPECIFICATIONS = info.home .. "/config/specification/"
local GOLDEN = info.home .. "/tests/golden/plan/"
local LEFT_OUT = { ["origins.yaml"] = true }           -- line numbers, absolute paths
local TOKEN = "hf_canaryOfTheGoldenPlans"              -- must be written nowhere
local OTHER_METHODS = { "cicd/gke@standalone", "cicd/gke@fma", "examples/spyre@standalone" }
local UPDATES = env.get "UPDATE_GOLDEN" == "1"

-- A machine without tools, cluster or registry, but with a hub token: what is `auto` stays so.
local function variables_for(dir)
  local variables = {}
  for name in pairs(env.all()) do
    if name:find "^LLMDBENCH_" or name:find "^HF_" or name:find "^HUGGING" then variables[name] = false end
  end
  for _, name in ipairs { "HOME", "TMPDIR", "PATH" } do variables[name] = dir end
  variables.KUBECONFIG, variables.HF_TOKEN = dir .. "/no-cluster", TOKEN
  return variables
end

---Plans a specification; gives the folder of the plan and what was printed.
local function plan(name)
  local dir = t.tempdir()
  local spec, method = name:match "^([^@]+)@?(.*)$"
  local argv = { info.executable, "--spec", spec, "--workspace", dir .. "/ws", "plan" }
  if method ~= "" then argv[#argv + 1] = "--methods=" .. method end
  local result = t.ok(exec.run(argv, { cwd = dir, env = variables_for(dir), timeout_s = 60 }))
  local printed = result.stdout .. result.stderr
  t.eq(0, result.exit_code, printed)
  return dir .. "/ws/latest/plan", printed
end

-- Files of a folder by `stack/name`, without those that hold nothing.
local function files_of(folder)
  local files = {}
  for _, path in ipairs(fs.glob(folder .. "/*/*.yaml")) do
    local name = fs.basename(path)
    local text = t.ok(fs.read(path))
    if not LEFT_OUT[name] and text:find "%S" then files[fs.basename(fs.parent(path)) .. "/" .. name] = text end
  end
  return files
end

-- A shipped scenario has nothing to warn about but what a machine without tools cannot find out.
local function check_warnings(printed)
  for line in printed:gmatch "[^\n]+" do
    t.ok(not line:find "WARNING" or line:find "stays auto", line)
  end
end

local function names_of(files)
  local names = {}
  for name in pairs(files) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function update(folder, files)
  fs.remove_tree(folder)
  for name, text in pairs(files) do
    t.ok(fs.mkdir(fs.parent(folder .. "/" .. name)))
    t.ok(fs.write(folder .. "/" .. name, text))
  end
end

local function compare(folder, files)
  local golden = files_of(folder)
  t.eq(names_of(golden), names_of(files), "the files of " .. folder)
  for _, name in ipairs(names_of(files)) do t.eq(golden[name], files[name], folder .. "/" .. name) end
end

-- Nothing of the machine it ran on, and no secret.
local function check_portable(files, dir)
  for name, text in pairs(files) do
    for _, word in ipairs { info.home, dir, TOKEN } do
      t.ok(not text:find(word, 1, true), name .. " holds " .. word)
    end
  end
end

local function shipped()
  local names = {}
  for i, path in ipairs(fs.glob(SPECIFICATIONS .. "*/*.yaml.j2")) do
    names[i] = path:sub(#SPECIFICATIONS + 1):gsub("%.yaml%.j2$", "")
  end
  return names
end

local names = shipped()
for _, name in ipairs(OTHER_METHODS) do names[#names + 1] = name end

t.describe("golden plan of", function()
  for _, name in ipairs(names) do
    t.it(name, { timeout_s = 60 }, function()
      local dir, printed = plan(name)
      local files = files_of(dir)
      check_portable(files, dir)
      check_warnings(printed)
      t.ok(not printed:find(TOKEN, 1, true), "the token was printed")
      if UPDATES then update(GOLDEN .. name, files) end
      compare(GOLDEN .. name, files)
    end)
  end
end)

t.describe("golden plans", function()
  t.it("belong to specifications that are shipped", function()
    local is_planned = {}
    for _, name in ipairs(names) do is_planned[name] = true end
    for _, path in ipairs(fs.glob(GOLDEN .. "*/*/*/config.yaml")) do
      local name = path:sub(#GOLDEN + 1):match "^[^/]+/[^/]+"
      t.ok(is_planned[name], "no specification " .. name)
    end
  end)
end)
