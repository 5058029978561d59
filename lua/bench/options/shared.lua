local function spec_names()
  local names = {}
  for i, spec in ipairs(require("bench.spec").list()) do names[i] = spec.name end
  return names
end

local function check_namespaces(value)
  local _, err = require("bench.plan.flags").namespaces(value)
  return err
end

local function check_methods(names)
  local _, err = require("bench.plan.flags").choose_method(table.concat(names, ","))
  return type(err) == "table" and err or nil
end

-- Option groups that several commands share. A flag stands here once its capability exists.
return {
  session = {
    title = "Global options",
    { "--workspace", "--ws", env = "LLMDBENCH_WORKSPACE", type = "path", metavar = "DIR",
      help = "folder under which every invocation makes a folder of its own" },
    { "--base-dir", "--bd", env = "LLMDBENCH_BASE_DIR", type = "path", metavar = "DIR",
      help = "folder in which config/ is looked up first" },
    { "--specification_file", "--spec", key = "spec", env = "LLMDBENCH_SPEC", metavar = "SPEC", suggest = spec_names,
      help = "specification: a file, a name, or group/name" },
    { "--scripts", type = "path", metavar = "DIR",
      help = "folder of edited phases and steps (LLMDBENCH_SCRIPTS may hold several, separated by ':')" },
    { "--dry-run", "-n", env = "LLMDBENCH_DRY_RUN", type = "boolean",
      help = "say what would be done; nothing is changed or written" },
    { "--verbose", "-v", env = "LLMDBENCH_VERBOSE", type = "boolean", help = "show debug lines" },
    { "--events", env = "LLMDBENCH_EVENTS", type = "path", metavar = "FILE",
      help = "append what happens to FILE, one JSON object per line" },
  },
  scripts = {
    { "--scripts", type = "path", metavar = "DIR",
      help = "folder of edited phases and steps (LLMDBENCH_SCRIPTS may hold several, separated by ':')" },
  },
  selection = {
    { "--namespace", "-p", env = "LLMDBENCH_NAMESPACE", metavar = "NS[,HNS[,WNS]]",
      check = check_namespaces,
      help = "namespaces of the stacks, and of harness and autoscaler if they differ" },
    { "--models", "-m", env = "LLMDBENCH_MODELS", metavar = "MODEL",
      help = "model instead of the scenario's" },
    { "--methods", "-t", env = "LLMDBENCH_METHODS", type = "list", metavar = "METHOD[,...]",
      check = check_methods,
      help = "deploy methods instead of the scenario's" },
    { "--stack", env = "LLMDBENCH_STACK", type = "list", metavar = "NAME[,...]", help = "only these stacks" },
  },
  step = {
    { "--step", "-s", metavar = "LIST", help = "only these steps: numbers, ranges and names, as in 0,3-5" },
  },
  parallel = {
    { "--parallel", env = "LLMDBENCH_PARALLEL", type = "integer", minimum = 1, metavar = "N",
      help = "stacks to work on at the same time" },
  },
}
