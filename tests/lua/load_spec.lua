local fs = require "host.fs"
local load = require "host.load"
local log = require "host.log"
local sim = require "host.sim"
local t = require "bench.test"
local task = require "host.task"

local function server(opts)
  opts = opts or {}
  opts.model, opts.port = "m", 0
  local running = assert(sim.start(opts))
  t.cleanup(function() running:stop() end)
  return running
end

local function stage(url, more)
  local table_ = {
    url = url,
    model = "m",
    seed = 3,
    schedule = { concurrency = 2, requests = 12 },
    data = { input = 16, output = 5 },
    request_timeout_s = 20,
    -- Machines that run specs are busy: verdicts must not depend on how punctual this one is.
    limits = { max_schedule_delay_p99_s = 100, max_loop_lag_p99_s = 100, max_client_cpu = 100 },
  }
  for key, value in pairs(more or {}) do table_[key] = value end
  return table_
end

t.describe("load.run", function()
  t.it("measures a server and gives a plain table", function()
    local result = t.ok(load.run(stage(server().url)))
    t.eq("valid", result.verdict)
    t.eq({}, result.reasons)
    t.eq(12, result.counts.succeeded)
    t.eq(12 * 5, result.tokens.output_total)
    t.eq(0, result.tokens.output_not_as_counted)
    t.ok(result.latency.ttft.p50 > 0)
    t.eq(12 * 4, result.latency.itl.count)
  end)

  t.it("gives a result when nobody answers, and the reason", function()
    local gone = server()
    local url = gone.url
    gone:stop()
    local result = t.ok(load.run(stage(url, { schedule = { concurrency = 1, requests = 2 } })))
    t.eq("errors above limit", result.verdict)
    t.eq(2, result.failures.connect.count)
  end)

  t.it("fails for a host that does not exist", function()
    t.fails("not_found", load.run(stage "http://no-such-host.invalid"))
  end)

  t.it("refuses wrong tables at the caller's line", function()
    t.raises(function() load.run(stage("http://h", { seeds = 1 })) end,
      "load_spec.lua:%d+: load.run: unknown field 'seeds' %(did you mean 'seed'%?%)")
    t.raises(function() load.run { url = "http://h" } end, "load.run.seed is required")
    t.raises(function() load.run(stage "ftp://h") end, "must begin with http")
  end)

  t.it("ends promptly when its task is cancelled and keeps the records", function()
    local path = t.tempdir() .. "/cancelled.rec"
    local run = load.start(stage(server({ inter_token_latency = "200ms" }).url, {
      schedule = { rate = 50, duration_s = 60 },
      records = path,
    }))
    local waiting = task.spawn(function() run:wait() end)
    while run:progress().in_flight == 0 do task.sleep(0.01) end
    waiting:cancel()
    local result, err = waiting:join()
    t.eq(nil, result)
    t.eq("cancelled", err.code)
    local kept = t.ok(run:result())
    t.eq(true, kept.cancelled)
    t.eq(3000, kept.counts.planned)
    t.ok(kept.counts.in_flight_at_end > 0)
    t.eq(3000, load.info(path).sections[1].records)
  end)
end)

t.describe("load.start", function()
  t.it("shows progress while it runs", function()
    local run = load.start(stage(server({ time_to_first_token = "20ms" }).url, {
      schedule = { concurrency = 2, requests = 20 },
    }))
    t.eq(nil, run:result())
    local seen
    while not run:result() do
      local p = run:progress()
      if p.succeeded > 0 and p.in_flight > 0 then seen = p end
      task.sleep(0.005)
    end
    t.ok(seen)
    t.eq(20, seen.planned)
    t.ok(seen.ttft_p50_s >= 0.02)
    t.eq(20, run:wait().counts.succeeded)
    t.eq(run:result(), run:wait())
  end)

  t.it("is cancelled by hand", function()
    local run = load.start(stage(server().url, { schedule = { rate = 10, duration_s = 60 } }))
    run:cancel()
    run:cancel()
    t.eq(true, t.ok(run:wait()).cancelled)
  end)
end)

t.describe("load.plan", function()
  t.it("shows times and lengths without sending", function()
    local plan = t.ok(load.plan(stage("http://nowhere.invalid", {
      schedule = { rate = 10, duration_s = 3 },
      data = { input = { min = 5, max = 9 }, output = 7 },
    }), { limit = 4 }))
    t.eq(30, plan.requests)
    t.eq({ 0, 0.1, 0.2, 0.3 }, plan.planned_s)
    t.eq({ 7, 7, 7, 7 }, plan.output_tokens)
    for _, n in ipairs(plan.input_tokens) do t.ok(n >= 5 and n <= 9) end
    t.near(0, plan.gap_cv, 1e-9)
  end)

  t.it("repeats itself for a seed and differs for another", function()
    local function times(seed)
      return load.plan(stage("http://h", { seed = seed,
        schedule = { arrival = "poisson", rate = 10, duration_s = 3 } })).planned_s
    end
    t.eq(times(1), times(1))
    t.ne(times(1), times(2))
    t.ne(load.derive_seed(1, 0), load.derive_seed(1, 1))
    t.eq(load.derive_seed(1, 2, 3), load.derive_seed(1, 2, 3))
  end)
end)

