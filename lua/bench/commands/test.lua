-- llmdbenchmark test: runs Lua specs inside the real host.
local info = require "host.info"

local function run(cli)
  local runner = require "bench.test.runner"
  local files, problem = runner.find(cli.arguments.path)
  if not files then
    io.stderr:write("llmdbenchmark test: ", problem, "\n")
    return info.exit_codes.failed
  end
  local totals = runner.run(files, cli.arguments.filter)
  if totals.failed > 0 then return info.exit_codes.failed end
  if totals.passed + totals.skipped == 0 then
    local filter = cli.arguments.filter
    io.stderr:write("llmdbenchmark test: ", filter and "no spec matches '" .. filter .. "'"
      or "there are no specs in " .. cli.arguments.path, "\n")
    return info.exit_codes.failed
  end
  return info.exit_codes.success
end

return {
  name = "test",
  summary = "run Lua specs inside this program",
  arguments = {
    { "path", metavar = "PATH", help = "a spec file, or a folder of *_spec.lua files" },
    { "filter", metavar = "FILTER", optional = true,
      help = "only specs whose name or file contains this text" },
  },
  usage_examples = {
    "llmdbenchmark test tests/lua",
    'llmdbenchmark test tests/lua "task.join"',
  },
  run = run,
}
