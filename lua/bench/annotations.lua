---Reads the LuaCATS comments of a source file: the one place where the documentation of a module is written.
---@class bench.annotations
local M = {}

---@class bench.annotations.Function
---@field name string Without the module, e.g. `run` or `Task:join`
---@field call string How it is called, e.g. `exec.run(argv, opts?)`
---@field doc string[] Prose lines
---@field params { name: string, type: string, doc: string, optional: boolean }[]
---@field returns { type: string, doc: string }[]
---@field async boolean It waits

---@class bench.annotations.Module
---@field name string e.g. `host.exec`
---@field doc string[]
---@field functions bench.annotations.Function[]
---@field fields { name: string, type: string, doc: string }[]
---@field tables bench.annotations.Table[] What functions take and give, in the order of the source
---@field classes table<string, string> Local variable of a live object's class -> its short name

---@class bench.annotations.Table
---@field name string e.g. `host.exec.Options`
---@field parent? string The table whose fields it has, too
---@field doc string[]
---@field fields { name: string, type: string, doc: string, optional: boolean }[]

-- A type ends at the first blank outside of brackets.
local function split_type(text)
  local depth = 0
  for i = 1, #text do
    local c = text:sub(i, i)
    if c:find "[%({<%[]" then depth = depth + 1 end
    if c:find "[%)}>%]]" then depth = depth - 1 end
    local joins = text:sub(1, i - 1):find "[:,|]$" or text:sub(i):find "^ |"
    if c == " " and depth == 0 and not joins then return text:sub(1, i - 1), text:sub(i + 1):gsub("^%s+", "") end
  end
  return text, ""
end

local function parse_param(text)
  local name, rest = text:match "^([%w_%.]+%??)%s*(.*)$"
  if not name then return nil end
  local type_name, doc = split_type(rest)
  return { name = (name:gsub("%?$", "")), type = type_name, doc = doc, optional = name:find "%?$" ~= nil }
end

local function parse_return(text)
  local type_name, rest = split_type(text)
  return { type = type_name, doc = rest }
end

-- Turns the comment lines before something into its parts.
local function parse_block(lines)
  local block = { doc = {}, params = {}, returns = {}, fields = {}, async = false }
  for _, line in ipairs(lines) do
    local tag, text = line:match "^@(%w+)%s*(.*)$"
    if not tag then block.doc[#block.doc + 1] = line
    elseif tag == "param" then block.params[#block.params + 1] = parse_param(text)
    elseif tag == "return" then block.returns[#block.returns + 1] = parse_return(text)
    elseif tag == "field" then
      if not text:find "^private " then block.fields[#block.fields + 1] = parse_param(text) end
    elseif tag == "class" then
      block.class, block.parent = text:match "^([%w_%.]+)%s*:?%s*([%w_%.]*)"
    elseif tag == "meta" then block.meta = text
    elseif tag == "async" then block.async = true
    elseif tag == "private" then block.private = true
    end
  end
  return block
end

local function call_text(owner, separator, name, arguments, params)
  local optional = {}
  for _, param in ipairs(params) do optional[param.name] = param.optional end
  local shown = {}
  for argument in arguments:gmatch "[%w_%.]+" do
    shown[#shown + 1] = argument .. (optional[argument] and "?" or "")
  end
  return owner .. separator .. name .. "(" .. table.concat(shown, ", ") .. ")"
end

-- `---@class host.sim.Server` before `local server = {}`: methods of `server` belong to Server.
local function note_class(module, block, line)
  local variable = line:match "^local ([%w_]+) = "
  if variable and block.class and block.class ~= module.name then
    module.classes[variable] = block.class:match "[%w_]+$"
  end
end

local function add_table(module, block)
  if not block.class or block.class == module.name or #block.fields == 0 then return end
  module.tables[#module.tables + 1] = { name = block.class, parent = block.parent ~= "" and block.parent or nil,
    doc = block.doc, fields = block.fields }
end

local function add_function(module, block, line)
  local owner, separator, name, arguments = line:match "^function ([%w_]+)([%.:])([%w_]+)%(([^%)]*)%)"
  if not owner or block.private then return end
  local class = module.classes[owner]
  module.functions[#module.functions + 1] = {
    name = class and class .. separator .. name or name,
    call = call_text(class or module.name:match "[%w_]+$", separator, name, arguments, block.params),
    doc = block.doc, params = block.params, returns = block.returns, async = block.async,
  }
end

---Parses the text of an annotated module.
---@param text string
---@param name string The module's name, used when the text has no `@meta` or `@class`
---@return bench.annotations.Module
function M.parse(text, name)
  local module = { name = name, doc = {}, functions = {}, fields = {}, tables = {}, classes = {} }
  local lines, described = {}, false
  local function close(line)
    local block = parse_block(lines)
    lines = {}
    if block.meta then module.name = block.meta end
    if block.class == module.name or (block.meta and #block.doc > 0) then described = true end
    if block.class == module.name then
      module.doc, module.fields = block.doc, block.fields
    elseif not described and #module.doc == 0 and #block.doc > 0 and not line:find "^function" then
      module.doc = block.doc
    end
    note_class(module, block, line)
    add_table(module, block)
    add_function(module, block, line)
  end
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local comment = line:match "^%-%-%-(.*)$"
    if comment then
      lines[#lines + 1] = comment:find "^    " and comment or comment:gsub("^ ", "")  -- code keeps its indentation
    elseif #lines > 0 then
      close(line)
    end
  end
  return module
end

---Parses the annotations of a `host.*` or `bench.*` module.
---@param name string e.g. `host.exec` or `bench.doe`
---@return bench.annotations.Module? module nil if there is no such source file
function M.of(name)
  local home = require("host.info").home
  local path = name:match "^host%.(.+)$"
  local candidates = path and { home .. "/lua/types/" .. path .. ".lua" }
    or { home .. "/lua/" .. name:gsub("%.", "/") .. ".lua", home .. "/lua/" .. name:gsub("%.", "/") .. "/init.lua" }
  for _, candidate in ipairs(candidates) do
    local file = io.open(candidate)
    if file then
      local text = file:read "*a"
      file:close()
      return M.parse(text, name)
    end
  end
  return nil
end

---A table that some function takes or gives, with the fields that it has from others.
---@param name string e.g. `host.exec.StartOptions`
---@return bench.annotations.Table? described
function M.table(name)
  local module = M.of(name:match "^(.*)%." or "")
  for _, each in ipairs(module and module.tables or {}) do
    if each.name == name then
      local parent = each.parent and M.table(each.parent)
      local whole = { name = name, doc = each.doc, fields = { unpack(each.fields) } }
      for _, field in ipairs(parent and parent.fields or {}) do table.insert(whole.fields, field) end
      return whole
    end
  end
  return nil
end

return M
