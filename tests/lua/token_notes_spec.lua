local t = require "bench.test"
local notes = require "bench.report.token_notes"

local function of(tokens) return table.concat(notes.of { counts = { succeeded = 20 }, tokens = tokens }, "\n") end

t.describe("bench.report.token_notes", function()
  t.it("says what is not known of the tokens, and what chunks hold", function()
    t.eq("", of { with_usage = 20, output_not_as_requested = 3, per_chunk = { mean = 1 } })
    t.contains("20 of 20 answers do not say how many tokens they hold", of { output_unknown = 20 })
    t.contains("20 of 20 answers count other lengths", of { with_usage = 0, output_not_as_requested = 20 })
    t.contains("a chunk holds 4.0 tokens on average", of { with_usage = 20, per_chunk = { mean = 4 } })
  end)
end)
