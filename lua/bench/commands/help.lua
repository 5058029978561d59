-- llmdbenchmark help: what `--help` shows, of the program or of a command.
local function run(cli)
  local commands, help = require "bench.commands", require "bench.cli.help"
  local name = cli.arguments.command
  if not name then
    io.stdout:write(help.program(commands.all()))
  elseif commands.exists(name) then
    io.stdout:write(help.command(commands.load(name)))
  else
    local message = ("unknown command '%s'%s"):format(name, require("host.text").did_you_mean(name, commands.names()))
    return require("bench.startup").tell_usage(cli, { message = message,
      hint = "the commands are: " .. table.concat(commands.names(), ", ") })
  end
  return require("host.info").exit_codes.success
end

return {
  name = "help",
  summary = "show the help of the program or of a command",
  options = {},
  arguments = { { "command", metavar = "COMMAND", optional = true, help = "the command to explain" } },
  usage_examples = { "llmdbenchmark help", "llmdbenchmark help run" },
  run = run,
}
