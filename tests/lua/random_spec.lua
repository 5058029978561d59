local random = require "bench.random"
local t = require "bench.test"

t.describe("bench.random", function()
  t.it("gives the published sequence of MRG32k3a for the state 12345", function()
    local generator = random.from_state({ 12345, 12345, 12345 }, { 12345, 12345, 12345 })
    for _, expected in ipairs { 0.1270111, 0.3185276, 0.3091860, 0.8258468, 0.2216299 } do
      t.near(expected, generator:uniform(), 1e-7)
    end
  end)

  t.it("gives equal sequences for equal seeds and others for others", function()
    local function first(seed)
      local generator, list = random.new(seed), {}
      for i = 1, 5 do list[i] = generator:integer(1000000) end
      return list
    end
    t.eq(first(7), first(7))
    t.ne(first(7), first(8))
    t.ne(first(1), first(2 ^ 31))
    t.ne(first(1), first(2147483648))
  end)

  t.it("spreads evenly over its range", function()
    local generator, counts = random.new(3), {}
    for _ = 1, 60000 do
      local value = generator:integer(6)
      counts[value] = (counts[value] or 0) + 1
    end
    t.eq(6, #counts)
    local chi_square = 0
    for _, count in ipairs(counts) do chi_square = chi_square + (count - 10000) ^ 2 / 10000 end
    t.ok(chi_square < 20.5, chi_square) -- 99.9 % of true samples are below
  end)

  t.it("shuffles without losing anything", function()
    local list = {}
    for i = 1, 100 do list[i] = i end
    random.new(1):shuffle(list)
    t.ok(not (list[1] == 1 and list[2] == 2 and list[3] == 3))
    table.sort(list)
    for i = 1, 100 do t.eq(i, list[i]) end
  end)

  t.it("refuses seeds that are not whole numbers", function()
    t.raises(function() random.new(1.5) end, "whole number")
    t.raises(function() random.new(-1) end, "whole number")
  end)
end)
