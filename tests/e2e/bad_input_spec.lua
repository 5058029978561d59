-- What a person mistypes: each answer names the thing and the remedy, and has the right exit code.
local support = require "support"
local t = require "bench.test"

-- args; exit code; words that the answer must contain.
local cases = {
  { "a command", { "standpu" }, 2, { "standpu", "standup" } },
  { "an option", { "plan", "--dry-rnu" }, 2, { "--dry-rnu", "--dry-run" } },
  { "a specification", { "--spec", "local/quickstrat", "plan" }, 1, { "local/quickstrat", "local/quickstart" } },
  { "a step", { "--spec", "local/quickstart", "standup", "-s", "99" }, 2, { "99" } },
  { "a step list", { "--spec", "local/quickstart", "standup", "-s", "0,x" }, 2, { "x" } },
  { "a stack", { "--spec", "local/quickstart", "standup", "--stack", "quikstart" }, 2, { "quikstart", "quickstart", "Usage:" } },
  { "a harness", { "--spec", "local/quickstart", "run", "-l", "natvie" }, 1, { "natvie", "native" } },
  { "a negative number", { "--spec", "local/quickstart", "standup", "--parallel", "-1" }, 2, { "--parallel", "is less than 1" } },
  { "a negative duration", { "sim", "--model", "m", "--time-to-first-token", "-5ms" }, nil, { "-5ms" } },
  { "a number", { "sim", "--max-num-seqs", "many" }, 2, { "many", "max-num-seqs" } },
  { "the options of the simulator", { "sim" }, 2, { "--model is missing" } },
  { "a latency of the simulator", { "sim", "--model", "m", "--time-to-first-token", "10ms", "--time-to-first-token-std-dev",
    "9ms" }, 2, { "--time-to-first-token-std-dev", "30 %" } },
  { "a design", { "experiment", "--design", "full_factorial_exampel", "--list" }, 1, { "full_factorial_exampel" } },
  { "a base folder", { "--base-dir", "nowhere", "specs" }, 2, { "--base-dir", "nowhere" } },
  { "a folder of scripts", { "--scripts", "nowhere", "scripts" }, 2, { "--scripts", "nowhere" } },
  { "an option that specs has no use for", { "specs", "--events", "f" }, 2, { "--events" } },
  { "an option that a listing has no use for", { "experiment", "--design", "full_factorial_example", "--list", "--events", "f" },
    2, { "--events", "--list" } },
  { "an option without its question", { "--spec", "examples/gpu", "plan", "--offline", "--hub", "http://h" }, 2,
    { "--hub", "--capacity" } },
  { "two questions", { "--spec", "examples/gpu", "plan", "--explain", "model.name", "--capacity" }, 2, { "one at a time" } },
  { "a model's configuration", { "--spec", "examples/gpu", "plan", "--offline", "--capacity", "--model-config", "nowhere" }, 1,
    { "nowhere" } },
  { "what to tear down", { "--spec", "examples/gpu", "teardown", "--offline" }, 1, { "modelservice", "not part" } },
  { "nothing behind an option", { "--spec=", "plan" }, 2, { "--spec", ": a value is needed" } },
  { "nothing as a short option's value", { "run", "-w", "" }, 2, { "--workload: a value is needed" } },
  { "nothing as one of several values", { "plan", "--diff", "", "" }, 2, { "--diff: a value is needed" } },
  { "nothing as the model", { "run", "--url", "http://h", "--model=" }, 2, { "--model: a value is needed" } },
  { "nothing as an argument", { "test", "" }, 2, { "PATH: a value is needed" } },
  { "a URL with a password", { "run", "--url", "http://u:pw_canary@h", "--model", "m", "-l", "native", "-w", "quick_random" }, 2,
    { "user name or password", "LLMDBENCH_ENDPOINT_TOKEN" } },
  { "a URL without a scheme", { "run", "--url", "localhost:8000", "--model", "m" }, 2, { "--endpoint-url", "http://", "Usage:" } },
  { "a port", { "run", "--url", "http://127.0.0.1:99999", "--model", "m" }, 2, { "there is no port 99999" } },
  { "a namespace", { "--spec", "local/quickstart", "plan", "-p", "Foo" }, 2, { "--namespace: 'Foo'", "lower-case" } },
  { "a method", { "--spec", "local/quickstart", "plan", "-t", "locall" }, 2, { "--methods: ", "'local'" } },
  { "an override", { "--spec", "local/quickstart", "plan", "--set", "foo" }, 2, { "--set: 'foo'", "KEY=VALUE" } },
  { "no specification", { "plan" }, 2, { "no specification given", "Usage: llmdbenchmark plan" } },
  { "one side of a comparison", { "plan", "--diff", "A" }, 2, { "--diff", "Usage: llmdbenchmark plan" } },
  { "a script", { "scripts/no_such.lua" }, 1, { "scripts/no_such.lua" } },
}

