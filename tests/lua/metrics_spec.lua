local http = require "host.http"
local json = require "host.json"
local metrics = require "host.metrics"
local probe = require "host.probe"
local sim = require "host.sim"
local t = require "bench.test"

local text = [[
# TYPE req counter
req_total{model="a"} 3
req_total{model="b"} 4
# TYPE lat histogram
lat_bucket{le="1"} 2
lat_bucket{le="2"} 4
lat_bucket{le="+Inf"} 4
lat_sum 5
lat_count 4
]]

t.describe("metrics", function()
  t.it("reads a page into plain tables", function()
    local families = t.ok(metrics.parse(text))
    t.eq({ "req", "lat" }, json.keys(families))
    t.eq("counter", families.req.type)
    t.eq({ name = "req_total", labels = { model = "a" }, value = 3 }, families.req.samples[1])
  end)

  t.it("computes values, quantiles and means", function()
    local families = t.ok(metrics.parse(text))
    t.eq(7, metrics.value(families, "req_total"))
    t.eq(4, metrics.value(families, "req_total", { labels = { model = "b" } }))
    t.eq(nil, metrics.value(families, "nothing"))
    t.near(1, metrics.quantile(families, "lat"), 1e-9)
    t.near(1.5, metrics.quantile(families, "lat", { q = 0.75 }), 1e-9)
    t.eq(1.25, metrics.mean(families, "lat"))
  end)

  t.it("subtracts scrapes and notices restarts", function()
    local before, after = metrics.parse(text), metrics.parse((text:gsub("} 3", "} 10"):gsub('"b"} 4', '"b"} 1')))
    local delta, resets = metrics.delta(before, after)
    t.eq(7, metrics.value(delta, "req_total", { labels = { model = "a" } }))
    t.eq(1, metrics.value(delta, "req_total", { labels = { model = "b" } }))
    t.eq({ "req_total" }, resets)
  end)

  t.it("says where a page is wrong", function()
    local err = t.fails("invalid", metrics.parse("a 1\nb c\n", { source = "pod-1" }))
    t.contains("pod-1:2:3: a number was expected", err.message)
    t.raises(function() metrics.value({ a = 1 }, "a") end, "what metrics.parse gives")
    t.raises(function() metrics.quantile({}, "a", { q = 50 }) end, "between 0 and 1")
  end)

  t.it("counts what a server did between two scrapes", function()
    local server = t.ok(sim.start { host = "127.0.0.1", port = 0, threads = 1, model = "m" })
    t.cleanup(function() server:stop() end)
    local before = t.ok(metrics.parse(t.ok(probe.metrics(server.url))))
    for _ = 1, 3 do
      t.ok(http.post(server.url .. "/v1/completions", { json = { model = "m", prompt = "a b c", max_tokens = 2 } }))
    end
    local delta = metrics.delta(before, t.ok(metrics.parse(t.ok(probe.metrics(server.url)))))
    t.eq(3, metrics.value(delta, "vllm:request_success_total"))
    t.ok(metrics.value(delta, "vllm:prompt_tokens_total") > 0)
    t.ok(metrics.quantile(delta, "vllm:e2e_request_latency_seconds", { q = 0.5 }) > 0)
  end)
end)
