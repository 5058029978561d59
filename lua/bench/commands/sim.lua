-- llmdbenchmark sim: the simulated server on the command line. Its options are the table that the server itself
-- declares; environment, configuration file and defaults are the server's business.
local sim = require "host.sim"
local task = require "host.task"

-- What the help says after the explanation: default, unit, environment.
local function notes(option)
  local list = {}
  local default = option.default
  if type(default) == "table" then default = table.concat(default, " ") end
  if default ~= nil and default ~= "" and default ~= false then
    list[#list + 1] = "default " .. tostring(default)
  end
  if option.unit ~= "" then list[#list + 1] = option.unit end
  if option.choices then
    local shown = {}
    for i, choice in ipairs(option.choices) do shown[i] = choice == "" and '""' or choice end
    list[#list + 1] = "one of " .. table.concat(shown, ", ")
  end
  if option.env then list[#list + 1] = option.env end
  return #list > 0 and " (" .. table.concat(list, "; ") .. ")" or ""
end

-- The server's declaration as the command line wants it. Defaults stay with the server, so that a value which
-- was not typed does not hide the configuration file.
local function declared()
  local list = {}
  for _, option in ipairs(sim.options()) do
    list[#list + 1] = {
      "--" .. option.name,
      type = option.type == "duration" and "string" or option.type,
      metavar = option.type == "duration" and "DURATION" or nil,
      help = option.help .. notes(option),
      secret = option.secret,
      group = option.group,
    }
  end
  return list
end

local function given(cli)
  local opts = {}
  for _, option in ipairs(sim.options()) do
    local key = option.name:gsub("%-", "_")
    opts[key] = cli.options[key]
  end
  return opts
end

-- Waits until the server ends. Ctrl-C and SIGTERM are how a server is meant to end, so they stop only the wait.
local function serve(server)
  local waiting = task.spawn(server.wait, server)
  task.foreground(waiting)
  print("listening on " .. server.url)
  io.stdout:flush()
  local _, err = waiting:join()
  task.foreground(nil)
  server:stop()
  if err and err.code ~= "cancelled" then error(err, 0) end
end

local function run(cli)
  local fine, server, err = pcall(sim.start, given(cli))
  if not fine then server, err = nil, { message = server } end
  if not server then
    io.stderr:write("llmdbenchmark sim: ", (tostring(err.message):gsub("^.*sim%.start: ", "")), "\n")
    if err.hint and err.hint ~= "" then io.stderr:write("  ", err.hint, "\n") end
    return require("host.info").exit_codes[fine and "failed" or "usage"]
  end
  serve(server)
  return require("host.info").exit_codes.success
end

return {
  name = "sim",
  summary = "run the simulated OpenAI-compatible server",
  description = "Answers completions and chats with a latency model instead of a model, counts under vLLM's metric names, "
    .. "and can log what it really sent and when (--truth). Values come from flags, environment, --config, defaults.",
  usage_examples = {
    "llmdbenchmark sim --model my/model --port 8000",
    "llmdbenchmark sim --model m --time-to-first-token 50ms --inter-token-latency 20ms --max-num-seqs 64",
    "llmdbenchmark sim --config sim.yaml --truth truth.jsonl",
  },
  options = declared,
  run = run,
}
