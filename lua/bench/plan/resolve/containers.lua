---Images of init containers: by `imageKey`, an entry of `images`, or with the tag `auto`.
---@class bench.plan.resolve.containers
local M = {}

local images = require "bench.plan.resolve.images"
local json = require "host.json"
local merge = require "bench.plan.merge"
local override = require "bench.plan.override"
local text = require "host.text"

local function given(map, key)
  local value = rawget(map, key)
  if value == json.null or value == "" then return nil end
  return value
end

local function refuse(state, path, message, hint)
  local stack = state.stack
  local place = merge.origin_at(stack.origins, path)
  return { code = "invalid", key = path, message = ("%sstack '%s': %s: %s"):format(place and place .. ": " or "",
    stack.name, path, message), hint = hint }
end

local function entry_of(state, path, key)
  local known = state:get "images" or {}
  local names = {}
  for _, name in ipairs(json.keys(known)) do
    if override.kind_of(rawget(known, name)) == "map" then names[#names + 1] = name end
  end
  table.sort(names)
  if type(key) ~= "string" then
    return nil, refuse(state, path .. ".imageKey", "must be a string, the name of an entry of images, not "
      .. override.kind_of(key))
  end
  local entry = rawget(known, key)
  if override.kind_of(entry) ~= "map" then
    return nil, refuse(state, path .. ".imageKey", "'" .. key .. "' does not match any entry of images"
      .. text.did_you_mean(key, names), "available: " .. table.concat(names, ", "))
  end
  return entry
end

local function tag_of(state, path, key, entry)
  local repository, tag = given(entry, "repository"), given(entry, "tag")
  if not repository or not tag then
    return nil, refuse(state, path .. ".imageKey", "images." .. key .. " has an empty repository or tag",
      "set images." .. key .. ".repository and images." .. key .. ".tag")
  end
  if tag ~= "auto" then return repository .. ":" .. tag, nil, "images." .. key end
  local found, reason = images.newest(state, repository)
  if not found then
    state:unresolved(path .. ".image", "tags of " .. repository .. ": " .. reason, images.REMEDY)
    return repository .. ":auto", nil, "images." .. key
  end
  state:set({ "images", key, "tag" }, found.tag, ("auto: newest of %s (%s)"):format(repository, found.tool))
  return repository .. ":" .. found.tag, nil, "images." .. key
end

local function by_key(state, path, container)
  local key = rawget(container, "imageKey")
  local entry, err = entry_of(state, path, key)
  if not entry then return err end
  local image, origin
  image, err, origin = tag_of(state, path, key, entry)
  if not image then return err end
  container.image, container.imageKey = image, nil
  if not given(container, "imagePullPolicy") then container.imagePullPolicy = given(entry, "pullPolicy") end
  merge.note_one(state.stack.origins, path .. ".image", origin)
end

local function by_tag(state, path, container)
  local repository = given(container, "image"):match "^(.+):auto$"
  if not repository then return end
  local found, reason = images.newest(state, repository)
  if not found then
    state:unresolved(path .. ".image", "tags of " .. repository .. ": " .. reason, images.REMEDY)
    return
  end
  container.image = repository .. ":" .. found.tag
  merge.note_one(state.stack.origins, path .. ".image", ("auto: newest of %s (%s)"):format(repository, found.tool))
end

local function resolve_one(state, path, container)
  local image, key = given(container, "image"), given(container, "imageKey")
  if image and key then
    return refuse(state, path, "cannot set both image and imageKey", "keep one of them")
  end
  if key then return by_key(state, path, container) end
  if type(image) == "string" then return by_tag(state, path, container) end
end

---Fills in the images of the init containers of all roles.
---@async
---@param state bench.plan.resolve.Lookup
---@return bench.Error? err a mistake in the configuration
function M.resolve(state)
  for _, role in ipairs { "decode", "prefill", "standalone" } do
    local list = state:get(role, "initContainers")
    for index, container in ipairs(override.kind_of(list) == "list" and list or {}) do
      if override.kind_of(container) == "map" then
        local err = resolve_one(state, ("%s.initContainers.%d"):format(role, index - 1), container)
        if err then return err end
      end
    end
  end
end

return M
