---The command line of a local server: from the scenario's text to an argument vector, without a shell.
---@class bench.local_servers.command
local M = {}

local info = require "host.info"
local json = require "host.json"
local override = require "bench.plan.override"
local text = require "host.text"
local vars = require "bench.plan.vars"

-- The placeholders that every command knows.
local BUILT_IN = { "port", "host", "model", "namespace", "stack", "replica" }

local function invalid(stack, message, hint)
  return { code = "invalid", message = "stack '" .. stack.name .. "': " .. message, hint = hint }
end

-- Word splitting

local ESCAPE_IN_QUOTES = { ['"'] = true, ["\\"] = true }

-- Reads one quoted part that begins at `at`; returns its text and where it ends.
local function read_quoted(line, at, quote)
  local out, position = {}, at + 1
  while position <= #line do
    local c = line:sub(position, position)
    if c == quote then return table.concat(out), position + 1 end
    local next_c = line:sub(position + 1, position + 1)
    if c == "\\" and quote == '"' and ESCAPE_IN_QUOTES[next_c] then
      c, position = next_c, position + 1
    end
    out[#out + 1] = c
    position = position + 1
  end
  return nil
end

---Splits a command line into words as a shell would, but expands nothing: blanks separate, quotes and
---backslashes protect.
---@param line string
---@return string[]? words
---@return string? why what is wrong
function M.split(line)
  local words, word, at = {}, nil, 1
  while at <= #line do
    local c = line:sub(at, at)
    if c:match("%s") then
      words[#words + 1], word, at = word, nil, at + 1
    elseif c == "'" or c == '"' then
      local part, stop = read_quoted(line, at, c)
      if not part then return nil, "a quote is not closed" end
      word, at = (word or "") .. part, stop
    elseif c == "\\" then
      word, at = (word or "") .. line:sub(at + 1, at + 1), at + 2
    else
      local run = line:match("^[^%s'\"\\]+", at)
      word, at = (word or "") .. run, at + #run
    end
  end
  words[#words + 1] = word
  return words
end

-- Placeholders

local function known_names(values, unset)
  local names = {}
  for name in pairs(values) do names[#names + 1] = name end
  for name in pairs(unset) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- Fills `{name}`; `{{` and `}}` stand for braces. An unset variable is an error, or kept as it is.
local function fill(stack, word, values, keep_unset)
  local problem
  local protected = word:gsub("{{", "\1"):gsub("}}", "\2")
  local filled = protected:gsub("{([%a_][%w_]*)}", function(name)
    if values[name] ~= nil then return tostring(values[name]) end
    if stack.unset_vars[name] then
      if not keep_unset then problem = problem or vars.unset_error(stack, name) end
      return nil
    end
    local names = known_names(values, stack.unset_vars)
    problem = problem or invalid(stack, "unknown placeholder {" .. name .. "} in '" .. word .. "'" ..
      text.did_you_mean(name, names), "placeholders: " .. table.concat(names, ", ")
        .. "; write {{ and }} for braces")
  end)
  if problem then return nil, problem end
  return (filled:gsub("\1", "{"):gsub("\2", "}"))
end

local function values_for(stack, built_in)
  local values = {}
  local vars_of_stack = stack.config["local"].vars
  for _, name in ipairs(json.keys(vars_of_stack)) do values[name] = vars_of_stack[name] end
  for _, name in ipairs(BUILT_IN) do
    values[name] = built_in[name] ~= nil and built_in[name] or "{" .. name .. "}"
  end
  return values
end

local function words_of(stack)
  local command = stack.config["local"].command
  if type(command) == "string" then
    local words, why = M.split(command)
    if not words then return nil, invalid(stack, "local.command: " .. why) end
    return words
  end
  if override.kind_of(command) ~= "list" then
    return nil, invalid(stack, "local.command must be a list of words, or one line")
  end
  local words = {}
  for i, word in ipairs(command) do
    if type(word) == "table" then
      return nil, invalid(stack, "local.command: word " .. i .. " must be plain")
    end
    words[i] = tostring(word)
  end
  return words
end

local function environment_of(stack, values, keep_unset)
  local result = {}
  local env = stack.config["local"].env
  for _, name in ipairs(json.keys(env)) do
    local value = env[name]
    if type(value) == "table" then return nil, invalid(stack, "local.env." .. name .. " must be plain") end
    if value ~= json.null then
      local filled, err = fill(stack, tostring(value), values, keep_unset)
      if not filled then return nil, err end
      result[name] = filled
    end
  end
  return result
end

---The argument vector and environment of one replica's server. Without `built_in.port` (and so on) those
---placeholders stay as they are: what two replicas have in common.
---@param stack bench.plan.Stack
---@param built_in table values of `port host model namespace stack replica`, as far as they are known
---@param opts? { keep_unset?: boolean } leave variables without a value in place instead of failing
---@return { argv: string[], env: table<string, string> }? command
---@return bench.Error? err
function M.resolve(stack, built_in, opts)
  local keep_unset = opts and opts.keep_unset
  local words, err = words_of(stack)
  if not words then return nil, err end
  if #words == 0 then return nil, invalid(stack, "local.command is empty") end
  local values, argv = values_for(stack, built_in), {}
  for i, word in ipairs(words) do
    argv[i], err = fill(stack, word, values, keep_unset)
    if not argv[i] then return nil, err end
  end
  local environment
  environment, err = environment_of(stack, values, keep_unset)
  if not environment then return nil, err end
  return { argv = argv, env = environment }
end

---The program to start for `argv[1]`: our own executable if it is called by its name.
---@param name string
---@return string
function M.program(name)
  return name == "llmdbenchmark" and info.executable or name
end

return M
