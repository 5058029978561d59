local analysis = require "bench.analysis"
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local load = require "host.load"
local plot = require "bench.plot"
local sim = require "host.sim"
local t = require "bench.test"

-- A record file of a small stage against a simulator in this process.
local function records(path, schedule)
  local server = assert(sim.start { model = "m", port = 0 })
  t.cleanup(function() server:stop() end)
  t.ok(load.run { url = server.url, model = "m", seed = 1, schedule = schedule,
    data = { input = 8, output = 6 },
    records = path })
  return path
end

local function headline(index, rate, verdict)
  return { stage = index, rate = rate, verdict = verdict or "valid", request_rate = rate * 0.98,
    output_tokens_per_s = rate * 6, ttft_p50_s = 0.01 * rate, ttft_p99_s = 0.03 * rate, itl_p50_s = 0.005,
    itl_p99_s = 0.006, e2e_p50_s = 0.1, e2e_p99_s = 0.2 * rate }
end

local function needs_gnuplot()
  if not exec.which "gnuplot" then t.skip "gnuplot is not installed" end
end

local function check_pictures(files)
  for _, file in ipairs(files) do
    local content = t.ok(fs.read(file))
    if file:find "png$" then t.eq("\137PNG", content:sub(1, 4), file) else t.contains("<svg", content) end
    t.ok(#content > 5000, file)
  end
end

local function names(files)
  local list = {}
  for i, file in ipairs(files) do list[i] = fs.basename(file) end
  return list
end

-- A program of that name which leaves so much of a picture and says that all is well.
local function fake_gnuplot(content)
  local dir = t.tempdir()
  t.ok(fs.write(dir .. "/gnuplot", "#!/bin/sh\nout=$(sed -n 's/^set output \"\\(.*\\)\"$/\\1/p')\n"
    .. "printf '%s' '" .. content .. "' > \"$out\"\n", { mode = "755" }))
  local path = env.get "PATH"
  t.cleanup(function() env.set("PATH", path) end)
  env.set("PATH", dir .. ":" .. path)
  return dir
end

t.describe("bench.plot", function()
  t.it("does not take a part of a picture for one", function()
    local gnuplot = require "bench.plot.gnuplot"
    local dir = fake_gnuplot "PNG half"
    local err = t.fails("exit", gnuplot.picture(dir .. "/p", "plot x", { width = 100, height = 100 }))
    t.contains("only a part of " .. dir .. "/p.png", err.message)
    t.eq({ dir .. "/gnuplot" }, fs.glob(dir .. "/*"))
  end)

  t.it("draws a result: each stage, all stages, and against load", { timeout_s = 60 }, function()
    needs_gnuplot()
    local dir = t.tempdir()
    local stages = {
      { title = "two (c=2)", records = records(dir .. "/a.rec", { concurrency = 2, requests = 40 }),
        headline = headline(0, 2) },
      { title = 'odd "name" \\ $x', records = records(dir .. "/b.rec", { concurrency = 4, requests = 40 }),
        headline = headline(1, 8, "client-limited") },
    }
    local files = t.ok(plot.result(stages, { folder = dir .. "/pictures", title = "a_title with {braces}" }))
    t.eq({ "stage_0_latency.png", "stage_0_latency.svg", "stage_1_latency.png", "stage_1_latency.svg",
      "latency_cdf.png", "latency_cdf.svg", "latency_against_load.png", "latency_against_load.svg" },
        names(files))
    check_pictures(files)
    local svg = fs.read(dir .. "/pictures/latency_against_load.svg")
    t.contains("a_title with {braces}", svg)
    t.contains("not valid", svg)
    t.contains("requested rate (requests/s)", svg)
    t.contains('odd "name" \\ $x', (fs.read(dir .. "/pictures/latency_cdf.svg"):gsub("&quot;", '"')))
  end)

  t.it("draws one stage whose values are all equal, and one with a single request", { timeout_s = 60 },
    function()
    needs_gnuplot()
    local dir = t.tempdir()
    local stages = { { title = "one", records = records(dir .. "/a.rec", { concurrency = 1, requests = 1 }),
      headline = headline(0, 1) } }
    check_pictures(t.ok(plot.result(stages, { folder = dir, title = "single" })))
  end)

  t.it("draws nothing where nothing changes, and fails where it cannot write", { timeout_s = 60 }, function()
    needs_gnuplot()
    local groups = { { title = "a", stages = { { headline = headline(0, 2) } } } }
    t.eq({}, plot.against_load(groups, "/nowhere/x", "t"))
    table.insert(groups[1].stages, { headline = headline(1, 4) })
    local files, err = plot.against_load(groups, "/nowhere/x", "t")
    t.eq(nil, files)
    t.eq("exit", err.code)
  end)

  t.it("draws a picture for each of rate and concurrency where both change", { timeout_s = 60 }, function()
    needs_gnuplot()
    local dir, stages = t.tempdir(), {}
    for i, asked in ipairs { { rate = 2 }, { rate = 4 }, { concurrency = 1 }, { concurrency = 8 } } do
      local one = headline(i - 1, i)
      one.rate, one.concurrency = asked.rate, asked.concurrency
      stages[i] = { headline = one }
    end
    local files = t.ok(plot.against_load({ { title = "a", stages = stages } }, dir .. "/load", "t"))
    t.eq({ "load_rate.png", "load_rate.svg", "load_concurrency.png", "load_concurrency.svg" }, names(files))
    check_pictures(files)
  end)

  t.it("says once that gnuplot is missing, and does not fail", function()
    local path = env.get "PATH"
    t.cleanup(function() env.set("PATH", path) end)
    env.set("PATH", t.tempdir())
    t.eq({}, plot.result({ { title = "x", records = "/nowhere.rec" } }, { folder = "/nowhere", title = "t" }))
    t.eq({}, plot.against_load({}, "/nowhere/x", "t"))
  end)
end)

t.describe("bench.analysis", function()
  local function context(dir, entries)
    return { opts = {}, stacks = { {} }, results = { treatments = entries }, log = require "host.log",
      workspace = { path = function(_, name) return dir .. "/" .. name end } }
  end

  local function entry(dir, name, rate)
    local path = records(dir .. "/" .. name .. ".rec", { concurrency = 2, requests = 20 })
    local metrics = { load = { requested_rate = rate }, counts = { sent = 20, failed = 0 },
      latency = { ttft = { p50 = 0.1, p99 = 0.2 } }, throughput = { requests_per_s = rate } }
    return { id = name, dir = dir .. "/results/" .. name .. "_1", treatment = name, stack = "s",
      result = { stages = { { index = 0, name = "0", records = path, verdict = { status = "valid" },
        metrics = metrics } } } }
  end

  t.it("draws each treatment and all together", { timeout_s = 60 }, function()
    needs_gnuplot()
    local dir = t.tempdir()
    local done = t.ok(analysis.run(context(dir, { entry(dir, "slow", 2), entry(dir, "fast", 4) })))
    t.match("^6 pictures in ", done.message)
    t.ok(fs.exists(dir .. "/analysis/slow_1/stage_0_latency.svg"))
    t.contains("stage 0 (2 req/s)", fs.read(dir .. "/analysis/slow_1/stage_0_latency.svg"))
    t.ok(fs.exists(dir .. "/analysis/treatments_against_load.png"))
  end)

  t.it("draws nothing when nobody wants it, and survives a broken record file", function()
    local dir = t.tempdir()
    local ctx = context(dir, { entry(dir, "slow", 2) })
    ctx.opts.analyze = false
    t.eq("no pictures were asked for", analysis.run(ctx).message)
    if not exec.which "gnuplot" then return end
    ctx.opts.analyze = nil
    t.ok(fs.write(dir .. "/slow.rec", "garbage"))
    t.contains("pictures could not be drawn", analysis.run(ctx).message)
  end)
end)
