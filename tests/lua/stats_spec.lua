local stats = require "host.stats"
local t = require "bench.test"

t.describe("stats.percentile", function()
  t.it("is exact and linear between neighbours", function()
    t.eq(2.5, stats.percentile({ 4, 1, 3, 2 }, 50))
    t.eq(1, stats.percentile({ 4, 1, 3, 2 }, 0))
    t.eq(nil, stats.percentile({}, 50))
  end)

  t.it("refuses what is no number or no percentile", function()
    t.raises(function() stats.percentile({ 1, "2" }, 50) end, "element 2 is not a number")
    t.raises(function() stats.percentile({ 1, 0 / 0 }, 50) end, "element 2 is not a number")
    t.raises(function() stats.percentile({ 1 }, 101) end, "from 0 to 100")
    t.raises(function() stats.percentile(7, 50) end, "expected a list of numbers")
  end)
end)

t.describe("stats.summary", function()
  t.it("says what the sample supports", function()
    local values = {}
    for i = 1, 100 do values[i] = (i * 37) % 100 end
    local s = stats.summary(values)
    t.eq(100, s.count)
    t.near(49.5, s.mean, 1e-9)
    t.near(49.5, s.p50, 1e-9)
    t.ok(s.interval.p50[1] < s.p50 and s.p50 < s.interval.p50[2])
    t.eq({ "p0.1", "p1", "p5", "p95", "p99", "p99.9" }, s.unsupported)
    t.eq({ count = 0 }, stats.summary {})
  end)

  t.it("takes other percentiles", function()
    t.eq(3, stats.summary({ 1, 2, 3 }, { percentiles = { 100 } }).p100)
    t.raises(function() stats.summary({ 1 }, { percentiles = { 200 } }) end, "from 0 to 100")
    t.raises(function() stats.summary({ 1 }, { percentile = { 50 } }) end, "did you mean 'percentiles'")
  end)
end)

t.describe("stats.samples_needed and rank_interval", function()
  t.it("give the published numbers", function()
    t.eq(662, stats.samples_needed(99))
    t.eq({ math.huge, math.huge }, { stats.samples_needed(0), stats.samples_needed(100) })
    t.eq({ 983, 997 }, { stats.rank_interval(1000, 99) })
    t.raises(function() stats.rank_interval(0, 50) end, "positive")
    t.raises(function() stats.rank_interval(10, 50, 1) end, "between 0 and 1")
  end)
end)

t.describe("stats.histogram", function()
  t.it("counts, merges and finds percentiles", function()
    local a, b = stats.histogram(), stats.histogram()
    for i = 1, 1000 do (i % 2 == 0 and a or b):record(i / 1000) end
    a:merge(b)
    t.eq(1000, a:facts().count)
    t.near(0.5, a:percentile(50), 0.5 * 2.5e-4)
    t.near(1, a:facts().max, 1e-9)
  end)

  t.it("refuses what it cannot count", function()
    local h = stats.histogram { unit = 1 }
    t.raises(function() h:record(-1) end, "from 0 on")
    t.raises(function() h:merge(stats.histogram()) end, "different units")
    t.raises(function() stats.histogram { unit = 0 } end, "positive")
    t.raises(function() stats.histogram { bits = 40 } end, "1 to 16 bits")
  end)
end)
