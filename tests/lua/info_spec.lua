local t = require "bench.test"
local info = require "host.info"

t.describe("host.info", function()
  t.it("says what this program is", function()
    t.eq("llmdbenchmark", info.name)
    t.match("^%d+%.%d+%.%d+$", info.version)
    t.eq(1, info.api)
    t.ok(io.open(info.home .. "/lua/bench/main.lua")):close()
  end)

  t.it("lists each exit code once, with a meaning", function()
    local seen = {}
    for _, entry in ipairs(info.exit_code_list) do
      t.eq(info.exit_codes[entry.name], entry.code)
      t.eq(nil, seen[entry.code])
      t.ok(#entry.meaning > 10)
      seen[entry.code] = true
    end
    t.eq(0, info.exit_codes.success)
    t.eq(2, info.exit_codes.usage)
    t.eq(130, info.exit_codes.interrupted)
  end)
end)
