local t = require "bench.test"
local doc, info = require "bench.doc", require "host.info"

t.describe("docs/api", function()
  t.it("is what `llmdbenchmark doc` writes today", function()
    t.eq({}, doc.differences(info.home .. "/docs/api", doc.pages(info.home)))
  end)
end)
