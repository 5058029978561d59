-- Would a real API server take what the shipped specifications render to? Kinds of Kubernetes are checked in full,
-- HTTPRoute and PodMonitor against their own definitions, others against the outlines in tests/cluster/crds. Values of
-- charts are checked by their keys, and the pods described in them as pods.
package.path = (debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$") .. "/?.lua;" .. package.path

local api = require "api"
local harness = require "harness"
local info = require "host.info"
local planned = require "planned"
local pods = require "pods"
local t = require "bench.test"

local function check_values(file, known)
  for _, document in ipairs(file.documents) do
    for key in pairs(document) do t.ok(known[key], file.name .. ": unexpected key '" .. tostring(key) .. "'") end
  end
end

local function check_manifests(stack)
  local texts, count = { harness.pod(stack.config) }, 1
  for _, file in ipairs(stack.files) do
    local known = planned.value_keys(file)
    if known then
      check_values(file, known)
    else
      texts[#texts + 1] = file.text
      count = count + #file.documents
    end
  end
  t.ok(count > 5, "stack " .. stack.name .. " has hardly any manifests")
  local accepted, complaints = api.check(texts)
  t.eq("", complaints)
  t.eq(count, #accepted)
end

-- Pods that a chart or an operator makes of what we wrote.
local function described_pods(stack)
  local found = {}
  for _, file in ipairs(stack.files) do
    for _, document in ipairs(file.documents) do
      if file.name:find "^13_" then
        found[#found + 1] = pods.of_role(document.decode, "decode")
        found[#found + 1] = pods.of_role(document.prefill, "prefill")
      elseif document.kind == "LauncherConfig" then
        found[#found + 1] = pods.of_launcher(document)
      end
    end
  end
  return found
end

local function check(name, ...)
  api.prepare()
  for _, stack in ipairs(planned.plan(name, ...)) do
    if stack.config["local"].enabled then
      t.eq({}, stack.files, "the method local has no manifests")
    else
      check_manifests(stack)
      for _, pod in ipairs(described_pods(stack)) do t.eq("", api.check_object(pod)) end
    end
  end
end

t.describe("an API server takes", function()
  for _, name in ipairs(planned.specifications()) do
    t.it(name, { timeout_s = 120 }, function() check(name) end)
  end
  for _, name in ipairs { "cicd/gke", "cicd/kind-sim", "examples/cpu", "examples/gpu", "examples/sim",
    "examples/spyre" } do
    t.it(name .. " as standalone", { timeout_s = 120 }, function() check(name, "--methods", "standalone") end)
  end
  t.it("cicd/gke as fma", { timeout_s = 120 }, function() check("cicd/gke", "--methods", "fma") end)
  for _, method in ipairs { "modelservice", "standalone", "fma" } do
    t.it("every optional part of " .. method, { timeout_s = 120 }, function()
      check(planned.specification_of(info.home .. "/tests/cluster/everything.yaml"), "--methods", method)
    end)
  end
end)

t.describe("the check itself", function()
  t.it("refuses what is wrong", { timeout_s = 120 }, function()
    api.prepare()
    local claim = { apiVersion = "v1", kind = "PersistentVolumeClaim", metadata = { name = "x", namespace = "llmdbench" },
      spec = { accessModes = { "ReadWriteMany" }, resources = { requests = { storage = "1Gi" } } } }
    t.eq("", api.check_object(claim))
    claim.spec.acessModes = { "ReadWriteMany" }
    t.contains("acessModes", api.check_object(claim))
    t.contains("port", api.check_object(pods.of_role({ create = true,
      containers = { { name = "vllm", image = "x", ports = { { containerPort = 99999 } } } } }, "decode")))
  end)
end)
