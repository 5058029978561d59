---Random numbers that are the same on every machine: L'Ecuyer's combined generator MRG32k3a, whose
---arithmetic is exact in doubles. Period about 2^191. Not for secrets.
---
---    p1 = (1403580 * a[n-2] -  810728 * a[n-3]) mod 4294967087
---    p2 = ( 527612 * b[n-1] - 1370589 * b[n-3]) mod 4294944443
---    u  = ((p1 - p2) mod 4294967087) / 4294967088,  0 counting as 4294967087
---@class bench.random
local M = {}

local MODULUS_A, MODULUS_B = 4294967087, 4294944443

---@class bench.random.Generator
---@field private a number[]
---@field private b number[]
local Generator = {}
Generator.__index = Generator

-- One word of state from a seed: a linear congruential step that is exact in doubles (48271 * 2^31 < 2^53).
local function expand(seed)
  local word = seed % 2147483647
  if word == 0 then word = 1 end
  return function()
    word = word * 48271 % 2147483647
    return word
  end
end

---A generator. Equal seeds give equal sequences.
---@param seed integer 0 to 2^53
---@return bench.random.Generator
function M.new(seed)
  if type(seed) ~= "number" or seed < 0 or seed % 1 ~= 0 or seed > 2 ^ 53 then
    error("random.new: the seed must be a whole number from 0 to 2^53", 2)
  end
  local low, high = expand(seed), expand(math.floor(seed / 2147483647) + 1)
  local function word() return (low() + high()) % 2147483647 + 1 end
  return M.from_state({ word(), word(), word() }, { word(), word(), word() })
end

---A generator with this state; both lists oldest first. For comparison with other implementations.
---@param a number[] three numbers below 4294967087, not all 0
---@param b number[] three numbers below 4294944443, not all 0
---@return bench.random.Generator
function M.from_state(a, b)
  return setmetatable({ a = { a[1], a[2], a[3] }, b = { b[1], b[2], b[3] } }, Generator)
end

---A number strictly between 0 and 1.
---@return number
function Generator:uniform()
  local a, b = self.a, self.b
  local p1 = (1403580 * a[2] - 810728 * a[1]) % MODULUS_A
  local p2 = (527612 * b[3] - 1370589 * b[1]) % MODULUS_B
  a[1], a[2], a[3] = a[2], a[3], p1
  b[1], b[2], b[3] = b[2], b[3], p2
  local difference = (p1 - p2) % MODULUS_A
  if difference == 0 then difference = MODULUS_A end
  return difference / (MODULUS_A + 1)
end

---A whole number from 1 to `limit`.
---@param limit integer
---@return integer
function Generator:integer(limit)
  return math.floor(self:uniform() * limit) + 1
end

---Brings a list into random order, in place (Fisher and Yates), and returns it.
---@generic T
---@param list T[]
---@return T[] list
function Generator:shuffle(list)
  for i = #list, 2, -1 do
    local j = self:integer(i)
    list[i], list[j] = list[j], list[i]
  end
  return list
end

return M
