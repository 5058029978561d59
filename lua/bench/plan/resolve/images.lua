---The newest tag of an image, from its registry: by skopeo, else crane, else podman.
---@class bench.plan.resolve.images
local M = {}

local json = require "host.json"
local lookup = require "bench.plan.resolve.lookup"
local versions = require "bench.plan.resolve.versions"

M.REMEDY = "install skopeo, crane or podman and allow the registry, or write the tag instead of auto"

local function lines_of(text, column)
  local found = {}
  for line in text:gmatch "[^\r\n]+" do
    local words = {}
    for word in line:gmatch "%S+" do words[#words + 1] = word end
    found[#found + 1] = words[column]
  end
  return found
end

local function skopeo_tags(text)
  local answer = json.decode(text)
  local tags = type(answer) == "table" and rawget(answer, "Tags")
  return type(tags) == "table" and tags or {}
end

local function podman_tags(text)
  local tags = lines_of(text, 2)
  if tags[1] == "TAG" then table.remove(tags, 1) end
  return tags
end

local TOOLS = {
  { argv = function(repository) return { "skopeo", "list-tags", "docker://" .. repository } end, tags = skopeo_tags },
  { argv = function(repository) return { "crane", "ls", repository } end,
    tags = function(text) return lines_of(text, 1) end },
  { argv = function(repository)
      return { "podman", "search", "--list-tags", "--limit", "1000", repository }
    end, tags = podman_tags },
}

local function texts_of(list)
  local texts = {}
  for _, each in ipairs(list) do
    if type(each) == "string" and each ~= "" then texts[#texts + 1] = each end
  end
  return texts
end

local function ask(repository)
  local reasons = {}
  for _, tool in ipairs(TOOLS) do
    local argv = tool.argv(repository)
    local out, reason = lookup.run(argv)
    if out then
      local tag = versions.newest(texts_of(tool.tags(out)))
      if tag then return { tag = tag, tool = argv[1] } end
      reason = argv[1] .. " lists no tags"
    end
    reasons[#reasons + 1] = reason
  end
  return nil, table.concat(reasons, "; ")
end

---The newest release among the tags of a repository.
---@async
---@param state bench.plan.resolve.Lookup
---@param repository string
---@return { tag: string, tool: string }? found
---@return string? reason
function M.newest(state, repository)
  local quiet = state:quiet()
  if quiet then return nil, quiet end
  return state:once("image " .. repository, function() return ask(repository) end)
end

local function resolve_tag(state, parts, repository)
  if type(repository) ~= "string" or repository == "" then return end
  local found, reason = M.newest(state, repository)
  local key = table.concat(parts, ".")
  if found then
    state:set(parts, found.tag, ("auto: newest of %s (%s)"):format(repository, found.tool))
  else
    state:unresolved(key, ("tags of %s: %s"):format(repository, reason), M.REMEDY)
  end
end

---Replaces the tags `auto` of `images.*`, and of the images of the methods in use.
---@async
---@param state bench.plan.resolve.Lookup
function M.resolve(state)
  local images = state:get "images"
  for _, key in ipairs(type(images) == "table" and json.keys(images) or {}) do
    if state:get("images", key, "tag") == "auto" then
      resolve_tag(state, { "images", key, "tag" }, state:get("images", key, "repository"))
    end
  end
  for _, section in ipairs { "standalone", "wva" } do
    if state:get(section, "enabled") == true and state:get(section, "image", "tag") == "auto" then
      resolve_tag(state, { section, "image", "tag" }, state:get(section, "image", "repository"))
    end
  end
end

return M
