-- llmdbenchmark run: measures stacks that stand, or any endpoint.
local shared = require("bench.options").shared
local phase_options = require "bench.options.phase"

local function list_endpoints(cli, ctx)
  local lifecycle, endpoint = require "bench.lifecycle", require "bench.endpoint"
  local outcome, err = lifecycle.phase(ctx, "run", { steps = "detect_endpoint", phase = cli.phase })
  if not outcome then return nil, err end
  if cli.json then
    require("bench.startup").print_json(require("host.json").list(endpoint.rows(ctx)))
  else
    for _, line in ipairs(endpoint.listing(ctx)) do ctx.log.plain(line) end
  end
  local codes = require("host.info").exit_codes
  return outcome.ok and codes.success or codes.failed
end

-- Listing endpoints needs no workload.
local function about(cli)
  local check = function(ctx) return require("bench.jobs").check(ctx) end
  return { phase = "run", check = not cli.options.list_endpoints and check or nil }
end

local function run(cli)
  return require("bench.startup").with_session(cli, about(cli), function(ctx)
    if cli.options.list_endpoints then return list_endpoints(cli, ctx) end
    local fine, code, err = pcall(require("bench.lifecycle").run, ctx,
      { steps = cli.options.step, phase = cli.phase })
    if cli.json and (not fine and #ctx.results.treatments > 0 or fine and code) then
      require("bench.startup").print_json(require("bench.report.answer").run(ctx))
    end
    if not fine then error(code, 0) end
    return code, err
  end)
end

return {
  name = "run",
  summary = "measure stacks that stand, or any OpenAI-compatible endpoint",
  description = "With --url no specification is needed, nor --model if the endpoint serves a single model. A bearer "
    .. "token for the endpoint is read from LLMDBENCH_ENDPOINT_TOKEN. Exit code 4: the load ran, but a stage's verdict "
    .. "is not 'valid'.",
  options = {
    shared.session, phase_options.run_stacks, phase_options.load, shared.step,
    { title = "Endpoint",
      { "--endpoint-url", "--url", "-U", key = "endpoint_url", env = "LLMDBENCH_ENDPOINT_URL",
        metavar = "URL", check = function(url) return require("bench.endpoint").check_url(url) end,
        help = "measure this endpoint instead of looking for those of the stacks" },
      { "--ca-file", env = "LLMDBENCH_CA_FILE", type = "path", metavar = "FILE",
        help = "trust these authorities (PEM) instead of the system's, for https" },
      { "--insecure", env = "LLMDBENCH_INSECURE", type = "boolean", help = "accept any certificate" },
      { "--list-endpoints", type = "boolean",
        help = "only show where the stacks answer, with a command to measure each" },
    },
  },
  json = true,
  usage_examples = {
    "llmdbenchmark --spec local/quickstart run -l native -w sanity_random",
    "llmdbenchmark --spec local/quickstart run -o stages.0.rate=5,stages.0.duration_s=10",
    "llmdbenchmark run --url http://127.0.0.1:8000",
    "llmdbenchmark run --url http://127.0.0.1:8000 --model M -l native -w quick_random",
  },
  run = run,
}
