local t = require "bench.test"
local cache = require "bench.prefix_cache"

t.describe("bench.prefix_cache", function()
  t.it("takes the difference of two readings", function()
    local usage = cache.between({ hits = 100, queries = 1000 }, { hits = 250, queries = 1200 })
    t.eq({ hit_tokens = 150, queried_tokens = 200, hit_rate = 0.75 }, usage)
    t.eq(nil, cache.between(nil, { hits = 1, queries = 1 }))
    t.eq(nil, cache.between({ hits = 5, queries = 9 }, { hits = 0, queries = 0 }), "a restarted server")
    t.eq(nil, cache.between({ hits = 5, queries = 9 }, { hits = 5, queries = 9 }).hit_rate)
  end)

  t.it("speaks up when the rate contradicts the workload", function()
    t.match("share nothing", cache.contradiction({ hit_rate = 0.4 }, 0))
    t.match("only 10 %% .* about 80 %%", cache.contradiction({ hit_rate = 0.1 }, 0.8))
    for rate, share in pairs { [0.01] = 0, [0.7] = 0.8 } do
      t.eq(nil, cache.contradiction({ hit_rate = rate }, share))
    end
    t.eq(nil, cache.contradiction({ hit_rate = 0.9 }, nil))
    t.eq(nil, cache.contradiction(nil, 0))
    t.eq(nil, cache.contradiction({}, 0))
  end)
end)
