-- llmdbenchmark specs: lists all specifications.
local shared = require("bench.options").shared

local COLUMNS = { { title = "SPECIFICATION" }, { title = "METHOD" }, { title = "MODEL" }, { title = "NEEDS" } }

local function cells(row)
  if row.error then return { row.name, "-", "-", { text = "broken: " .. row.error, style = "bad" } } end
  return { row.name, table.concat(row.methods, ", "), table.concat(row.models, ", "),
    #row.needs > 0 and table.concat(row.needs, ", ") or "nothing else" }
end

local function print_table(rows)
  local grid = {}
  for i, row in ipairs(rows) do grid[i] = cells(row) end
  local screen = require("bench.report.screen").look()
  io.stdout:write(require("bench.table").render(COLUMNS, grid, screen))
end

local function run(cli)
  return require("bench.startup").with_console(cli, function(opts)
    local rows = require("bench.specs").rows { base_dir = opts.base_dir }
    if cli.json then
      local json = require "host.json"
      print(json.encode(json.list(rows), { indent = 2 }))
    else
      print_table(rows)
    end
    for _, row in ipairs(rows) do
      if row.error then return require("host.info").exit_codes.failed end
    end
    return 0
  end)
end

return {
  name = "specs",
  summary = "list all specifications with their models, methods and needs",
  description = "Searches config/specification below --base-dir and in the installation. Exit code 1: one of "
    .. "them is broken.",
  options = { require("bench.options").without(shared.session, "--workspace", "--specification_file", "--scripts",
    "--dry-run", "--events") },
  json = true,
  usage_examples = {
    "llmdbenchmark specs",
    "llmdbenchmark --base-dir ~/my-tree specs --json",
  },
  run = run,
}
