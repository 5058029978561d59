-- llmdbenchmark repl: Lua with the whole runtime at hand.
return {
  name = "repl",
  summary = "explore interactively: Lua with the whole runtime at hand",
  usage_examples = {
    "llmdbenchmark repl",
    "echo 'probe.models \"http://127.0.0.1:8000\"' | llmdbenchmark repl",
  },
  run = function() return require("bench.console").run() end,
}
