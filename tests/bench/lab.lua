--- What the measures share: a server, our load, the peers, and the processor time of a command.
local compare = require "compare"
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local load = require "host.load"

local M = {}

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"

M.program = info.executable
M.rounds = tonumber(env.get "LLMDBENCH_BENCH_ROUNDS") or 7

---Flags of a simulator with a first token after 20 ms, then one every 2 ms, that never lets anybody wait.
M.PACED = { "--time-to-first-token", "20ms", "--inter-token-latency", "2ms", "--max-num-seqs", "4096" }

local function check(result, err, what)
  if not result then error(what .. ": " .. tostring(err), 0) end
  if result.exit_code ~= 0 then
    error(("%s: exit code %d\n%s"):format(what, result.exit_code, (result.stdout .. result.stderr):sub(-2000)), 0)
  end
  return result
end

---Runs `body(url)` against a simulator in a process of its own.
---@param flags string[]
---@param body fun(url: string): any
function M.with_simulator(flags, body)
  local server = assert(exec.start({ M.program, "sim", "--port", "0", "--model", "m", unpack(flags) }))
  local line = assert(server:line { timeout_s = 20 })
  local url = assert(line:match "(http://%S+)", "the simulator says: " .. line)
  local fine, result = pcall(body, url)
  server:kill()
  server:wait { timeout_s = 20 }
  if not fine then error(result, 0) end
  return result
end

---One stage of our load, in this process.
---@param url string
---@param stage table Fields of the stage table besides url, model and seed.
function M.stage(url, stage)
  local full = { url = url, model = "m", seed = 1, drain_s = 30 }
  for key, value in pairs(stage) do full[key] = value end
  local result, err = load.run(full)
  if not result then error("load: " .. tostring(err), 0) end
  return result
end

---Processor seconds (user and system, children too) and wall seconds of a command.
---@param argv string[]
---@param opts? table As of exec.run
---@return number cpu_s
---@return number wall_s
function M.cpu_time(argv, opts)
  local shell = [[TIMEFORMAT='cpu_time %U %S %R'; time "$@" >"$OUT" 2>&1]]
  local out = os.tmpname()
  opts = opts or {}
  opts.env = opts.env or {}
  opts.env.OUT = out
  local result, err = exec.run({ "bash", "-c", shell, "bash", unpack(argv) }, opts)
  local said = fs.read(out) or ""
  os.remove(out)
  if result and result.exit_code ~= 0 then result.stdout = said end
  result = check(result, err, argv[1])
  local user, system, wall = result.stderr:match "cpu_time ([%d.]+) ([%d.]+) ([%d.]+)"
  return tonumber(user) + tonumber(system), tonumber(wall)
end

local function paths_of(installer)
  local result = exec.run({ here .. "/peer/" .. installer }, { timeout_s = 1800 })
  if not result or result.exit_code ~= 0 then return nil, result and result.stderr or "does not start" end
  local paths = {}
  for name, path in result.stdout:gmatch "([%w_]+)=(%S+)" do paths[name] = path end
  return paths
end

---inference-perf, ready to run, or nil and why not.
---@return { run: fun(url: string, stage: { rate: number, duration_s: number, tokens: integer }): table }?
---@return string? why
function M.inference_perf()
  local paths, why = paths_of "install"
  if not paths then return nil, why end
  return { run = function(url, stage) return M.run_inference_perf(paths, url, stage) end }
end

---@return { cpu_s: number, wall_s: number, report: table } report: stage_0_lifecycle_metrics.json
function M.run_inference_perf(paths, url, stage)
  local dir = assert(fs.tempdir())
  local config = json.encode {
    load = { type = "constant", num_workers = 2, worker_max_concurrency = 1000,
      stages = { { rate = stage.rate, duration = stage.duration_s } } },
    api = { type = "completion", streaming = true },
    server = { type = "vllm", model_name = "m", base_url = url, ignore_eos = true },
    tokenizer = { pretrained_model_name_or_path = paths.tokenizer },
    data = { type = "random",
      input_distribution = { min = 16, max = 16, mean = 16, std_dev = 0, total_count = 200 },
      output_distribution = { min = stage.tokens, max = stage.tokens, mean = stage.tokens, std_dev = 0,
        total_count = 200 } },
    report = { request_lifecycle = { summary = true, per_stage = true, per_request = false } },
    storage = { local_storage = { path = dir .. "/out" } },
  }
  assert(fs.write(dir .. "/config.yaml", config))          -- JSON is YAML
  local cpu_s, wall_s = M.cpu_time({ paths.inference_perf, "-c", dir .. "/config.yaml" },
    { env = { HF_HUB_OFFLINE = "1", TRANSFORMERS_OFFLINE = "1" }, timeout_s = 300, cwd = dir })
  local report = assert(json.decode(assert(fs.read(dir .. "/out/stage_0_lifecycle_metrics.json"))))
  fs.remove_tree(dir)
  return { cpu_s = cpu_s, wall_s = wall_s, report = report }
end

---wrk's requests per second with the same body on the same server.
---@param url string
---@param opts { body: string, connections: integer, threads: integer, duration_s: number }
---@return number? per_s
---@return string? why
function M.wrk(url, opts)
  if not exec.which "wrk" then return nil, "wrk is not installed (package wrk)" end
  local script = os.tmpname()
  assert(fs.write(script, ('wrk.method, wrk.path = "POST", "/v1/completions"\nwrk.headers["Content-Type"] = '
    .. '"application/json"\nwrk.body = %q\n'):format(opts.body)))
  local result, err = exec.run({ "wrk", "-t" .. opts.threads, "-c" .. opts.connections, "-d" .. opts.duration_s .. "s",
    "-s", script, url }, { timeout_s = opts.duration_s + 30 })
  os.remove(script)
  result = check(result, err, "wrk")
  if result.stdout:find "Non%-2xx" then error("wrk: the server refused requests\n" .. result.stdout, 0) end
  return tonumber(result.stdout:match "Requests/sec:%s*([%d.]+)")
end

M.compare = compare
return M
