---The part of the Jinja2 language that specification files use: `{{ name }}`, `{% set name = value %}`,
---the filter `default` and comments. Anything else is an error that says so. White space is treated as the
---plan phase treats it everywhere: `trim_blocks`, `lstrip_blocks`, one final newline dropped.
---@class bench.plan.template
local M = {}

local text = require "host.text"

local HINT = "a specification may use {{ base_dir }}, {% set name = value %}, the filter default(...) "
  .. "and {# comments #}"

local function line_of(source, position)
  local _, newlines = source:sub(1, position - 1):gsub("\n", "")
  return newlines + 1
end

local function failure(state, message, position)
  local line = line_of(state.source, position)
  local place = state.file .. ":" .. line
  error({ code = "invalid", message = place .. ": " .. message, hint = HINT, file = state.file,
    line = line }, 0)
end

-- Expressions: a name or a quoted string, then any number of `| default(<expression>)`.

local parse_expression

local function skip_blanks(state)
  state.at = state.code:match("^%s*()", state.at)
end

local function take(state, pattern)
  skip_blanks(state)
  local found, stop = state.code:match("^(" .. pattern .. ")()", state.at)
  if found then state.at = stop end
  return found
end

local function defined_names(state)
  local names = {}
  for name in pairs(state.vars) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function parse_primary(state)
  local quoted = take(state, "'[^'\\]*'") or take(state, '"[^"\\]*"')
  if quoted then return { value = quoted:sub(2, -2) } end
  local name = take(state, "[%a_][%w_]*")
  if not name then
    failure(state, "'" .. state.code:match("^%s*(.-)%s*$") .. "' is not supported here", state.position)
  end
  return { value = state.vars[name], name = name }
end

local function parse_default(state, operand)
  if not take(state, "%(") then
    failure(state, "the filter default needs a value: default('...')", state.position)
  end
  local fallback = parse_expression(state)
  local also_empty = false
  if take(state, ",") then also_empty = take(state, "[%a]+") == "true" end
  if not take(state, "%)") then failure(state, "')' is missing in '" .. state.code .. "'", state.position) end
  if operand.value == nil or (also_empty and operand.value == "") then return fallback end
  return operand
end

function parse_expression(state)
  local operand = parse_primary(state)
  while take(state, "|") do
    local filter = take(state, "[%a_][%w_]*") or "?"
    if filter ~= "default" and filter ~= "d" then
      failure(state, "the filter '" .. filter .. "' is not supported", state.position)
    end
    operand = parse_default(state, operand)
  end
  return operand
end

local function evaluate(state, code, position)
  state.code, state.at, state.position = code, 1, position
  local operand = parse_expression(state)
  skip_blanks(state)
  if state.at <= #code then
    failure(state, "cannot read '" .. code:sub(state.at):match("^(.-)%s*$") .. "'", position)
  end
  if operand.value == nil then
    local known = defined_names(state)
    failure(state, "unknown variable '" .. operand.name .. "'" .. text.did_you_mean(operand.name, known),
      position)
  end
  return operand.value
end

local function run_statement(state, code, position)
  local name, expression = code:match("^%s*set%s+([%a_][%w_]*)%s*=%s*(.-)%s*$")
  if not name then
    failure(state, "the statement '{% " .. code:match("^%s*(.-)%s*$") .. " %}' is not supported", position)
  end
  state.vars[name] = evaluate(state, expression, position)
end

-- Tags and the white space around them.

local CLOSING = { ["{{"] = "}}", ["{%"] = "%}", ["{#"] = "#}" }

local function find_tag(source, from)
  local at = from
  while true do
    at = source:find("{", at, true)
    if not at then return nil end
    local opening = source:sub(at, at + 1)
    if CLOSING[opening] then return at, opening end
    at = at + 1
  end
end

-- The text before a tag at `start`, after `-` or lstrip_blocks had their say.
local function before_tag(plain, opening, sign, starts_line)
  if sign == "-" then return (plain:gsub("%s+$", "")) end
  if sign == "+" or opening == "{{" then return plain end
  local head, blanks = plain:match("^(.-)([ \t]*)$")
  if blanks ~= "" and (head:sub(-1) == "\n" or (head == "" and starts_line)) then return head end
  return plain
end

-- Where the text after a tag goes on.
local function after_tag(source, stop, opening, sign)
  if sign == "-" then return source:match("^%s*()", stop) end
  if sign ~= "+" and opening ~= "{{" then return source:match("^\r?\n()", stop) or stop end
  return stop
end

local function read_tag(state, start, opening)
  local source = state.source
  local closing_at = source:find(CLOSING[opening], start + 2, true)
  if not closing_at then failure(state, "'" .. opening .. "' is not closed", start) end
  local inner = source:sub(start + 2, closing_at - 1)
  local left, right = inner:match("^[-+]"), #inner > 1 and inner:match("[-+]$") or nil
  if opening == "{#" and left == "+" then left = nil end
  return inner:sub(left and 2 or 1, right and -2 or -1), left, right, closing_at + 2
end

local function render(state)
  local source, out, from = state.source, {}, 1
  while true do
    local start, opening = find_tag(source, from)
    if not start then break end
    local code, left, right, stop = read_tag(state, start, opening)
    local starts_line = from == 1 or source:sub(from - 1, from - 1) == "\n"
    out[#out + 1] = before_tag(source:sub(from, start - 1), opening, left, starts_line)
    if opening == "{{" then out[#out + 1] = evaluate(state, code, start) end
    if opening == "{%" then run_statement(state, code, start) end
    from = after_tag(source, stop, opening, right)
  end
  out[#out + 1] = source:sub(from)
  return table.concat(out)
end

---Renders `source` with `vars` (names to strings).
---@param source string
---@param vars table<string, string>
---@param opts { file: string } name for error messages
---@return string? text
---@return bench.Error? err `invalid`, with file and line, for whatever this subset cannot do
function M.render(source, vars, opts)
  local state = { source = source:gsub("\r?\n$", ""), file = opts.file, vars = {} }
  for name, value in pairs(vars) do state.vars[name] = value end
  local ok, result = pcall(render, state)
  if ok then return result end
  if type(result) == "table" then return nil, result end
  error(result, 0)
end

return M
