local t = require "bench.test"
local doc, info = require "bench.doc", require "host.info"

t.describe("docs", function()
  for _, set in ipairs(assert(doc.sets(info.home))) do
    t.it("has in " .. set.folder .. " what `llmdbenchmark doc` writes today", function()
      t.eq({}, doc.differences(info.home .. "/docs/" .. set.folder, set.pages, set.others or ""))
    end)
  end
end)
