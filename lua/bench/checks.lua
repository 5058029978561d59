---A list of named checks with their outcome: what a smoketest says, for people and for machines.
---@class bench.checks
local M = {}

---@class bench.Check
---@field name string
---@field passed boolean
---@field message string
---@field expected any
---@field actual any

---@class bench.Checks
---@field items bench.Check[]
local Checks = {}
Checks.__index = Checks

---@return bench.Checks
function M.new()
  return setmetatable({ items = {} }, Checks)
end

---Notes one check; returns whether it passed.
---@param name string stable word, e.g. `service_endpoint`
---@param passed any
---@param message string
---@param facts? { expected?: any, actual?: any }
---@return boolean
function Checks:add(name, passed, message, facts)
  facts = facts or {}
  passed = passed and true or false
  self.items[#self.items + 1] = { name = name, passed = passed, message = message,
    expected = facts.expected, actual = facts.actual }
  return passed
end

---@return bench.Check[]
function Checks:failed()
  local failed = {}
  for _, item in ipairs(self.items) do
    if not item.passed then failed[#failed + 1] = item end
  end
  return failed
end

---What a step returns: a message with the count, or an error that names every failed check.
---@param subject string what was checked
---@return { message: string, checks: bench.Check[] }?
---@return bench.Error?
function Checks:outcome(subject)
  local failed = self:failed()
  if #failed == 0 then
    return { message = ("%s: %d/%d checks passed"):format(subject, #self.items, #self.items),
      checks = self.items }
  end
  local lines = {}
  for i, item in ipairs(failed) do lines[i] = "  " .. item.name .. ": " .. item.message end
  return nil, { code = "invalid", checks = self.items,
    message = ("%s: %d of %d checks failed\n%s"):format(subject, #failed, #self.items,
      table.concat(lines, "\n")) }
end

return M
