local t = require "bench.test"
local access = require "bench.plan.access"
local command = require "bench.local_servers.command"
local yaml = require "host.yaml"

local function stack_with(text, unset)
  local config = yaml.decode(text)
  config["local"].env = config["local"].env or yaml.decode "{}"
  config["local"].vars = config["local"].vars or yaml.decode "{}"
  return { name = "s", config = access.strict(config, "x.yaml"), unset_vars = unset or {} }
end

local BUILT_IN = { port = 8123, host = "127.0.0.1", model = "org/m", namespace = "ns", stack = "s",
  replica = 2 }

t.describe("bench.local_servers.command", function()
  t.it("splits a line into words and expands nothing", function()
    for line, words in pairs {
      ["a b  c"] = { "a", "b", "c" },
      [ [[a 'b c' "d \"e\" \\ $X" f\ g]] ] = { "a", "b c", [[d "e" \ $X]], "f g" },
      [ [[--x='y z'""w]] ] = { "--x=y zw" },
      ["a '' *"] = { "a", "", "*" },
      ["  "] = {},
    } do
      t.eq(words, command.split(line), line)
    end
    local words, why = command.split "a 'b"
    t.eq(nil, words)
    t.match("quote", why)
  end)

  t.it("fills placeholders in command and environment", function()
    local stack = stack_with [[
local:
  command: [serve, "{server}", "--port={port}", "{host}:{model}", '{"json": 1}', "{{port}}", 5]
  env: {RANK: "{replica}", N: 3, WHO: "{namespace}/{stack}"}
  vars: {server: /opt/s}
]]
    local resolved = t.ok(command.resolve(stack, BUILT_IN))
    t.eq({ "serve", "/opt/s", "--port=8123", "127.0.0.1:org/m", '{"json": 1}', "{port}", "5" }, resolved.argv)
    t.eq({ RANK = "2", N = "3", WHO = "ns/s" }, resolved.env)
  end)

  t.it("leaves out what is not given yet, for comparing", function()
    local stack = stack_with("local: {command: 'serve {port} {model} {gguf}'}", { gguf = { env = "G" } })
    local resolved = t.ok(command.resolve(stack, { model = "m" }, { keep_unset = true }))
    t.eq({ "serve", "{port}", "m", "{gguf}" }, resolved.argv)
  end)

  t.it("explains what is wrong", function()
    local function refused(words, text, unset)
      local err = t.fails("invalid", command.resolve(stack_with(text, unset), BUILT_IN))
      t.contains(words, err.message .. " " .. (err.hint or ""))
    end
    refused("unknown placeholder {prot} in '--port={prot}' (did you mean 'port'?)",
      "local: {command: ['--port={prot}']}")
    refused("set LLAMA_GGUF, or pass --set local.vars.gguf=VALUE", "local: {command: ['{gguf}']}",
      { gguf = { env = "LLAMA_GGUF", help = "path of the model file" } })
    refused("is empty", "local: {command: []}")
    refused("a quote is not closed", "local: {command: \"a 'b\"}")
    refused("must be a list of words", "local: {command: {a: b}}")
    refused("word 2 must be plain", "local: {command: [a, [b]]}")
    refused("local.env.A must be plain", "local: {command: a, env: {A: [1]}}")
  end)
end)
