-- llmdbenchmark sim: the simulated server on the command line. Its options are the table that the server itself
-- declares; environment, configuration file and defaults are the server's business.
local sim_options = require "bench.sim_options"
local task = require "host.task"

-- A log of what was sent that is not whole is no measure of anything.
local function check_truth(server, file)
  local problem = server:stats().truth_problem
  if not problem then return true end
  io.stderr:write(("llmdbenchmark sim: --truth %s is not whole: %s\n"):format(file, problem))
  return false
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
  local fine, server, err = pcall(require("host.sim").start, sim_options.given(cli.options))
  if not fine then server, err = nil, { message = server } end
  if not server then
    local message = tostring(err.message):gsub("^.*sim%.start: ", "")
      :gsub("^option '([%w_-]+)'", function(name) return "--" .. name:gsub("_", "-") end)
    io.stderr:write("llmdbenchmark sim: ", message, "\n")
    if err.hint and err.hint ~= "" then io.stderr:write("  ", err.hint, "\n") end
    return require("host.info").exit_codes[fine and err.code ~= "invalid" and "failed" or "usage"]
  end
  serve(server)
  server:flush_truth()
  return require("host.info").exit_codes[check_truth(server, cli.options.truth) and "success" or "failed"]
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
  options = sim_options.declared,
  run = run,
}
