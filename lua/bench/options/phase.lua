-- Options that only the phase commands have.
local shared = require "bench.options.shared"

local M = {}

local function profile_names()
  local fs, home, names = require "host.fs", require("host.info").home, {}
  for _, path in ipairs(fs.glob(home .. "/workload/profiles/native/*.yaml*")) do
    names[#names + 1] = fs.basename(path):gsub("%.yaml.*$", "")
  end
  return names
end

-- Overrides that can be read; the key is an example for hints.
local function check_overrides(example)
  return function(texts)
    local _, err = require("bench.plan.override").parse_lists(texts, example)
    return err
  end
end

M.set = { "--set", env = "LLMDBENCH_SET", type = "texts", metavar = "[STACK:]KEY=VALUE[,...]",
  check = check_overrides "decode.replicas",
  help = "change values of the configuration, for all stacks or those that match STACK; may be repeated" }

-- What else changes the plan. Every command that plans has these, so that all make the same plan.
M.plan = { title = "Plan",
  { "--monitoring", "-f", env = "LLMDBENCH_MONITORING", type = "boolean", tri_state = true,
    help = "pod monitors and metrics scraping on, or off; as the scenario says unless given" },
  { "--wva", "-u", env = "LLMDBENCH_WVA", type = "boolean", tri_state = true,
    help = "the workload variant autoscaler on, or off; as the scenario says unless given" },
  { "--strict", env = "LLMDBENCH_STRICT", type = "boolean",
    help = "unknown keys and wrong types in the configuration are errors, not warnings" },
  { "--offline", env = "LLMDBENCH_OFFLINE", type = "boolean",
    help = "ask neither registries nor clusters for values that are `auto`" },
  { "--kubeconfig", "-k", env = { "LLMDBENCH_KUBECONFIG", "KUBECONFIG" }, type = "path", metavar = "FILE",
    help = "how to reach the cluster" },
}

-- What names the stacks and changes their configuration.
M.stacks = { { title = "Stacks", shared.selection, M.set }, M.plan }

-- `run` asks for one model; elsewhere the option names what is deployed.
M.run_stacks = {
  { title = "Stacks",
    shared.selection[1],
    { "--model", "--models", "-m", key = "models", env = { "LLMDBENCH_MODEL", "LLMDBENCH_MODELS" },
      metavar = "MODEL", help = "model to ask for, instead of the scenario's" },
    shared.selection[3],
    shared.selection[4],
    M.set,
  },
  M.plan,
}

M.load = {
  title = "Load",
  { "--harness", "-l", env = "LLMDBENCH_HARNESS", metavar = "NAME",
    suggest = function() return require("bench.harness").list() end,
    help = "harness that generates the load; the scenario's unless given" },
  { "--workload", "-w", env = "LLMDBENCH_WORKLOAD", metavar = "PROFILE", suggest = profile_names,
    help = "profile in workload/profiles/<harness>/, or a file" },
  { "--overrides", "-o", env = "LLMDBENCH_OVERRIDES", type = "texts", metavar = "KEY=VALUE[,...]", check = check_overrides(),
    help = "change values of the profile: dotted keys, list elements by index (load.stages.0.rate=5); may be repeated" },
  { "--experiments", "-e", env = "LLMDBENCH_EXPERIMENTS", type = "path", metavar = "FILE",
    help = "run the treatments of an experiment file instead of --overrides" },
  { "--dataset", "-x", env = "LLMDBENCH_DATASET", metavar = "PATH",
    help = "fills the data set tokens of a profile" },
  { "--wait-timeout", env = "LLMDBENCH_WAIT_TIMEOUT", type = "integer", minimum = 0, metavar = "SECONDS",
    help = "longest time for one treatment; 0: no limit; the scenario's harness.waitTimeout unless given" },
  { "--analyze", env = "LLMDBENCH_RUN_EXPERIMENT_ANALYZE_LOCALLY", type = "boolean",
    help = "draw pictures and compare treatments at the end; yes unless --no-analyze" },
}

M.smoketest = { "--skip-smoketest", type = "boolean", help = "do not test the stacks after standup" }

return M
