-- What the host really offers, its types, its specs and its pages must name the same functions.
local t = require "bench.test"
local annotations, fs, info = require "bench.annotations", require "host.fs", require "host.info"

-- host.testing exists for specs alone and is documented where specs get it: bench.test.
local INTERNAL = { testing = true }

local function host_modules()
  local names = {}
  for name in pairs(package.preload) do
    local short = name:match "^host%.([%w_]+)$"
    if short and not INTERNAL[short] then names[#names + 1] = short end
  end
  table.sort(names)
  return names
end

-- Functions of the module, and `Class:method` of its live objects.
local function offered(short)
  local names = {}
  for name, value in pairs(require("host." .. short)) do
    if type(value) == "function" then names[#names + 1] = name end
  end
  for key, value in pairs(debug.getregistry()) do
    local class = type(key) == "string" and key:match("^host%." .. short .. "%.(%w+)$")
    if class and type(value) == "table" and value.methods then
      for name in pairs(value.methods) do names[#names + 1] = class .. ":" .. name end
    end
  end
  table.sort(names)
  return names
end

for _, short in ipairs(host_modules()) do
  t.describe("host." .. short, function()
    t.it("documents what it offers, and nothing else", function()
      local module = t.ok(annotations.of("host." .. short), "lua/types/" .. short .. ".lua is missing")
      local documented, bare = {}, {}
      for _, entry in ipairs(module.functions) do
        documented[#documented + 1] = entry.name
        if #entry.doc == 0 and #entry.returns == 0 then bare[#bare + 1] = entry.name end
      end
      table.sort(documented)
      t.eq(offered(short), documented)
      t.eq({}, bare, "functions without a word of documentation")
    end)

    t.it("has a spec that uses each function", function()
      local text = ""
      for _, path in ipairs(fs.glob(info.home .. "/tests/lua/**.lua")) do text = text .. t.ok(fs.read(path)) end
      local unused = {}
      for _, name in ipairs(offered(short)) do
        local member = name:match "[%w_]+$"
        local called = name:find ":" and "[%.:]" .. member .. "%f[^%w_]" or short .. "%." .. member .. "%f[^%w_]"
        if not text:find(called) then unused[#unused + 1] = name end
      end
      t.eq({}, unused)
    end)
  end)
end
