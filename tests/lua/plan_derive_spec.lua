local t = require "bench.test"
local derive = require "bench.plan.derive"
local env = require "host.env"
local flags = require "bench.plan.flags"
local fs = require "host.fs"
local plan = require "bench.plan"
local secrets = require "bench.plan.secrets"
local yaml = require "host.yaml"

local DEFAULTS = [[
resourcePresets:
  large:
    decode: {resources: {limits: {cpu: "32"}}, parallelism: {tensor: 4}, shm: {size: 64Gi}}
    prefill: {resources: {limits: {cpu: "32"}}}
namespace: {name: auto}
model: {name: facebook/opt-125m, shortName: x, path: y, huggingfaceId: z, maxModelLen: 16384}
modelservice: {enabled: true}
standalone: {enabled: false}
fma: {enabled: false}
gateway: {namespace: auto, className: istio}
huggingface: {enabled: true, token: "", tokenBase64: ""}
images: {benchmark: {repository: example.org/benchmark, tag: v1}}
downloadJob: {name: download-model}
inferenceExtension:
  monitoring: {secretName: inference-gateway-sa-metrics-reader-secret, prometheus: {enabled: true}}
  inferencePoolProviderConfig: {}
monitoring: {podmonitor: {enabled: true}, metricsScrapeEnabled: false}
wva: {enabled: false}
decode: {replicas: 1, parallelism: {tensor: 1}, resources: {limits: {cpu: "4", memory: 8Gi}}, initContainers: []}
prefill: {replicas: 0, resources: {limits: {cpu: "4"}}}
harness: {name: inference-perf, profile: sanity_random.yaml}
]]

local function write(path, text)
  t.ok(fs.mkdir(fs.parent(path)))
  t.ok(fs.write(path, text))
  return path
end

local function build(scenario, opts)
  local dir = t.tempdir()
  return plan.build({ name = "x", path = dir .. "/x.yaml.j2", text = "", base_dir = dir,
    values_file = write(dir .. "/defaults.yaml", DEFAULTS),
    scenario_file = write(dir .. "/scenario.yaml", scenario) }, opts or {})
end

local function one(scenario, opts) return t.ok(build(scenario, opts)).stacks[1] end

-- Variables that hold a token, for the length of a spec.
local function with_token(values)
  for _, name in ipairs(secrets.HUB_VARIABLES) do
    local before = env.get(name)
    env.set(name, values[name])
    t.cleanup(function() env.set(name, before) end)
  end
end

local ONE = "scenario: [{name: one}]\n"
local TWO = "scenario: [{name: one, model: {name: a/b}}, {name: two, model: {name: c/d}}]\n"

