---@meta host.load

---Load against an OpenAI-compatible server, measured. A stage is a table: docs/load.md describes every field,
---docs/metrics.md every number of the result.
---@class host.load
local load = {}

---A stage that runs. It is cancelled when nobody holds it any more.
---@class host.load.Run
local run = {}

---Waits for the end. When the waiting task is cancelled the stage ends promptly, what is done is recorded, the wait
---raises `cancelled`, and `result` gives what was measured until then.
---@async
---@return table? result A stage result; also if every request failed: look at `verdict`.
---@return bench.Error? err `not_found` (host, file), `invalid` (prompt file, certificate, too few descriptors), `denied`, or what kept the record file from being written
function run:wait() end

---The outcome without waiting.
---@return table? result nil while the stage runs.
---@return bench.Error? err As from `wait`.
function run:result() end

---Where the stage stands. `planned` is 0 when the number of requests is not known beforehand; `elapsed_s` is negative
---while requests are still being prepared; the latencies are from sending, within 0.1 %, and 0 before the first token.
---@return { planned: integer, sent: integer, succeeded: integer, failed: integer, in_flight: integer, waiting: integer, tokens: integer, elapsed_s: number, rate: number, ttft_p50_s: number, ttft_p95_s: number } progress
function run:progress() end

---Ends the stage promptly; `wait` then gives what was measured.
function run:cancel() end

---Runs a stage and waits for its end.
---
---```lua
---local result = assert(load.run {
---  url = "http://127.0.0.1:8000", model = "m", seed = 1,
---  schedule = { arrival = "poisson", rate = 20, duration_s = 30 },
---  data = { input = 512, output = 128 },
---})
---print(result.verdict, result.latency.ttft.p99)
---```
---@async
---@param stage table
---@return table? result
---@return bench.Error? err As from `Run:wait`.
function load.run(stage) end

---Starts a stage and returns at once.
---@param stage table
---@return host.load.Run run
function load.start(stage) end

---Whether a stage table is right, without running it.
---@param stage table
---@param name string Begins the message: `name.schedule.rate must be ...`
---@return true? ok
---@return bench.Error? err `invalid`
function load.check(stage, name) end

---What a stage would do: `requests`, `planned_s` (times of sending), their `rate`, `gap_cv` and `dispersion`, and the
---lengths of the first prompts. Nothing is sent.
---@param stage table As for `run`.
---@param opts? { limit?: integer } `limit`: how many times and lengths are listed (1000)
---@return table? plan
---@return bench.Error? err
function load.plan(stage, opts) end

---Walks the records of a file: `for record in assert(load.records(path)) do`. Times are seconds from the start of the stage.
---@param path string
---@param opts? { tokens?: boolean } `tokens`: with the time of every token, `{ {at_s, count}, ... }` (true)
---@return (fun(): table?)? next
---@return bench.Error|string? err `not_found`, `invalid`; beside `next` a text: what is wrong with the file, which was read as far as possible
function load.records(path, opts) end

---The headers of a record file and what is wrong with it, if anything.
---@param path string
---@return { sections: { header: table, records: integer }[], problem?: string }? info
---@return bench.Error? err `not_found`, `invalid`
function load.info(path) end

---Writes the records of a file as JSON lines.
---@param from string
---@param to string
---@return integer? records
---@return bench.Error|string? err Beside `records` a text: what is wrong with the file, which was read as far as possible
function load.export(from, to) end

---Joins record files without loss, as those of several generators that worked side by side.
---@param from string[]
---@param to string
---@return true? ok
---@return bench.Error? err `invalid` if one of them is damaged
function load.merge(from, to) end

---Computes a stage result from its record file. The verdict of a damaged file is `damaged records`.
---@param path string
---@param opts? { limits?: table } `limits`: of the verdict, see docs/metrics.md
---@return table? result
---@return bench.Error? err
function load.summarise(path, opts) end

---The distributions of a record file's latencies (`ttft tpot itl e2e`, seconds, measured successes) in the few
---numbers that a picture needs. A latency without values is left out. The histogram ends a little above the 99th
---percentile; `beyond` counts what is above its end.
---@param path string
---@param opts? { points?: integer, bars?: integer } `points` of a cumulative curve, 400; `bars` of a histogram at most, 60
---@return table<string, { count: integer, min: number, max: number, cumulative: number[][], histogram: { start_s: number, width_s: number, counts: integer[], beyond: integer } }>? curves
---@return bench.Error? err
function load.curves(path, opts) end

---The words of random text prompts.
---@return string[] words
function load.words() end

---A seed from the system's random source.
---@return integer seed Below 2^53.
function load.fresh_seed() end

---A seed that belongs to a base seed and one or two numbers, such as stage and repeat.
---@param base integer
---@param a integer
---@param b? integer
---@return integer seed Below 2^53.
function load.derive_seed(base, a, b) end

return load
