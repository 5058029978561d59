-- The examples that come with the program run, and there is one for each module of the host.
local t = require "bench.test"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"

local FOLDER = info.home .. "/scripts/examples/host"
local INTERNAL = { testing = true }

-- What an example must print, so that one that silently does nothing is noticed.
local SHOWS = {
  exec = "line 1\nline 2\nline 3\n", http = "%d+ pieces streamed", load = "verdict [%w-]+; first token after",
  probe = "answered through completions\ttrue", sim = "first token: true", stats = "p50\t100.5\tbetween\t%d+",
  task = "nil\ttimeout: not finished after 0.05 s\ncancelled\n$", fs = "numbers.txt\t6 bytes",
  store = "results/latency.csv\tchanged", log = "the token is %*%*%*", metrics = "requests\t3\n",
}

t.describe("the example of", function()
  for _, path in ipairs(fs.glob(FOLDER .. "/*.lua")) do
    local name = fs.basename(path):gsub("%.lua$", "")
    t.it("host." .. name .. " runs and shows something", { timeout_s = 60 }, function()
      local result = t.ok(exec.run({ info.executable, path }, { timeout_s = 50 }))
      t.eq(0, result.exit_code, result.stderr)
      t.match(SHOWS[name] or "%w", result.stdout)
      local text = t.ok(fs.read(path))
      t.match("^#!/usr/bin/env llmdbenchmark\n%-%- host%." .. name .. ": ", text)
      t.eq("0755", t.ok(fs.stat(path)).mode)
    end)
  end
end)

t.describe("compare_two_stacks", function()
  t.it("wants both servers, and says which of them answers nothing", { timeout_s = 60 }, function()
    local path = info.home .. "/scripts/examples/compare_two_stacks.lua"
    local result = t.ok(exec.run({ info.executable, path, "http://127.0.0.1:9" }, { timeout_s = 30 }))
    t.eq(1, result.exit_code)
    t.contains("usage: compare_two_stacks.lua [URL_A URL_B MODEL]", result.stderr)
    result = t.ok(exec.run({ info.executable, path, "http://127.0.0.1:9", "http://127.0.0.1:9", "m" }, { timeout_s = 30 }))
    t.eq(1, result.exit_code)
    t.contains("A (http://127.0.0.1:9) answered nothing", result.stderr)
  end)
end)

t.describe("the examples", function()
  t.it("leave out no module", function()
    local missing = {}
    for name in pairs(package.preload) do
      local short = name:match "^host%.([%w_]+)$"
      if short and not INTERNAL[short] and not fs.exists(("%s/%s.lua"):format(FOLDER, short)) then
        missing[#missing + 1] = short
      end
    end
    t.eq({}, missing)
  end)
end)