t.describe("bench.plan.derive", function()
  t.it("labels models as documented", function()
    for _, row in ipairs {
      { "facebook/opt-125m", "llmdbench", "facebook-16adac56-opt-125m" },
      { "facebook/opt-125m", "my-ns", "facebook-1a46c67e-opt-125m" },
      { "Qwen/Qwen3-32B", "llmdbench", "qwen-qwe-03cce4e9-wen3-32b" },
      { "Qwen/Qwen3-0.6B", "llmdbench", "qwen-qwe-07df2612-en3-0-6b" },
      { "meta-llama/Llama-3.1-8B", "llmdbench", "meta-lla-22aa20ea-a-3-1-8b" },
      { "meta-llama/Llama-3.1-8B-Instruct", "llmdbench", "meta-lla-f1a1d196-instruct" },
      { "unsloth/Meta-Llama-3.1-8B", "llmdbench", "unsloth--4128cbbe-a-3-1-8b" },
      { "Qwen/Qwen3-30B-A3B", "llmdbench", "qwen-qwe-f42c2fef--30b-a3b" },
      { "random", "llmdbench", "random-d9436b1e-random" },
      { "gpt2", "", "gpt2-238f51b7-gpt2" },
    } do
      t.eq(row[3], flags.model_label(row[1], row[2]), row[1] .. " in " .. row[2])
    end
    t.eq("facebook-1a46c67e-opt-125m", one(ONE, { namespace = "my-ns" }).config.model_id_label)
  end)

  t.it("gives the stacks of one scenario names of their own", function()
    t.eq("download-model", one(ONE).config.downloadJob.name)
    local built = t.ok(build(TWO))
    for _, stack in ipairs(built.stacks) do
      local label = stack.config.model_id_label
      t.eq("download-model-" .. label, stack.config.downloadJob.name)
      t.eq("inference-gateway-sa-metrics-reader-secret-" .. label,
        stack.config.inferenceExtension.monitoring.secretName)
    end
    built = t.ok(build("shared: {downloadJob: {name: mine}}\n" .. TWO))
    t.eq("mine", built.stacks[2].config.downloadJob.name)
  end)

  t.it("names the host of a destination rule that has none", function()
    local text = "scenario: [{name: one, inferenceExtension: {inferencePoolProviderConfig: {destinationRule: %s}}}]"
    local rule = one(text:format "{trafficPolicy: {}}").config.inferenceExtension.inferencePoolProviderConfig
      .destinationRule
    t.eq("facebook-16adac56-opt-125m-gaie-epp", rule.host)
    rule = one(text:format "{host: other}").config.inferenceExtension.inferencePoolProviderConfig.destinationRule
    t.eq("other", rule.host)
  end)

  t.it("tells stacks about their siblings, as they are after all overrides", function()
    local built = t.ok(build([[
shared: {model: {name: from/shared}}
scenario:
  - {name: alone, standalone: {enabled: true}}
  - {name: first}
  - {name: second, model: {name: own/model}}
]], { set = "first:model.name=set/model" }))
    local seen = {}
    for i, sibling in ipairs(built.stacks[3].config.siblingStacks) do
      seen[i] = { sibling.name, sibling.modelName, sibling.standalone }
    end
    t.eq({ { "alone", "from/shared", true }, { "first", "set/model", false }, { "second", "own/model", false } },
      seen)
    t.eq({ 3, 2 }, { built.stacks[3].config.stackIndex, built.stacks[3].config.sharedInfraStackIndex })
    t.eq(1, one("scenario: [{name: a, standalone: {enabled: true}}]").config.sharedInfraStackIndex)
    built = t.ok(build(TWO, { models = "flag/model" }))
    t.eq("flag/model", built.stacks[1].config.siblingStacks[2].modelName)
  end)

  t.it("knows the prefix of a shared route", function()
    local text = "scenario: [{name: one, standalone: {enabled: %s}, httpRoute: {mode: %s, pathPrefix: '%s'}}]"
    t.eq("/x/one/v1", derive.path_prefix(one(text:format("false", "shared", "/x/{stack.name}/v1"))))
    t.eq("", derive.path_prefix(one(text:format("true", "shared", "/{stack.name}"))))
    t.eq("", derive.path_prefix(one(text:format("false", "per-stack", "/{stack.name}"))))
    t.eq("", derive.path_prefix(one(text:format("false", "shared", ""))))
    t.eq("", derive.path_prefix(one(ONE)))
    t.eq("/{stack.name}", one(text:format("false", "shared", "/{stack.name}")).config.httpRoute.pathPrefix)
  end)

  t.it("gives init containers without an image that of the benchmark", function()
    local containers = one([[
scenario:
  - name: one
    decode: {initContainers: [{name: a}, {name: b, image: mine:1}, {name: c, image: ""}]}
]]).config.decode.initContainers
    t.eq({ "example.org/benchmark:v1", "mine:1", "example.org/benchmark:v1" },
      { containers[1].image, containers[2].image, containers[3].image })
  end)

  t.it("puts a reference in place of the hub token", function()
    with_token { LLMDBENCH_HF_TOKEN = "hf_second", HF_TOKEN = "hf_canary_0123456789" }
    local stack = one(ONE)
    t.eq({ true, "{{secret:hf_token}}", "{{secret:hf_token_base64}}" },
      { stack.config.huggingface.enabled, stack.config.huggingface.token, stack.config.huggingface.tokenBase64 })
    t.eq("HF_TOKEN", stack.origins["huggingface.token"])
    t.eq("a: hf_canary_0123456789", secrets.fill "a: {{secret:hf_token}}")
    t.eq("aGZfY2FuYXJ5XzAxMjM0NTY3ODk=", secrets.fill "{{secret:hf_token_base64}}")
    t.contains("'other' is not known", t.fails("not_found", secrets.fill "{{secret:other}}").message)
  end)

  t.it("switches the hub off without a token", function()
    with_token {}
    for _, token in ipairs { "", "REPLACE_TOKEN", "REPLACE_TOKEN_B64" } do
      local hub = one("scenario: [{name: one, huggingface: {token: '" .. token .. "'}}]").config.huggingface
      t.eq({ false, "", "" }, { hub.enabled, hub.token, hub.tokenBase64 })
    end
  end)

  t.it("keeps a clear token of a scenario out of the configuration", function()
    with_token { HF_TOKEN = "hf_of_the_environment" }
    local built = t.ok(build [[
scenario:
  - {name: one, huggingface: {token: hf_canary_in_the_scenario}}
  - {name: two, huggingface: {token: hf_canary_of_another}}
]])
    for _, stack in ipairs(built.stacks) do
      t.ok(not yaml.encode(stack.config):find("canary", 1, true))
      t.match("scenario.yaml:%d+$", stack.origins["huggingface.token"])
    end
    t.eq("hf_canary_in_the_scenario", secrets.fill(built.stacks[1].config.huggingface.token))
    t.eq("hf_canary_of_another", secrets.fill(built.stacks[2].config.huggingface.token))
  end)
end)

