--- The shipped templates with the configurations of the shipped specifications: no generated input, but what people
--- really plan with.
local fs = require "host.fs"
local info = require "host.info"
local peer = require "peer"
local plan = require "bench.plan"
local spec = require "bench.spec"
local suite = require "jinja.suite"

local M = {}

local SPECIFICATIONS = info.home .. "/config/specification/"
local TEMPLATES = info.home .. "/config/templates/jinja/"
local OPTIONS = { plan = true, trim_blocks = true, lstrip_blocks = true }

-- Sources by file name: of what makes a manifest, and of what those include.
local function read_templates()
  local templates, partials = {}, {}
  for _, path in ipairs(fs.glob(TEMPLATES .. "*.j2")) do
    local name = fs.basename(path)
    local into = name:sub(1, 1) == "_" and partials or templates
    into[name] = assert(fs.read(path))
  end
  return templates, partials
end

local function check_stack(count, reference, stack, name, templates, partials)
  for template, source in pairs(templates) do
    local case = { source = source, files = partials, context = stack.config, opts = OPTIONS }
    local expect, ours = reference:ask({ case = case }).expect, suite.ours(case)
    if ours.text and ours.text == expect.text then
      count.passed()
    else
      count.failed(("%s of %s differs from Jinja2's: %s"):format(template, name, ours.message or expect.message or "the text"))
    end
  end
end

---@param count table
---@param folder string
function M.run(count, folder)
  local reference = peer.start(folder .. "/reference.py")
  if not reference then return end                  -- the other suite says why
  local templates, partials = read_templates()
  for _, path in ipairs(fs.glob(SPECIFICATIONS .. "*/*.yaml.j2")) do
    local name = path:sub(#SPECIFICATIONS + 1):gsub("%.yaml%.j2$", "")
    local built = assert(plan.build(assert(spec.load(assert(spec.find(name)))), { dry_run = true }))
    for _, stack in ipairs(built.stacks) do
      if stack.method ~= "local" then
        check_stack(count, reference, stack, name .. ": " .. stack.name, templates, partials)
      end
    end
  end
  reference:stop()
end

return M
