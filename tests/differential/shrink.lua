--- Makes a failing case smaller while it goes on failing.
local json = require "host.json"

local M = {}

-- Pieces of a template: a tag's delimiters, words, numbers, blanks, and single characters.
local function tokens_of(text)
  local tokens, at = {}, 1
  while at <= #text do
    local token = text:match("^[{%%#-]?[{%%#}][-+]?", at) or text:match("^[%w_]+", at) or text:match("^[^\128-\191][\128-\191]*", at)
      or text:sub(at, at)
    tokens[#tokens + 1] = token
    at = at + #token
  end
  return tokens
end

local function without(tokens, first, last)
  local kept = {}
  for i, token in ipairs(tokens) do
    if i < first or i > last then kept[#kept + 1] = token end
  end
  return kept
end

-- Drops ever smaller runs of tokens.
local function drop_runs(text, fails)
  local tokens = tokens_of(text)
  local size = math.ceil(#tokens / 2)
  while size >= 1 do
    local at, dropped = 1, false
    while at <= #tokens do
      local fewer = without(tokens, at, at + size - 1)
      if fails(table.concat(fewer)) then
        tokens, dropped = fewer, true
      else
        at = at + size
      end
    end
    if not (dropped and size == 1) then size = math.floor(size / 2) end
  end
  return table.concat(tokens)
end

-- Places of `{% word ... %}` with the word.
local function tags_of(text)
  local tags, at = {}, 1
  while true do
    local first, last, word = text:find("{%%[-+]?%s*(%a+)[^%%]-%%}", at)
    if not first then return tags end
    tags[#tags + 1] = { first = first, last = last, word = word }
    at = last + 1
  end
end

-- Drops a tag and its end, keeping what is between or not.
local function drop_pairs(text, fails)
  local again = true
  while again do
    again = false
    local tags = tags_of(text)
    for i = 1, #tags do
      for k = #tags, i + 1, -1 do
        if tags[k].word == "end" .. tags[i].word then
          local before, after = text:sub(1, tags[i].first - 1), text:sub(tags[k].last + 1)
          for _, shorter in ipairs { before .. after, before .. text:sub(tags[i].last + 1, tags[k].first - 1) .. after } do
            if not again and fails(shorter) then text, again = shorter, true end
          end
        end
        if again then break end
      end
      if again then break end
    end
  end
  return text
end

local function copy(case)
  local new = {}
  for key, value in pairs(case) do new[key] = value end
  for _, part in ipairs { "files", "context", "opts" } do
    local values = json.object()
    for key, value in pairs(case[part] or {}) do values[key] = value end
    new[part] = values
  end
  return new
end

local function drop_entries(case, part, fails)
  local names = {}
  for name in pairs(case[part]) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local fewer = copy(case)
    fewer[part][name] = nil
    if fails(fewer) then case = fewer end
  end
  return case
end

---@param case table { source, files, context, opts }
---@param fails fun(case: table): boolean
---@return table case
function M.case(case, fails)
  case = copy(case)
  local function shorten(get, set)
    local function still(text)
      local other = copy(case)
      set(other, text)
      return fails(other)
    end
    for _, pass in ipairs { drop_pairs, drop_runs } do set(case, pass(get(case), still)) end
  end
  local size
  repeat
    size = #case.source
    shorten(function(c) return c.source end, function(c, text) c.source = text end)
    case = drop_entries(case, "files", fails)
    for name in pairs(copy(case).files) do
      shorten(function(c) return c.files[name] end, function(c, text) c.files[name] = text end)
    end
  until #case.source == size
  for _, part in ipairs { "context", "opts" } do case = drop_entries(case, part, fails) end
  return case
end

---The same for a text alone.
function M.text(text, fails) return drop_runs(text, fails) end

return M
