local t = require "bench.test"
local tables = require "bench.table"

local columns = { { title = "stage", align = "right" }, { title = "verdict" },
  { title = "rate", align = "right" } }
local rows = { { 0, { text = "valid", style = "good" }, "12.5" },
  { 10, { text = "client-limited", style = "bad" }, nil } }

t.describe("bench.table", function()
  t.it("aligns columns", function()
    t.eq("stage  verdict         rate\n-----  --------------  ----\n" ..
      "    0  valid           12.5\n   10  client-limited     -\n",
        tables.render(columns, rows, { ascii = true }))
  end)

  t.it("colours only when asked to, without disturbing the alignment", function()
    local colored = tables.render(columns, rows, { color = true })
    t.contains("\27[32mvalid         \27[0m", colored)
    t.eq(tables.render(columns, rows), (colored:gsub("\27%[%d*m", "")))
  end)

  t.it("turns into blocks when the terminal is narrow", function()
    t.eq("stage 0\n  verdict  valid\n  rate     12.5\nstage 10\n  verdict  client-limited\n  rate     -\n",
      tables.render(columns, rows, { width = 26 }))
  end)

  t.it("counts characters, not bytes", function()
    t.eq("a    b\n---  -\nµµµ  x\n", tables.render({ { title = "a" }, { title = "b" } }, { { "µµµ", "x" } },
      { ascii = true }))
  end)

  t.it("says nothing about nothing", function() t.eq("", tables.render(columns, {})) end)

  t.it("writes numbers and times for people", function()
    t.eq("12.35", tables.number(12.3456))
    t.eq("0.001235", tables.number(0.00123456))
    t.eq("123457", tables.number(123456.7))
    t.eq("100", tables.number(100))
    t.eq("0", tables.number(0))
    t.eq(nil, tables.number(nil))
    t.eq("850 µs", tables.seconds(0.00085))
    t.eq("12.3 ms", tables.seconds(0.0123))
    t.eq("4.56 s", tables.seconds(4.56))
    t.eq("12m 05s", tables.seconds(725))
    t.eq("3h 07m", tables.seconds(11220))
    t.eq({ "1 ms", "999 µs", "1 s", "999 ms", "2m 00s", "1h 00m", "59m 59s" }, { tables.seconds(0.0009999),
      tables.seconds(0.0009991), tables.seconds(0.9999), tables.seconds(0.9991), tables.seconds(119.9), tables.seconds(3599.9),
      tables.seconds(3599.1) })
  end)
end)

t.describe("table.render", function()
  local function refused(words, ...)
    local arguments = { n = select("#", ...), ... }
    t.raises(function()
      local text = tables.render(unpack(arguments, 1, arguments.n))
      return text
    end, "table_spec.lua:%d+: table.render%(.*: " .. words)
  end

  t.it("raises at its caller when shapes are wrong", function()
    refused("columns are a list", nil, {})
    refused("column 1 is { title = ..., align = ... }, not a string", { "a" }, {})
    refused("column 2 is .* not a table without a title", { { title = "a" }, {} }, {})
    refused("rows are a list of lists", { { title = "a" } }, "x")
    refused("row 1 is a list of cells, not a string", { { title = "a" } }, { "x" })
    refused("row 1, column 1: a cell is a text", { { title = "a" } }, { { { "x" } } })
    refused("there is no style 'green'", { { title = "a" } }, { { { text = "x", style = "green" } } })
    refused("the options are a table", { { title = "a" } }, {}, 80)
  end)
end)
