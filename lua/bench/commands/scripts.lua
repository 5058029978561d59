-- llmdbenchmark scripts: phases and steps, and the file each one comes from.
local function rows_of(script)
  local phase = script.name:match("^([^/]+)$")
  local steps_of, step = script.name:match("^steps/([^/]+)/([^/]+)$")
  local kind = phase and "phase" or step and "step" or "other"
  return {
    kind = kind, name = step and steps_of .. "/" .. step or script.name, file = script.path,
    origin = script.origin, shadows = script.shadows,
  }
end

local function collect()
  local rows = {}
  for _, script in ipairs(require("bench.search").list()) do
    rows[#rows + 1] = rows_of(script)
  end
  local rank = { phase = 1, step = 2, other = 3 }
  table.sort(rows, function(a, b)
    if a.kind ~= b.kind then return rank[a.kind] < rank[b.kind] end
    return a.name < b.name
  end)
  return rows
end

local TITLES = { phase = "Phases", step = "Steps", other = "Other scripts" }

local function print_rows(rows)
  local width, kind = 0, nil
  for _, row in ipairs(rows) do width = math.max(width, #row.name) end
  for _, row in ipairs(rows) do
    if row.kind ~= kind then
      print((kind and "\n" or "") .. TITLES[row.kind])
      kind = row.kind
    end
    local mark = row.origin == "installed" and "" or ("  (%s)"):format(row.origin)
    print(("  %-" .. width .. "s  %s%s"):format(row.name, row.file, mark))
    for _, file in ipairs(row.shadows) do print(("  %-" .. width .. "s  instead of %s"):format("", file)) end
  end
end

local function run(cli)
  local rows = collect()
  if cli.json then
    io.write(require("host.json").encode(rows, { indent = 2 }), "\n")
  else
    print_rows(rows)
  end
  return 0
end

return {
  name = "scripts",
  summary = "list phases and steps with the file each one comes from",
  description = "Scripts are looked up in ./scripts, --scripts DIR, LLMDBENCH_SCRIPTS, "
    .. "$XDG_CONFIG_HOME/llmdbenchmark/scripts and the installed copy; the first one found is used. "
    .. "'llmdbenchmark eject' copies an installed one for editing.",
  options = { require("bench.options.shared").scripts },
  json = true,
  usage_examples = { "llmdbenchmark scripts", "llmdbenchmark scripts --json" },
  run = run,
}
