local t = require "bench.test"
local env = require "host.env"
local fs = require "host.fs"
local plan = require "bench.plan"
local spec = require "bench.spec"

local DEFAULTS = [[
namespace: {name: auto}
model: {name: facebook/opt-125m, shortName: x, path: y, huggingfaceId: z, maxModelLen: 16384}
modelservice: {enabled: true}
standalone: {enabled: false}
fma: {enabled: false}
gateway: {namespace: auto, className: istio}
decode: {replicas: 1, parallelism: {tensor: 1}, vllm: {additionalFlags: []}, extraEnvVars: []}
annotations: {decode: {pod: {}}}
harness: {name: inference-perf, profile: sanity_random.yaml}
]]

local function write(path, text)
  t.ok(fs.mkdir(path:match "^(.*)/"))
  t.ok(fs.write(path, text))
  return path
end

-- Builds the plan of a scenario text over the defaults above (or `opts.defaults`).
local function build(scenario, opts)
  opts = opts or {}
  local dir = t.tempdir()
  local files = { name = "x", path = dir .. "/x.yaml.j2", text = "", base_dir = dir,
    values_file = write(dir .. "/defaults.yaml", opts.defaults or DEFAULTS),
    scenario_file = write(dir .. "/scenario.yaml", scenario) }
  return plan.build(files, opts)
end

local function refused(words, scenario, opts)
  local err = t.fails("invalid", build(scenario, opts))
  t.contains(words, err.message .. "\n" .. (err.hint or ""))
  return err
end

local ONE = "scenario: [{name: one, local: {enabled: true}}]\n"
local TWO = [[
shared: {decode: {replicas: 2}, local: {enabled: true}}
scenario:
  - name: big
    decode: {parallelism: {tensor: 8}}
    model: {name: org/big}
  - name: small
    decode: {replicas: 3}
]]