t.describe("mistyped", function()
  for _, case in ipairs(cases) do
    local name, args, code, words = unpack(case)
    t.it(name, function()
      local box = support.box()
      local result = box:run(args)
      for _, word in ipairs(words) do t.contains(word, result.output) end
      if code then t.eq(code, result.exit_code, result.output) else t.ok(result.exit_code ~= 0) end
      t.ok(not result.output:find("stack traceback", 1, true), result.output)
      box:is_clean()
    end)
  end
end)

t.describe("a variable", function()
  local function say(env, ...)
    local result = support.box():run({ ... }, { env = env })
    return result.output, result.exit_code
  end

  t.it("is named where its value is wrong, not the flag", function()
    t.contains("LLMDBENCH_BASE_DIR: there is no folder /nope", (say({ LLMDBENCH_BASE_DIR = "/nope" }, "specs")))
    t.contains("LLMDBENCH_NAMESPACE: 'Foo'", (say({ LLMDBENCH_NAMESPACE = "Foo" }, "--spec", "local/quickstart", "plan")))
    t.contains("LLMDBENCH_METHODS: ", (say({ LLMDBENCH_METHODS = "nope" }, "--spec", "local/quickstart", "plan")))
  end)

  t.it("gives way to a flag that says something else", function()
    local output, code = say({ LLMDBENCH_EXPERIMENTS = "x.yaml" }, "experiment", "--design", "zip_example", "--list")
    t.eq(0, code, output)
  end)
end)

t.describe("a password in a URL", function()
  t.it("is shown nowhere", function()
    local box = support.box()
    local url = "http://user:canary-word@127.0.0.1:1"
    for _, args in ipairs {
      { "run", "--url", url, "--model", "m", "--events", "events.jsonl" },
      { "--spec", "local/quickstart", "run", "--url", url },
      { "--spec", "local/quickstart", "teardown" },
    } do
      local result = box:run(args, { env = { LLMDBENCH_ENDPOINT_URL = url } })
      t.ok(not result.output:find "canary", result.output)
    end
    t.eq("", t.ok(box:command { "grep", "-rl", "canary", box.dir }).stdout)
  end)
end)

t.describe("files that are wrong", function()
  t.it("YAML that does not parse is shown with file, line and column", function()
    local box = support.box()
    local file = box:write("config/specification/broken.yaml", "base_dir: .\nscenario_file: {path: [oops\n")
    local result = box:run { "--spec", file, "plan" }
    t.eq(1, result.exit_code, result.output)
    t.match("broken%.yaml[^\n]*:2:%d+", result.output)
  end)

  t.it("a profile that does not exist lists its neighbours", function()
    local box = support.box()
    t.eq(0, box:run({ "--spec", "local/quickstart", "standup" }).exit_code)
    local result = box:run { "--spec", "local/quickstart", "run", "-w", "sanity_randm.yaml" }
    box:run { "--spec", "local/quickstart", "teardown" }
    t.eq(1, result.exit_code, result.output)
    t.contains("sanity_random", result.output)
    box:is_clean()
  end)

  t.it("an unknown key of a profile is an error with the nearest one", function()
    local box = support.box()
    local url = support.bad_server "error"
    local profile = box:write("p.yaml",
      "load: {type: constant, stagse: [{rate: 1, duration: 1}]}\ndata: {type: random}\n")
    local result = box:run { "run", "--url", url, "--model", "m", "-l", "native", "-w", profile }
    t.eq(1, result.exit_code, result.output)
    t.contains("stagse", result.output)
    t.contains("stages", result.output)
    box:is_clean()
  end)
end)
