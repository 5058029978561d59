-- llmdbenchmark doc: writes what is generated below docs: pages from the annotations, keys, schemas.
local info = require "host.info"

local function write_set(folder, set)
  local doc = require "bench.doc"
  local changed, err = doc.write(folder, set.pages, set.others or "")
  if not changed then return nil, err end
  for _, page in ipairs(changed) do print(page.state, folder .. "/" .. page.name) end
  return #changed
end

local function fail(err)
  io.stderr:write("llmdbenchmark doc: ", tostring(err), "\n")
  return info.exit_codes.failed
end

local function run(cli)
  local fs = require "host.fs"
  local sets, err = require("bench.doc").sets(info.home)
  if not sets then return fail(err) end
  local folder, total = cli.arguments.folder or "docs", 0
  for _, set in ipairs(sets) do
    local count
    count, err = write_set(set.folder == "." and folder or fs.join(folder, set.folder), set)
    if not count then return fail(err) end
    total = total + count
  end
  print(total .. " pages changed")
  return info.exit_codes.success
end

return {
  name = "doc",
  summary = "write the generated pages: modules, keys of the configuration, JSON schemas",
  arguments = {
    { "folder", metavar = "FOLDER", optional = true, help = "gets api/, schema/ and keys.md; docs unless given" },
  },
  usage_examples = { "llmdbenchmark doc", "llmdbenchmark doc /tmp/reference" },
  run = run,
}
