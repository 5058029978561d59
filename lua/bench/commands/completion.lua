-- llmdbenchmark completion: prints a completion script for a shell.
local function parser_of_everything()
  local parser = require "argparse"("llmdbenchmark", "")
  local build = require("bench.cli.parser").build
  for _, command in ipairs(require("bench.commands").all()) do
    build(command, parser:command(command.name, command.summary))
  end
  return parser
end

local MAKERS = { zsh = "get_zsh_complete", fish = "get_fish_complete" }

local function run(cli)
  if cli.arguments.shell == "bash" then
    io.write(require("bench.cli.complete_bash").script(require("bench.commands").all()))
    return 0
  end
  local parser = parser_of_everything()
  io.write(parser[MAKERS[cli.arguments.shell]](parser))
  return 0
end

return {
  name = "completion",
  summary = "print a completion script for bash, zsh or fish",
  arguments = {
    { "shell", metavar = "bash|zsh|fish", choices = { "bash", "zsh", "fish" },
      help = "the shell to write for" },
  },
  usage_examples = {
    'eval "$(llmdbenchmark completion bash)"',
    "llmdbenchmark completion zsh > ~/.zsh/completions/_llmdbenchmark",
    "llmdbenchmark completion fish > ~/.config/fish/completions/llmdbenchmark.fish",
  },
  run = run,
}
