---@meta host.sim

---The simulated OpenAI-compatible server: answers completions and chats with a latency model instead of a
---model, counts under vLLM's metric names, and can write down what it really did.
---@class host.sim
local sim = {}

---A running server. It runs until it is stopped, or until the program ends.
---@class host.sim.Server
---@field url string Base URL without `/v1`.
---@field port integer
local server = {}

---Waits until the server has been stopped by someone else.
---@async
---@return true
function server:wait() end

---Numbers since the start. `finished_*` count sequences by the reason of their end.
---@return { running: integer, waiting: integer, open_connections: integer, http_requests: integer, http_errors: integer, prompt_tokens: integer, generation_tokens: integer, cache_queries: integer, cache_hits: integer, finished_stop: integer, finished_length: integer, finished_remote_decode: integer, finished_abort: integer, uptime_s: number, truth_problem?: string } stats
function server:stats() end

---Returns once every answer that has ended is in the file of the truth log.
function server:flush_truth() end

---Ends answers in progress with an error, closes all connections and frees the port. Harmless when repeated.
function server:stop() end

---Starts a server. Option names are those of `sim.options`, with `_` or `-`; a value may have its own type or be
---text. Environment variables, a YAML file (`config`) and defaults fill in what is not given. Durations are texts
---such as "50ms", "1.5s", "250us"; a bare number means milliseconds. A wrong option raises.
---
---```lua
---local server = assert(sim.start { model = "m", port = 0, time_to_first_token = "50ms" })
---print(server.url)
---server:stop()
---```
---@param opts table<string, any> `model` is required.
---@return host.sim.Server? server
---@return bench.Error? err `conflict` (port taken), `denied`, `not_found` (host or file), `invalid`
function sim.start(opts) end

---Starts a server and waits; it is stopped when the task is cancelled.
---@async
---@param opts table<string, any> As in `sim.start`.
---@return true? ok
---@return bench.Error? err As in `sim.start`.
function sim.serve(opts) end

---Every option, in the order of the help.
---@return { name: string, group: string, type: "string"|"integer"|"number"|"boolean"|"duration"|"list", default?: any, unit: string, env?: string, help: string, min?: number, max?: number, choices?: string[], ignored?: boolean, secret?: boolean }[] options
function sim.options() end

return sim