t.describe("bench.plan", function()
  t.it("layers defaults, shared and stack", function()
    local built = t.ok(build(TWO))
    local big, small = built.stacks[1], built.stacks[2]
    t.eq({ "big", "small" }, { big.name, small.name })
    t.eq({ 2, 8, "org/big" }, { big.config.decode.replicas, big.config.decode.parallelism.tensor,
      big.model.name })
    t.eq({ 3, 1, "facebook/opt-125m" },
      { small.config.decode.replicas, small.config.decode.parallelism.tensor, small.model.name })
    t.eq("istio", small.config.gateway.className)
    t.eq(nil, plan.get(small.config, "name"))
  end)

  t.it("remembers file and line of every value", function()
    local built = t.ok(build(TWO))
    local origins = built.stacks[1].origins
    t.match("/scenario.yaml:4$", origins["decode.parallelism.tensor"])
    t.match("/scenario.yaml:1$", origins["decode.replicas"])
    t.match("/defaults.yaml:6$", origins["gateway.className"])
    t.match("/config/templates/values/defaults.yaml:%d+$", origins["local.readiness.path"])
  end)

  t.it("applies --set, setup overrides and flags in that order", function()
    local built = t.ok(build(TWO, { set = "decode.replicas=5,big:decode.parallelism.tensor=4" }))
    t.eq({ 5, 4 }, { built.stacks[1].config.decode.replicas,
      built.stacks[1].config.decode.parallelism.tensor })
    t.eq({ 5, 1 }, { built.stacks[2].config.decode.replicas,
      built.stacks[2].config.decode.parallelism.tensor })
    t.eq("--set", built.stacks[1].origins["decode.replicas"])

    built = t.ok(build(ONE, { set = "decode.replicas=5,model.name=set/it",
      overrides = { ["decode.replicas"] = 6, model = { name = "over/ride" } }, models = "flag/wins" }))
    t.eq({ 6, "flag/wins" }, { built.stacks[1].config.decode.replicas, built.stacks[1].model.name })
    t.eq("setup treatment", built.stacks[1].origins["decode.replicas"])
  end)

  t.it("applies every --set, the last one of a key winning", function()
    local built = t.ok(build(TWO, { set = { "decode.replicas=5,gateway.className=a", "model.maxModelLen=999",
      "gateway.className=b", "big:decode.replicas=6" } }))
    local config = built.stacks[1].config
    t.eq({ 6, 999, "b" }, { config.decode.replicas, config.model.maxModelLen, config.gateway.className })
    t.eq(5, built.stacks[2].config.decode.replicas)
  end)

  t.it("takes selectors from the least to the most specific", function()
    local built = t.ok(build(TWO, { set = "big:decode.replicas=9,b*:decode.replicas=8,decode.replicas=7" }))
    t.eq({ 9, 7 }, { built.stacks[1].config.decode.replicas, built.stacks[2].config.decode.replicas })
    refused("no stack matches 'bigg' (did you mean 'big'?)", TWO, { set = "bigg:decode.replicas=1" })
  end)

  t.it("refuses unknown keys with the nearest, and adds only known optional ones", function()
    refused("--set: unknown key 'decode.replica' (did you mean 'decode.replicas'?)", ONE,
      { set = "decode.replica=1" })
    refused("setup treatment: unknown key 'pluginsCustomConfig.configFile'", ONE,
      { overrides = { ["pluginsCustomConfig.configFile"] = "x" } })
    local config = t.ok(build(ONE,
      { set = "harness.experimentProfile=p.yaml,annotations.decode.pod.\"a.b/c\"=1," ..
      "decode.vllm.additionalFlags=[--x],model.maxNumSeq=4,local.env.A=b" })).stacks[1].config
    t.eq("p.yaml", config.harness.experimentProfile)
    t.eq(1, config.annotations.decode.pod["a.b/c"])
    t.eq({ "--x" }, config.decode.vllm.additionalFlags)
    t.eq(4, config.model.maxNumSeq)
    t.eq("b", config["local"].env.A)
  end)

  t.it("resolves namespaces", function()
    local config = t.ok(build(ONE)).stacks[1].config
    t.eq({ "llmdbench", "llmdbench" }, { config.namespace.name, config.gateway.namespace })
    config = t.ok(build(ONE, { namespace = "a, b" })).stacks[1].config
    t.eq({ "a", "b", "a", "a" },
      { config.namespace.name, config.harness.namespace, config.wva.namespace, config.gateway.namespace })
    refused("is not a namespace name", ONE, { namespace = "Not_ok" })
    refused("is not a namespace name", ONE, { namespace = "../x" })
    refused("more than three", ONE, { namespace = "a,b,c,d" })
    refused("empty", ONE, { namespace = ",b" })
  end)

  t.it("writes a model into all its keys", function()
    local config = t.ok(build(ONE, { models = "Qwen/Qwen3-32B" })).stacks[1].config
    t.eq({ "Qwen/Qwen3-32B", "Qwen/Qwen3-32B", "models/Qwen/Qwen3-32B", "qwen-qwe-03cce4e9-wen3-32b" },
      { config.model.name, config.model.huggingfaceId, config.model.path, config.model.shortName })
    local built = t.ok(build(TWO, { models = "a/b", stack = { "small" } }))
    t.eq({ "org/big", "a/b" }, { built.stacks[1].model.name, built.stacks[2].model.name })
    t.eq({}, built.warnings)
    t.match("copies of one model", t.ok(build(TWO, { models = "a/b" })).warnings[1])
  end)

  t.it("decides for one deploy method", function()
    local stack = t.ok(build(ONE)).stacks[1]
    t.eq({ "local", true, false }, { stack.method, stack.config["local"].enabled,
      stack.config.modelservice.enabled })
    t.eq("modelservice", t.ok(build "scenario: [{name: one}]").stacks[1].method)
    stack = t.ok(build(ONE, { methods = "standalone" })).stacks[1]
    t.eq({ "standalone", false }, { stack.method, stack.config["local"].enabled })
    refused("did you mean 'local'", ONE, { methods = "locall" })
    refused("enables no deploy method", "scenario: [{name: one, modelservice: {enabled: false}}]")
  end)

  t.it("warns when two stacks would get the same names", function()
    local text = "shared: {standalone: {enabled: true}}\nscenario:\n  - {name: a, model: {name: org/one}}\n" ..
      "  - {name: b, model: {name: org/two}}\n  - {name: c, model: {name: org/one}%s}\n"
    local words = "scenario.yaml:5: stacks 'a' and 'c' serve the same model (org/one) in the same namespace (llmdbench)"
    local function warnings(more, opts) return table.concat(t.ok(build(text:format(more), opts)).warnings, "\n") end
    t.contains(words, warnings "")
    refused(words, text:format "", { strict = true })
    for _, more in ipairs { ", namespace: {name: other}", ", standalone: {enabled: false}", ", local: {enabled: true}" } do
      t.ok(not warnings(more):find("serve the same", 1, true), more)
    end
    t.contains("'a' and 'b'", warnings("", { models = "x/y" }))
  end)

  t.it("warns when the model's name makes names that the cluster refuses", function()
    local function warnings(name, more)
      local text = "scenario:\n  - name: a\n    model: {name: '" .. name .. "'}\n" .. (more or "")
      return table.concat(t.ok(build(text)).warnings, "\n")
    end
    local words = "scenario.yaml:3: model.name: 'microsoft/phi-1_5' gives Kubernetes objects the name 'microsof-"
    t.contains(words, warnings "microsoft/phi-1_5")
    for _, name in ipairs { "a b/cdefghijk", "org/it''s", "org/model-a,b", "org/model-", "/abs/model", "01-ai/Yi-6B",
      "org/mod\195\168le" } do
      t.contains("which the API server refuses", warnings(name), name)
    end
    t.ok(not warnings("01-ai/Yi-6B", "    standalone: {enabled: true}\n"):find "refuses")
    t.ok(not warnings("microsoft/phi-1_5", "    local: {enabled: true}\n"):find "refuses")
    t.ok(not warnings("Qwen/Qwen3-0.6B"):find "refuses")
    refused("the API server refuses", "scenario: [{name: a, model: {name: a/b_c}}]", { strict = true })
  end)

  t.it("selects stacks by name", function()
    local built = t.ok(build(TWO, { stack = { "small" } }))
    t.eq(1, #built.selected)
    t.eq("small", built.selected[1].name)
    refused("unknown stack 'smal' (did you mean 'small'?)", TWO, { stack = { "smal" } })
  end)

  t.it("raises for a key that is missing, naming the files", function()
    local config = t.ok(build(ONE)).stacks[1].config
    local err = t.raises(function() return config.decode.nothing end,
      { code = "invalid", key = "decode.nothing" })
    t.contains("/scenario.yaml", err.hint)
    t.contains("--set decode.nothing=VALUE", err.hint)
    t.eq("none", plan.get(config, "decode.nothing.here", "none"))
  end)

  t.it("has a digest that follows the configuration, not the order of keys", function()
    local a = t.ok(build "scenario: [{name: one, local: {enabled: true, replicas: 2}}]")
    local b = t.ok(build "scenario: [{local: {replicas: 2, enabled: true}, name: one}]")
    local c = t.ok(build "scenario: [{name: one, local: {enabled: true, replicas: 3}}]")
    t.eq(a.digest, b.digest)
    t.ne(a.digest, c.digest)
    t.match("^%x+$", a.digest)
  end)

  t.it("resolves variables from the environment, else the default", function()
    local text = "scenario: [{name: one, local: {enabled: true, vars: " ..
      "{a: {env: LLMDBENCH_TEST_A, default: d}, b: {env: LLMDBENCH_TEST_B, help: the b}, c: 7}}}]"
    local stack = t.ok(build(text)).stacks[1]
    t.eq({ "d", 7 }, { stack.config["local"].vars.a, stack.config["local"].vars.c })
    t.eq("the b", stack.unset_vars.b.help)
    env.set("LLMDBENCH_TEST_B", "from env")
    t.cleanup(function() env.set("LLMDBENCH_TEST_B", nil) end)
    stack = t.ok(build(text)).stacks[1]
    t.eq("from env", stack.config["local"].vars.b)
    t.eq("LLMDBENCH_TEST_B", stack.origins["local.vars.b"])
    t.eq("given", t.ok(build(text, { set = "local.vars.b=given" })).stacks[1].config["local"].vars.b)
    refused("unknown field 'envv'", "scenario: [{name: one, local: {enabled: true, vars: {a: {envv: X}}}}]")
  end)

  t.it("refuses broken scenarios, naming file and line", function()
    for text, words in pairs {
      ["x: 1\nscenaro: []"] = "scenario.yaml:2: the key 'scenario' is missing; there is 'scenaro'",
      ["other: 1"] = "the key 'scenario' is missing",
      ["scenario_file: {path: x}"] = "this is a specification, not a scenario",
      [""] = "the file is empty; it must hold a map",
      ["# only words\n"] = "the file is empty",
      ["\nscenario: {}"] = "scenario.yaml:2: 'scenario' must be a list of stacks, not a map",
      ["scenario: five"] = "'scenario' must be a list of stacks, not a string",
      ["scenario: []"] = "has no stacks",
      ["scenario:\n  - 5"] = "scenario.yaml:2: element 1 of 'scenario' must be a map with a name, not a number",
      ["scenario:\n  - a: 1\n  -"] = "element 1 of 'scenario' needs a name",
      ["scenario:\n  - name: a\n  - local: {}"] = "scenario.yaml:3: element 2 of 'scenario' needs a name",
      ["scenario: [{name: null}]"] = "element 1 of 'scenario' needs a name",
      ["scenario: [{name: 5}]"] = "is read as a number",
      ["scenario: [{name: [a]}]"] = "is read as a list",
      ["scenario:\n  -\n    name: ../x"] = "scenario.yaml:3: '../x' cannot be the name of a stack",
      ["scenario: [{name: a}, {name: a}]"] = "two stacks are called 'a'; the first is at",
      ["a: 1\nshared: 5\nscenario: [{name: a}]"] = "scenario.yaml:2: 'shared' must be a map, not a number",
      ["shared: [x]\nscenario: [{name: a}]"] = "'shared' must be a map, not a list",
      ["- a"] = "the file holds a list; it must hold a map",
      ["a: [1"] = "scenario.yaml:1",
    } do
      t.contains("scenario.yaml", refused(words, text).message)
    end
    refused("has no model.name", ONE, { defaults = "model: {name: \"\"}\n" })
  end)

  t.it("gives hints that help the writer of a file", function()
    local bomb = { "a: &a [x]" }
    for i = 1, 9 do
      local name, before = string.char(97 + i), string.char(96 + i)
      bomb[i + 1] = ("%s: &%s [%s]"):format(name, name, ("*" .. before .. ", "):rep(10))
    end
    local err = refused("write some of the aliases (*NAME) out", table.concat(bomb, "\n") .. "\n" .. ONE)
    t.ok(not err.hint:find "max_expanded")
    err = refused("keep one document", ONE .. "---\n" .. ONE)
    t.ok(not err.hint:find "decode_all")
    for set, words in pairs { ["=2"] = "--set: '=2' is not an override", ["decode.replicas"] = "is not an override",
      ["decode..replicas=2"] = "--set: 'decode..replicas' is not a dotted key" } do
      t.contains("example", refused(words, ONE, { set = set }).hint)
      t.contains("decode.replicas", refused(words, ONE, { set = set }).hint)
    end
  end)

  t.it("names place and stack of a bad namespace or image", function()
    refused("scenario.yaml:2: stack 'one': namespace.name: 'Bad_NS' is not a namespace name",
      "scenario:\n  - {name: one, local: {enabled: true}, namespace: {name: Bad_NS}}\n")
    local text = "scenario:\n  - name: one\n    decode:\n      initContainers: [{name: x, %s}]\n"
    refused("scenario.yaml:4: stack 'one': decode.initContainers.0.imageKey: 'nope' does not match any entry of images",
      text:format "imageKey: nope", { defaults = DEFAULTS .. "images: {a: {repository: r, tag: t}}\n" })
    refused("scenario.yaml:4: stack 'one': decode.initContainers.0: cannot set both image and imageKey",
      text:format "image: i, imageKey: a")
  end)

  t.it("finds misspelt keys at the top of a scenario, and lets holders of anchors be", function()
    local text = "x-common: &c {replicas: 4}\nbase: {a: 1}\nx-shared: 1\n%s: {decode: {replicas: 9}}\n" .. ONE
    t.eq({}, t.ok(build(text:format "defaults")).warnings)
    for key, meant in pairs { shard = "shared", Shared = "shared", shraed = "shared", scenarios = "scenario" } do
      local words = ("scenario.yaml:4: the key '%s' has no effect (did you mean '%s'?)"):format(key, meant)
      t.contains(words, table.concat(t.ok(build(text:format(key))).warnings, "\n"))
      refused(words, text:format(key), { strict = true })
    end
  end)

  t.it("refuses names that are no good as folders", function()
    for _, name in ipairs { "", ".", "..", "a/b", "/abs", "a b", "-x", ".hidden", "a\\nb", ("x"):rep(101), "x.yaml",
      "plan.json" } do
      local err = t.fails("invalid", build('scenario: [{name: "' .. name .. '"}]'))
      t.contains("name", err.message .. (err.hint or ""), name)
    end
    t.eq("A-1_b.c", t.ok(build "scenario: [{name: A-1_b.c, local: {enabled: true}}]").stacks[1].name)
  end)

  t.it("refuses a plain value where a section belongs", function()
    refused("scenario.yaml:3: 'namespace' must be a map of keys, not the text 'prod'",
      "scenario:\n  - name: one\n    namespace: prod\n")
    refused("scenario.yaml:1: 'decode' must be a map of keys, not 5", "shared: {decode: 5}\nscenario: [{name: a}]")
    refused("'model' must be a map of keys, not a list", "scenario: [{name: a, model: [x]}]")
    refused("'chartVersions' must be a map of keys, not a list", "scenario: [{name: a, chartVersions: [x]}]")
    refused("'local.vars' must be a map of keys, not a list", "scenario: [{name: a, local: {enabled: true, vars: [x]}}]")
    refused("scenario.yaml:1: 'model.name' must be text, not 2024\nput it in quotes",
      "scenario: [{name: a, model: {name: 2024}}]")
    refused("'namespace.name' must be text, not true", "scenario: [{name: a, namespace: {name: on}}]")
  end)

  t.it("names the place of a map where a plain value belongs", function()
    refused("scenario.yaml:3: 'model.name' must be text, not a map",
      "scenario:\n  - name: one\n    model: {name: {x: 1}}\n")
    refused("scenario.yaml:2: 'model.name' must be text, not a list", "scenario:\n  - {name: one, model: {name: [x]}}\n")
  end)

  t.it("takes switches written as text or as 0 and 1 for what they say", function()
    local built = t.ok(build [[
scenario:
  - name: one
    standalone: {enabled: "on"}
    modelservice: {enabled: "off"}
    monitoring: {podmonitor: {enabled: "${decode.flag}"}}
    decode: {flag: "False"}
    local: {enabled: 0}
]])
    local config = built.stacks[1].config
    t.eq({ "standalone", true, false, false, false }, { built.stacks[1].method, config.standalone.enabled,
      config.modelservice.enabled, config.monitoring.podmonitor.enabled, config["local"].enabled })
    built = t.ok(build("scenario: [{name: one, standalone: {enabled: true}}]", { set = "standalone.enabled=off" }))
    t.eq({ "modelservice", false }, { built.stacks[1].method, built.stacks[1].config.standalone.enabled })
  end)

  t.it("takes numbers written as text for what they say", function()
    local config = t.ok(build([[
scenario:
  - name: one
    local: {enabled: true, port: "18010"}
    model: {maxModelLen: "4096", gpuMemoryUtilization: "0.90", shortName: "12", blockSize: "064"}
    harness: {waitTimeout: "${decode.replicas}"}
    decode:
      replicas: "3"
      resources: {limits: {cpu: "4"}}
      initContainers: [{name: x, image: "a:1", restartPolicy: "5"}]
    standalone: {probes: {startup: {failureThreshold: "90", periodSeconds: "0"}}}
    inferenceExtension: {verbosity: "1"}
    wva: {variantAutoscaling: {variantCost: "10.0"}}
    vllmCommon: {inferencePort: "70000"}
]], { set = 'routing.servicePort="8001"' })).stacks[1].config
    t.eq({ 18010, 4096, 0.9, 3, 3, 90, 8001 }, { config["local"].port, config.model.maxModelLen,
      config.model.gpuMemoryUtilization, config.decode.replicas, config.harness.waitTimeout,
      config.standalone.probes.startup.failureThreshold, config.routing.servicePort })
    t.eq({ "12", "064", "4", "5", "0", "1", "10.0", "70000" }, { config.model.shortName, config.model.blockSize,
      config.decode.resources.limits.cpu, config.decode.initContainers[1].restartPolicy,
      config.standalone.probes.startup.periodSeconds, config.inferenceExtension.verbosity,
      config.wva.variantAutoscaling.variantCost, config.vllmCommon.inferencePort })
  end)

  t.it("takes infinities, and says which numbers lose digits", function()
    local built = t.ok(build "scenario: [{name: one, local: {enabled: true, vars: {a: 1}}, mine: {top: .inf, odd: .nan}}]",
      { strict = false })
    t.eq(math.huge, built.stacks[1].config.mine.top)
    built = t.ok(build "scenario: [{name: one, local: {enabled: true}, mine: {n: [123456789012345678]}}]")
    t.contains("scenario.yaml:1: mine.n.0: is so large that its last digits may be lost",
      table.concat(built.warnings, "\n"))
    built = t.ok(build(ONE, { set = "decode.replicas=9007199254740993" }))
    t.contains("--set: decode.replicas: is so large", table.concat(built.warnings, "\n"))
    t.eq({}, t.ok(build(ONE, { set = "decode.replicas=9007199254740991" })).warnings)
  end)

  t.it("takes a shared section that says nothing for none", function()
    for _, value in ipairs { "", "null", "{}", "[]", "false", "''" } do
      t.ok(build("shared: " .. value .. "\n" .. ONE), value)
    end
  end)

  t.it("refuses files that are too large or cannot be read", function()
    local filler = "# " .. ("x"):rep(1000) .. "\n"
    refused("the file has 10.0 MiB; at most 4 MiB are read", filler:rep(10 * 1024 * 1024 / #filler + 1) .. ONE)
    refused("nested deeper than 100 levels", "scenario: [{name: one, x: " .. ("["):rep(300) .. ("]"):rep(300) .. "}]")
    local dir = t.tempdir()
    local files = { path = dir .. "/x.yaml.j2", values_file = dir, scenario_file = write(dir .. "/s.yaml", ONE) }
    local _, err = plan.build(files, {})
    t.contains(dir, err.message)
    files.values_file = dir .. "/missing.yaml"
    t.contains("missing.yaml", t.fails("not_found", plan.build(files, {})).message)
  end)

  t.it("skips null, at the top and below", function()
    local config = t.ok(build("scenario: [{name: one, local: {enabled: true}, decode: null, gateway: {className: null, x: null}}]",
      { defaults = DEFAULTS .. "nothing:\n" })).stacks[1].config
    t.eq({ 1, "istio" }, { config.decode.replicas, config.gateway.className })
    t.eq(nil, rawget(config.gateway, "x"))
    t.eq(require("host.json").null, config.nothing)
  end)

  t.it("gives what an alias brings in the line of the alias", function()
    local stack = t.ok(build("x: &probe {port: 1}\nscenario:\n  - name: one\n    local: {enabled: true}\n" ..
      "    decode:\n      probes: *probe\n")).stacks[1]
    t.match("scenario.yaml:6$", stack.origins["decode.probes.port"])
  end)

  t.it("reports what does not fit the schema, as an error if that is wanted", function()
    local text = "scenario: [{name: one, local: {enabled: true}, decode: {replica: 3}}]"
    local built = t.ok(build(text))
    t.match("/scenario.yaml:1: decode.replica: .*decode.replicas", table.concat(built.warnings, "\n"))
    local err = t.fails("invalid", build(text, { strict = true }))
    t.match("decode.replica: ", err.message)
    t.contains("--strict", err.hint)
  end)

  t.it("costs the same for each of many stacks", function()
    local list = {}
    for i = 1, 100 do list[i] = "  - {name: s" .. i .. ", local: {enabled: true}, decode: {replicas: " .. i .. "}}\n" end
    local built = t.ok(build("scenario:\n" .. table.concat(list)))
    t.eq({ 100, 100, 1 }, { #built.stacks, built.stacks[100].config.decode.replicas,
      built.stacks[1].config.decode.replicas })
    t.match("scenario.yaml:101$", built.stacks[100].origins["decode.replicas"])
  end)

  t.it("builds our own specifications", function()
    for _, name in ipairs { "local/quickstart", "local/llama-cpp" } do
      local built = t.ok(plan.build(t.ok(spec.load(t.ok(spec.find(name))))))
      t.eq("local", built.stacks[1].method)
      t.eq("native", built.stacks[1].config.harness.name)
    end
  end)
end)