t.describe("record files", function()
  t.it("are walked, exported, merged and summarised", function()
    local dir, url = t.tempdir(), server().url
    local a, b = dir .. "/a.rec", dir .. "/b.rec"
    local result = t.ok(load.run(stage(url, { records = a })))
    t.ok(load.run(stage(url, { records = b, seed = 4 })))
    t.eq({ path = a, count = 12, bytes = result.records.bytes }, result.records)

    local count = 0
    for record in assert(load.records(a)) do
      count = count + 1
      t.eq(5, #record.tokens)
      t.eq(5, record.completion_tokens)
      t.ok(record.first_token_s >= record.sent_s)
    end
    t.eq(12, count)

    t.eq(12, load.export(a, dir .. "/a.jsonl"))
    t.ok(load.merge({ a, b }, dir .. "/both.rec"))
    t.eq(2, #load.info(dir .. "/both.rec").sections)
    t.eq(24, load.summarise(dir .. "/both.rec").counts.succeeded)

    result.records = nil
    local limits = stage(url).limits
    t.eq(result, load.summarise(a, { limits = limits }))
    limits.min_samples = 13
    t.eq("too few samples", load.summarise(a, { limits = limits }).verdict)
  end)

  t.it("hold no secret that a request carried", function()
    local path = t.tempdir() .. "/a.rec"
    log.secret "canary-of-extra"
    local result = t.ok(load.run(stage(server().url, { records = path, extra = { api_key = "canary-of-extra" } })))
    t.ok(not t.ok(fs.read(path)):find("canary", 1, true))
    t.ok(not require("host.json").encode(result):find("canary", 1, true))
  end)

  t.it("give the same merged, in whatever order", function()
    local dir, url = t.tempdir(), server({ time_to_first_token = "20ms" }).url
    local a, b = dir .. "/a.rec", dir .. "/b.rec"
    local first = task.spawn(load.run, stage(url, { records = a, schedule = { rate = 40, duration_s = 0.8 } }))
    task.sleep(0.3)
    t.ok(load.run(stage(url, { records = b, schedule = { rate = 40, duration_s = 0.8 } })))
    t.ok(first:join())
    local results = {}
    for i, order in ipairs { { a, b }, { b, a } } do
      t.ok(load.merge(order, dir .. "/both.rec"))
      local result = t.ok(load.summarise(dir .. "/both.rec"))
      results[i] = { result.counts, result.latency.ttft, result.window, result.throughput.span_s, result.little.ratio }
    end
    t.eq(results[1], results[2])
    t.eq({ 64, 64 }, { results[2][1].succeeded, results[2][2].count })
    t.ok(math.abs(results[2][5] - 1) < 0.01)
  end)

  t.it("that are damaged are never valid, and every reader says so", function()
    local path = t.tempdir() .. "/a.rec"
    t.ok(load.run(stage(server().url, { records = path, schedule = { concurrency = 2, requests = 40 } })))
    local whole = t.ok(fs.read(path))
    t.ok(fs.write(path, whole:sub(1, #whole - 200)))
    local result = t.ok(load.summarise(path))
    t.eq("damaged records", result.verdict)
    t.contains("records are missing or wrong: ", result.reasons[1])
    local next_record, problem = load.records(path)
    t.eq({ "function", "string" }, { type(next_record), type(problem) })
    local count
    count, problem = load.export(path, path .. ".jsonl")
    t.eq({ true, "string" }, { count < 40, type(problem) })
  end)

  t.it("give the curves of a picture", function()
    local path = t.tempdir() .. "/a.rec"
    t.ok(load.run(stage(server().url, { records = path })))
    local curves = t.ok(load.curves(path, { points = 5 }))
    t.eq(12, curves.ttft.count)
    t.eq(5, #curves.e2e.cumulative)
    t.eq({ 0, 1 }, { curves.e2e.cumulative[1][2], curves.e2e.cumulative[5][2] })
    t.eq(48, curves.itl.count)
    t.raises(function() load.curves(path, { points = 1 }) end, "at least 2")
  end)

  t.it("that are none are refused", function()
    t.fails("not_found", load.records "/nonexistent.rec")
    t.fails("not_found", load.summarise "/nonexistent.rec")
    t.raises(function() load.merge({}, "x") end, "nothing to merge")
  end)
end)

t.describe("load.check", function()
  t.it("accepts a right stage and names the field of a wrong one", function()
    t.ok(load.check(stage "http://127.0.0.1:1", "stage 1"))
    local err = t.fails("invalid", load.check(stage("http://127.0.0.1:1", { schedule = { rate = -1 } }), "stage 1"))
    t.contains("stage 1.schedule", err.message)
  end)
end)

t.describe("load.words and load.fresh_seed", function()
  t.it("give the vocabulary of random prompts, and a new seed each time", function()
    t.ok(#load.words() > 100)
    local seed = load.fresh_seed()
    t.ok(seed >= 0 and seed < 2 ^ 53 and seed == math.floor(seed))
    t.ne(seed, load.fresh_seed())
  end)
end)
