local sim = require "host.sim"
local sim_options = require "bench.sim_options"
local t = require "bench.test"

t.describe("bench.sim_options", function()
  t.it("declares every option of the server for the command line, without defaults", function()
    local by_name = {}
    for _, option in ipairs(sim_options.declared()) do by_name[option[1]] = option end
    for _, option in ipairs(sim.options()) do t.ok(by_name["--" .. option.name], option.name) end
    local ttft = by_name["--time-to-first-token"]
    t.eq("string", ttft.type)
    t.eq("DURATION", ttft.metavar)
    t.contains("SIM_TIME_TO_FIRST_TOKEN", ttft.help)
    t.contains("tokens; one of 8, 16, 32, 64, 128; default 16", by_name["--block-size"].help)
    t.eq("list", by_name["--failure-types"].type)
    t.eq(true, by_name["--api-key"].secret)
    for _, option in ipairs(sim_options.declared()) do t.eq(nil, option.default) end
  end)

  t.it("takes only its own out of what was typed", function()
    t.eq({ port = 1, max_num_seqs = 2 }, sim_options.given { port = 1, max_num_seqs = 2, verbose = true })
  end)

  t.it("writes a page with every option", function()
    local page = sim_options.page()
    for _, option in ipairs(sim.options()) do t.contains("| `" .. option.name .. "` |", page) end
    t.contains("\n## Latency\n", page)
  end)
end)