t.describe("secrets of a plan", function()
  t.it("are references wherever their text stands", function()
    with_token { HF_TOKEN = "hf_canary_everywhere" }
    local stack = one [[
scenario:
  - name: one
    decode: {extraEnvVars: [{name: T, value: hf_canary_everywhere}, {name: B, value: aGZfY2FuYXJ5X2V2ZXJ5d2hlcmU=}]}
    model: {name: "org/${huggingface.token}", path: "x?token=hf_canary_everywhere&y"}
]]
    t.ok(not yaml.encode(stack.config):find("canary_everywhere", 1, true))
    t.eq({ "{{secret:hf_token}}", "{{secret:hf_token_base64}}", "x?token={{secret:hf_token}}&y" },
      { stack.config.decode.extraEnvVars[1].value, stack.config.decode.extraEnvVars[2].value, stack.config.model.path })
    t.eq("x?token=hf_canary_everywhere&y", secrets.fill(stack.config.model.path))
  end)

  t.it("change nothing else if the token is only a placeholder", function()
    with_token { HF_TOKEN = "auto" }
    local stack = one "scenario: [{name: one, storage: {class: auto, automatic: x}}]"
    t.eq({ "auto", "{{secret:hf_token}}" }, { stack.config.storage.class, stack.config.huggingface.token })
    t.eq("auto", require("host.log").redact "auto")
  end)
end)

t.describe("resource presets", function()
  t.it("are a base: above the defaults, below the scenario", function()
    local stack = one "scenario: [{name: one, resourcePreset: large, decode: {parallelism: {tensor: 2}}}]"
    t.eq({ "32", "8Gi", 2, "64Gi" }, { stack.config.decode.resources.limits.cpu,
      stack.config.decode.resources.limits.memory, stack.config.decode.parallelism.tensor,
      stack.config.decode.shm.size })
    t.eq("32", stack.config.prefill.resources.limits.cpu)
    t.match("/defaults.yaml:3$", stack.origins["decode.resources.limits.cpu"])
  end)

  t.it("may be named by --set and by a setup treatment", function()
    t.eq(4, one(ONE, { set = "resourcePreset=large" }).config.decode.parallelism.tensor)
    t.eq(4, one(ONE, { overrides = { resourcePreset = "large" } }).config.decode.parallelism.tensor)
    t.eq(9, one(ONE, { set = "resourcePreset=large,decode.parallelism.tensor=9" }).config.decode.parallelism.tensor)
  end)

  t.it("warn when they do not exist", function()
    local built = t.ok(build "scenario: [{name: one, resourcePreset: lrge}]")
    t.match("scenario.yaml:1: resourcePreset: there is no preset 'lrge' %(did you mean 'large'%?%)",
      table.concat(built.warnings, "\n"))
  end)
end)

