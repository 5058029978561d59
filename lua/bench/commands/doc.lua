-- llmdbenchmark doc: writes the reference pages from the annotations.
local info = require "host.info"

local function run(cli)
  local doc = require "bench.doc"
  local folder = cli.arguments.folder or "docs/api"
  local changed, err = doc.write(folder, doc.pages(info.home))
  if not changed then
    io.stderr:write("llmdbenchmark doc: ", tostring(err), "\n")
    return info.exit_codes.failed
  end
  for _, page in ipairs(changed) do print(page.state, folder .. "/" .. page.name) end
  print(#changed .. " pages changed")
  return info.exit_codes.success
end

return {
  name = "doc",
  summary = "write the reference pages of all modules",
  arguments = {
    { "folder", metavar = "FOLDER", optional = true, help = "where the pages go; docs/api unless given" },
  },
  usage_examples = { "llmdbenchmark doc", "llmdbenchmark doc /tmp/reference" },
  run = run,
}
