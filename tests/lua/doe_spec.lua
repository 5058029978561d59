local doe = require "bench.doe"
local schedule = require "bench.doe.schedule"
local t = require "bench.test"

local function names(design)
  local list = {}
  for _, setup in ipairs(design.setups) do
    for _, run in ipairs(setup.runs) do list[#list + 1] = setup.name .. "/" .. run.name end
  end
  return list
end

local function all_different(list)
  local seen = {}
  for _, item in ipairs(list) do
    if seen[item] then return false end
    seen[item] = true
  end
  return true
end

local function setup_names(plan)
  local list = {}
  for i, group in ipairs(plan.groups) do list[i] = group.setup.name end
  return list
end

t.describe("doe.full_factorial", function()
  t.it("gives every combination once, the first factor changing slowest", function()
    local design = doe.full_factorial {
      setup = { replicas = { 1, 2 } },
      run = { concurrency = { 1, 8 }, input = { 256, 4096 } },
    }
    t.eq(8, design.count)
    t.eq(2, #design.setups)
    t.eq({
      "replicas1/concurrency1-input256", "replicas1/concurrency1-input4096",
      "replicas1/concurrency8-input256", "replicas1/concurrency8-input4096",
      "replicas2/concurrency1-input256", "replicas2/concurrency1-input4096",
      "replicas2/concurrency8-input256", "replicas2/concurrency8-input4096",
    }, names(design))
  end)

  t.it("sets dotted keys and keeps the types of levels", function()
    local design = doe.full_factorial {
      setup = { { name = "caching", key = "engine.flags.caching", levels = { true, false } } },
      run = { ["load.stages.0.rate"] = { 0.5 } },
      constants = { setup = { ["model.name"] = "m" }, run = { ["api.streaming"] = true } },
    }
    t.eq("caching_true", design.setups[1].name)
    t.eq({ { key = "model.name", value = "m", origin = "constants" },
      { key = "engine.flags.caching", value = true } },
      design.setups[1].overrides)
    t.eq("rate0.5", design.setups[1].runs[1].name)
    t.eq({ ["load.stages.0.rate"] = 0.5 }, design.setups[1].runs[1].values)
  end)

  t.it("refuses two factors of one key", function()
    t.raises(function()
      doe.zip { run = { { name = "a", key = "stages.0.rate", levels = { 1, 2 } },
        { name = "b", key = "stages[0].rate", levels = { 3, 4 } } } }
    end, "run factors 'a' and 'b' both set 'stages.0.rate'")
    t.raises(function()
      doe.full_factorial { run = { { name = "x", levels = { 1, 2 } },
        { name = "mode", levels = { { label = "m", set = { x = 3 } } } } } }
    end, "run factors 'x' and 'mode' both set 'x'")
    t.ok(doe.full_factorial { setup = { { name = "a", key = "x", levels = { 1 } } },
      run = { { name = "b", key = "x", levels = { 1 } } } })
  end)

  t.it("refuses a misspelt field of a level", function()
    local function refused(level, words)
      t.raises(function() doe.full_factorial { run = { a = { 1, level } } } end, words)
    end
    refused({ label = "q", vale = 3 }, "run factor 'a', level 2: unknown field 'vale' %(did you mean 'value'%?%)")
    refused({ lable = "q", value = 3 }, "unknown field 'lable' %(did you mean 'label'%?%)")
    refused({ label = "q" }, "a level with a label needs a value or set")
    local map = { mean = 3, min = 1 }
    t.eq(map, doe.full_factorial({ run = { a = { map } } }).setups[1].runs[1].overrides[1].value)
  end)

  t.it("lets one level set several keys", function()
    local design = doe.full_factorial {
      setup = { routing = { { label = "off", set = { ["a.x"] = 0 } },
        { label = "on", set = { ["a.x"] = 1, ["a.y"] = 2 } } } },
    }
    t.eq({ "routing_off/default", "routing_on/default" }, names(design))
    t.eq({ { key = "a.x", value = 1 }, { key = "a.y", value = 2 } }, design.setups[2].overrides)
  end)

  t.it("drops what a constraint refuses and asks it about real factors only", function()
    local design = doe.full_factorial {
      setup = { replicas = { 1, 2, 4 }, tp = { 1, 2, 4 } },
      run = { c = { 1, 2 } },
      where = function(x) return x.replicas * x.tp <= 4 and not (x.replicas == 1 and x.c == 2) end,
    }
    t.eq(9, design.count)
    t.eq(6, #design.setups)
    t.ok(all_different(names(design)))
    t.raises(function()
      doe.full_factorial { run = { rate = { 1 } }, where = function(x) return x.rtae > 0 end }
    end, "no factor 'rtae' %(did you mean 'rate'%?%)")
    t.raises(function()
      doe.full_factorial { run = { rate = { 1 } }, where = function() return false end }
    end, "no treatment is left")
  end)

  t.it("answers bad input with the place and what was meant", function()
    t.raises(function() doe.full_factorial { runs = {} } end, "unknown field 'runs' %(did you mean 'run'%?%)")
    t.raises(function() doe.full_factorial { run = { rate = {} } } end, "run factor 'rate': has no levels")
    t.raises(function() doe.full_factorial { run = { rate = { 1, 2, 1 } } } end, "levels 1 and 3 are equal")
    t.raises(function() doe.full_factorial { run = { v = { 1, "1" } } } end, "two levels are called '1'")
    t.raises(function() doe.full_factorial { run = { v = { min = 1, max = 2 } } } end,
      "needs levels, not a range")
    t.raises(function() doe.full_factorial { run = { v = { 1 } }, repeats = 0 } end, "repeats must be")
    t.raises(function() doe.full_factorial { run = { v = { 1 } }, order = "randm" } end,
      "did you mean 'random'")
    local many = {}
    for i = 1, 1001 do many[i] = i end
    t.raises(function() doe.full_factorial { setup = { a = many }, run = { b = many } } end,
      "more than 1000000")
  end)

  t.it("makes fit names out of any level", function()
    local design = doe.full_factorial { run = { image = { "registry/a:1", "registry/a:2" },
      x = { { 1, 2 }, { a = 1 } } } }
    for _, run in ipairs(design.setups[1].runs) do t.match("^[%w._-]+$", run.name) end
    t.ok(all_different(names(design)))
  end)
end)

t.describe("other kinds", function()
  t.it("one_at_a_time changes one factor of the base case", function()
    local design = doe.one_at_a_time { run = { a = { 1, 2, 3 }, b = { 10, 20 }, c = { 5 } } }
    t.eq({ "default/a1-b10-c5", "default/a2-b10-c5", "default/a3-b10-c5", "default/a1-b20-c5" },
      names(design))
  end)

  t.it("zip walks the lists together", function()
    local design = doe.zip { setup = { tp = { 2, 4 } }, run = { c = { 1, 8 }, n = { 10 } } }
    t.eq({ "tp2/c1-n10", "tp4/c8-n10" }, names(design))
    t.raises(function() doe.zip { run = { a = { 1, 2 }, b = { 1, 2, 3 } } } end,
      "'a' has 2 levels, 'b' has 3")
  end)

  t.it("latin_hypercube visits every part of every range once", function()
    local design = doe.latin_hypercube {
      run = { rate = { min = 0, max = 10 }, len = { min = 1, max = 1000, log = true }, mode = { "a", "b" } },
      samples = 10, seed = 5,
    }
    local rates, modes, lengths = {}, { a = 0, b = 0 }, {}
    for i, run in ipairs(design.setups[1].runs) do
      rates[i], lengths[i] = run.values.rate, run.values.len
      modes[run.values.mode] = modes[run.values.mode] + 1
    end
    table.sort(rates)
    t.eq({ 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5 }, rates)
    t.eq({ a = 5, b = 5 }, modes)
    table.sort(lengths)
    t.near(1000 ^ 0.05, lengths[1], 1e-3)
  end)

  t.it("latin_hypercube depends on its seed alone", function()
    local function sample(seed, jitter)
      return names(doe.latin_hypercube {
        run = { a = { min = 0, max = 1 }, b = { min = 0, max = 1 } }, samples = 6, seed = seed,
          jitter = jitter })
    end
    t.eq(sample(1), sample(1))
    t.ne(sample(1), sample(2))
    t.ne(sample(1), sample(1, true))
    t.raises(function() doe.latin_hypercube { run = { a = { 1, 2 } } } end, "needs samples")
    t.raises(function() doe.latin_hypercube { run = { a = { 1, 2 } }, samples = 3 } end,
      "one treatment twice")
  end)

  t.it("list crosses setups and runs as they are written", function()
    local design = doe.list {
      setup = { { name = "small", ["x.y"] = 1 }, { ["x.y"] = 2 } },
      run = { { name = "slow", rate = 1 }, { rate = 9 } },
      where = function(x) return not (x["x.y"] == 1 and x.rate == 9) end,
    }
    t.eq({ "small/slow", "setup-1/slow", "setup-1/t1" }, names(design))
    t.raises(function() doe.list { run = { { name = "a" }, { name = "a" } } } end,
      "two run treatments are called 'a'")
    t.raises(function() doe.list { run = { { name = "a b" } } } end, "contains ' '")
  end)
end)

t.describe("doe.schedule", function()
  local function grid(order)
    return doe.full_factorial { setup = { a = { 1, 2, 3 }, b = { 1, 2 }, c = { 1, 2, 3 } },
      run = { r = { 1, 2 } },
      order = order }
  end

  t.it("orders a grid so that neighbours differ in one key", function()
    local plan = schedule.of(grid "cheapest")
    t.eq(18, #plan.groups)
    t.eq(17, plan.key_changes)
    t.ok(all_different(setup_names(plan)))
    t.eq(36, plan.cells)
  end)

  t.it("finds a cheap order for a grid with holes", function()
    local design = doe.full_factorial {
      setup = { a = { 1, 2, 3, 4 }, b = { 1, 2, 3, 4 }, c = { 1, 2, 3 } },
      where = function(x) return (x.a + x.b * x.c) % 3 ~= 0 end,
    }
    local plan, as_listed = schedule.of(design), schedule.of(design, { order = "listed" })
    t.eq(#design.setups, #plan.groups)
    t.ok(plan.key_changes < as_listed.key_changes)
    t.ok(plan.key_changes <= #design.setups + 1, plan.key_changes)
  end)

  t.it("shuffles by seed, setups and runs within them", function()
    local a, b = schedule.of(grid "random", { seed = 1 }), schedule.of(grid "random", { seed = 1 })
    t.eq(setup_names(a), setup_names(b))
    t.ne(setup_names(a), setup_names(schedule.of(grid "random", { seed = 2 })))
    t.ne(setup_names(a), setup_names(schedule.of(grid "listed")))
    local found = setup_names(a)
    table.sort(found)
    local listed = setup_names(schedule.of(grid "listed"))
    table.sort(listed)
    t.eq(listed, found)
  end)

  t.it("repeats in blocks and gives every cell data of its own", function()
    local plan = schedule.of(grid "listed", { repeats = 3 })
    t.eq(108, plan.cells)
    local cells = {}
    for i, cell in ipairs(plan.groups[1].cells) do cells[i] = cell.name end
    t.eq({ "r1-r1", "r2-r1", "r1-r2", "r2-r2", "r1-r3", "r2-r3" }, cells)
    local seeds = {}
    for _, group in ipairs(plan.groups) do
      for _, cell in ipairs(group.cells) do seeds[#seeds + 1] = cell.seed end
    end
    t.ok(all_different(seeds))
  end)

  t.it("gives a cell the same seed in any order", function()
    local function seeds(plan)
      local by_name = {}
      for _, group in ipairs(plan.groups) do
        for _, cell in ipairs(group.cells) do by_name[group.setup.name .. cell.name] = cell.seed end
      end
      return by_name
    end
    t.eq(seeds(schedule.of(grid "listed")), seeds(schedule.of(grid "random")))
    t.ne(seeds(schedule.of(grid "listed")), seeds(schedule.of(grid "listed", { seed = 9 })))
  end)

  t.it("plans ten thousand treatments in a moment", function()
    local levels = {}
    for i = 1, 100 do levels[i] = i end
    local design = doe.full_factorial { setup = { a = levels }, run = { b = levels } }
    t.eq(10000, design.count)
    local plan = schedule.of(design)
    t.eq(10000, plan.cells)
    t.eq(99, plan.key_changes)
  end)
end)