t.describe("flags of a plan", function()
  t.it("leave monitoring to the scenario unless it is said", function()
    local config = one(ONE).config
    t.eq({ true, false, true }, { config.monitoring.podmonitor.enabled, config.monitoring.metricsScrapeEnabled,
      config.inferenceExtension.monitoring.prometheus.enabled })
    config = one(ONE, { monitoring = true }).config
    t.eq({ true, true }, { config.monitoring.podmonitor.enabled, config.monitoring.metricsScrapeEnabled })
    local stack = one(ONE, { monitoring = false })
    t.eq({ false, false, false }, { stack.config.monitoring.podmonitor.enabled,
      stack.config.monitoring.metricsScrapeEnabled, stack.config.inferenceExtension.monitoring.prometheus.enabled })
    t.eq("--no-monitoring", stack.origins["monitoring.podmonitor.enabled"])
    stack = one(ONE, { monitoring = false, sources = { monitoring = "LLMDBENCH_MONITORING" } })
    t.eq("LLMDBENCH_MONITORING", stack.origins["monitoring.podmonitor.enabled"])
  end)

  t.it("may be said by variables, yes and no, and a flag wins", function()
    local options, phase_options = require "bench.options", require "bench.options.phase"
    local function monitoring(variable, flag)
      env.set("LLMDBENCH_MONITORING", variable)
      t.cleanup(function() env.set("LLMDBENCH_MONITORING", nil) end)
      return t.ok(options.resolve(phase_options.stacks, { monitoring = flag })).monitoring
    end
    t.eq(nil, monitoring(nil))
    t.eq(true, monitoring "true")
    t.eq(false, monitoring "false")
    t.eq(true, monitoring("0", true))
    t.eq(false, monitoring("yes", false))
    for _, name in ipairs { "plan", "standup", "smoketest", "run", "teardown", "e2e", "experiment" } do
      local seen = {}
      for _, entry in ipairs(options.flatten(require("bench.commands").load(name).options)) do
        seen[options.key(entry.option)] = true
      end
      for _, key in ipairs { "namespace", "models", "methods", "stack", "set", "monitoring", "wva", "strict" } do
        t.ok(seen[key], name .. " has no --" .. key)
      end
    end
  end)

  t.it("switch the autoscaler on", function()
    t.eq(false, one(ONE).config.wva.enabled)
    t.eq(true, one(ONE, { wva = true }).config.wva.enabled)
  end)

  t.it("take one of several methods, and say which", function()
    for words, method in pairs { ["standalone,modelservice"] = "modelservice", ["fma,standalone"] = "standalone",
      ["fma, modelservice"] = "modelservice", ["fma"] = "fma" } do
      local built = t.ok(build(ONE, { methods = words }))
      t.eq(method, built.stacks[1].method, words)
      t.eq(words:find(",") ~= nil, table.concat(built.warnings, "\n"):find("one deploy method") ~= nil, words)
      for _, name in ipairs { "standalone", "modelservice", "fma" } do
        t.eq(name == method, built.stacks[1].config[name].enabled, words .. ": " .. name)
      end
    end
  end)

  t.it("warn about commands that a model does not reach", function()
    local text = "scenario: [{name: one, decode: {vllm: {customCommand: '%s'}}}]"
    local function warnings(command)
      return table.concat(t.ok(build(text:format(command), { models = "a/b" })).warnings, "\n")
    end
    t.match("decode.vllm.customCommand %(.*scenario.yaml:1%)", warnings "vllm serve x")
    t.eq(nil, warnings("vllm serve ${model.name}"):find "customCommand")
    t.eq(nil, warnings("vllm serve $MODEL_NAME"):find "customCommand")
  end)
end)
