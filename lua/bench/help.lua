---`help(x)` of the REPL: the reference, from the same annotations as the pages in docs/api.
---@class bench.help
local M = {}

local annotations = require "bench.annotations"

local function loaded_modules()
  local names = {}
  for name, module in pairs(package.loaded) do
    if type(module) == "table" and (name:find "^host%." or name:find "^bench%.") then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- The module, or the module and the function, that a value is.
local function identify(value)
  for _, name in ipairs(loaded_modules()) do
    local module = package.loaded[name]
    if module == value then return name end
    for key, field in pairs(module) do
      if field == value and type(value) == "function" then return name, key end
    end
  end
  local meta = debug.getmetatable(value)
  local class = type(meta) == "table" and rawget(meta, "__name")
  if type(class) == "string" then return class:match "^(host%.[%w_]+)%.?(.*)$" end
  return nil
end

-- "exec.run", "host.exec.run", "exec": a module that exists, and the rest of the name.
local function resolve(text)
  for _, prefix in ipairs { "", "host.", "bench." } do
    local name = prefix .. text
    if annotations.of(name) then return name end
    local module, member = name:match "^(.*)[%.:]([%w_]+)$"
    if module and annotations.of(module) then return module, member end
  end
  return nil
end

local function field_line(field, indent)
  return ("%s%s%s: %s  %s"):format((" "):rep(indent), field.name, field.optional and "?" or "", field.type, field.doc)
end

local function describe_table(described)
  local lines = { described.name, "" }
  for _, line in ipairs(described.doc) do lines[#lines + 1] = "  " .. line end
  for _, field in ipairs(described.fields) do lines[#lines + 1] = field_line(field, 2) end
  return table.concat(lines, "\n")
end

-- An argument, and the fields that it may have if it is a table.
local function add_parameter(lines, param)
  lines[#lines + 1] = field_line(param, 2)
  for name in param.type:gmatch "[%w_]+%.[%w_%.]+" do
    local described = annotations.table(name)
    for _, field in ipairs(described and described.fields or {}) do lines[#lines + 1] = field_line(field, 6) end
  end
end

local function describe_function(entry)
  local lines = { entry.call .. (entry.async and "   (waits)" or ""), "" }
  for _, line in ipairs(entry.doc) do lines[#lines + 1] = "  " .. line end
  for _, param in ipairs(entry.params) do add_parameter(lines, param) end
  for _, result in ipairs(entry.returns) do
    lines[#lines + 1] = ("  -> %s  %s"):format(result.type, result.doc)
  end
  return table.concat(lines, "\n")
end

local function describe_module(module)
  local lines = { module.name, "" }
  for _, line in ipairs(module.doc) do lines[#lines + 1] = "  " .. line end
  lines[#lines + 1] = ""
  for _, entry in ipairs(module.functions) do
    lines[#lines + 1] = ("  %-44s %s"):format(entry.call, entry.doc[1] or "")
  end
  return table.concat(lines, "\n")
end

local function overview()
  local lines = { "Native modules, here under their short names (help(exec), help(exec.run), help 'bench.doe'):", "" }
  local names = {}
  for name in pairs(package.preload) do
    if name:find "^host%." then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local module = annotations.of(name)
    if module then lines[#lines + 1] = ("  %-10s %s"):format(name:match "[%w_]+$", module.doc[1] or "") end
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "bench.<name> is the Lua library; _ is the last value; Ctrl-C stops the line; Ctrl-D leaves."
  lines[#lines + 1] = "Tasks that a line starts (task.spawn) go on behind it, until they end or the session does."
  return table.concat(lines, "\n")
end

---The help text for a function, a module, an object, or a name of one.
---@param what any nil: the overview
---@return string text
function M.text(what)
  if what == nil then return overview() end
  local name, member
  if type(what) == "string" then name, member = resolve(what) else name, member = identify(what) end
  local module = name and annotations.of(name)
  if not module then
    return ("no documentation for %s; help() lists the modules"):format(
      type(what) == "string" and "'" .. what .. "'" or "this " .. type(what))
  end
  if not member or member == "" then return describe_module(module) end
  for _, entry in ipairs(module.functions) do
    if entry.name == member or entry.name:match "[%.:](.*)$" == member then return describe_function(entry) end
  end
  local described = annotations.table(name .. "." .. member)
  if described then return describe_table(described) end
  local class = {}
  for _, entry in ipairs(module.functions) do
    if entry.name:find("^" .. member .. "[%.:]") then class[#class + 1] = describe_function(entry) end
  end
  if #class > 0 then return table.concat(class, "\n\n") end
  return describe_module(module)
end

---Prints the help text; what the REPL knows as `help`.
---@param what any
function M.show(what) print(M.text(what)) end

return M
