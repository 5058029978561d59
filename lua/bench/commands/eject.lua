-- llmdbenchmark eject: copies shipped scripts next to the user for editing.
local function plan_copies(name, with_steps, into)
  local fs = require "host.fs"
  local search = require "bench.search"
  local wanted = name:gsub("%.lua$", ""):gsub("^scripts/", "")
  if wanted:match("^[^/]+/[^/]+$") and not search.shipped(wanted) then wanted = "steps/" .. wanted end
  local path, err = search.shipped(wanted)
  if not path then
    err.hint = err.hint:gsub("'steps/", "'")
    return nil, err
  end
  local copies = { { from = path, to = fs.join(into, wanted .. ".lua") } }
  if with_steps then
    local folder = fs.join(fs.parent(path), "steps", wanted)
    for _, item in ipairs(fs.list(folder) or {}) do
      local to = fs.join(into, "steps", wanted, item.name)
      table.insert(copies, { from = fs.join(folder, item.name), to = to })
    end
  end
  return copies
end

local function refuse_overwriting(copies)
  local fs = require "host.fs"
  for _, copy in ipairs(copies) do
    if fs.exists(copy.to) then
      return nil, { code = "conflict", message = copy.to .. " exists already; nothing was copied",
        hint = "edit it, or give --force to replace it" }
    end
  end
  return true
end

local function copy_all(copies)
  local fs = require "host.fs"
  for _, copy in ipairs(copies) do
    assert(fs.mkdir(fs.parent(copy.to)))
    assert(fs.copy(copy.from, copy.to))
    print(copy.to)
  end
end

local function run(cli)
  local copies = assert(plan_copies(cli.arguments.name, cli.options.with_steps, cli.options.into))
  if not cli.options.force then assert(refuse_overwriting(copies)) end
  copy_all(copies)
  return 0
end

local function script_names()
  local fs, names = require "host.fs", {}
  local root = fs.join(require("host.info").home, "scripts")
  for _, pattern in ipairs { "/*.lua", "/steps/*/*.lua" } do
    for _, path in ipairs(fs.glob(root .. pattern)) do
      names[#names + 1] = path:sub(#root + 2):gsub("^steps/", ""):gsub("%.lua$", "")
    end
  end
  return names
end

return {
  name = "eject",
  summary = "copy a shipped phase or step into ./scripts for editing",
  description = "The copy is found before the installed script from now on. To change one step of a phase, a "
    .. "script of your own that edits the phase is often shorter: see docs/scripting.md.",
  arguments = {
    { "name", metavar = "PHASE|PHASE/STEP", suggest = script_names, help = "what to copy: standup, or standup/ensure_infra" },
  },
  options = {
    { "--into", type = "path", default = "scripts", metavar = "DIR", help = "folder to copy into" },
    { "--with-steps", type = "boolean", help = "with a phase, copy its steps too" },
    { "--force", type = "boolean", help = "replace files that exist" },
  },
  usage_examples = {
    "llmdbenchmark eject standup",
    "llmdbenchmark eject standup --with-steps",
    "llmdbenchmark eject run/collect_results --into ~/.config/llmdbenchmark/scripts",
  },
  run = run,
}
