local t = require "bench.test"
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local json = require "host.json"
local resolve = require "bench.plan.resolve"
local versions = require "bench.plan.resolve.versions"
local yaml = require "host.yaml"

local function stack_of(text)
  return { name = "s", config = t.ok(yaml.decode(text)), origins = {} }
end

local function apply(text, opts)
  local stack = stack_of(text)
  return stack, resolve.apply(stack, opts)
end

local function keys_of(unresolved)
  local keys = {}
  for i, each in ipairs(unresolved) do keys[i] = each.key end
  return keys
end

local MISSING = { code = "not_found", message = "no such program" }
local VLLM = "images: {vllm: {repository: example.io/vllm, tag: auto}}"

t.describe("versions.newest", function()
  for _, case in ipairs {
    { "v0.10.0", { "v0.9.1", "v0.10.0", "v0.2.0" } },
    { "v1.0.0", { "nightly", "v1.0.0", "v1.1.0-rc.1", "latest" } },
    { "1.29.2", { "1.29.2", "1.9.9", "sha256-0123456789abcdef.sig", "1.29.2-alpha.1" } },
    { "v0.6.0-alpha.8", { "v0.6.0-alpha.8", "v0.6.0-alpha.7", "main", "4f5e6d7c8b9a" } },
    { "v0.6.0-alpha.10", { "v0.6.0-alpha.8", "v0.6.0-alpha.10", "v0.6.0-alpha.9" } },
    { "v2.0.1", { "20240101", "v2.0.1", "99" } },
    { "stable", { "latest", "stable", "nightly-20260101" } },
    { "latest", { "latest" } },
  } do
    t.it("is " .. case[1] .. " of " .. table.concat(case[2], " "), function()
      t.eq(case[1], versions.newest(case[2]))
    end)
  end

  t.it("is nothing of nothing", function() t.eq(nil, versions.newest {}) end)

  t.it("orders naturally, whatever the order of the list", function()
    t.ok(versions.before("1.9", "1.10"))
    t.ok(versions.before("v1.2", "1.2.1"))
    t.ok(versions.before("1.2-rc2", "1.2-rc10"))
    t.eq(false, versions.before("2.0", "1.99"))
  end)
end)

t.describe("tags of images", function()
  t.it("come from skopeo first; once for all stacks of a command", function()
    t.replay { commands = { { argv = { "skopeo", "list-tags", "docker://example.io/vllm" },
      stdout = '{"Repository": "x", "Tags": ["v0.9.0", "v0.10.1", "nightly"]}' } } }
    local cache = {}
    local first = apply(VLLM, { cache = cache })
    local second = apply(VLLM, { cache = cache })
    t.eq({ "v0.10.1", "v0.10.1" }, { first.config.images.vllm.tag, second.config.images.vllm.tag })
    t.eq({}, first.unresolved)
    t.eq("auto: newest of example.io/vllm (skopeo)", first.origins["images.vllm.tag"])
  end)

  t.it("come from crane and podman where skopeo is missing or fails", function()
    t.replay { commands = {
      { argv = { "skopeo", "list-tags", "docker://example.io/vllm" }, error = MISSING },
      { argv = { "crane", "ls", "example.io/vllm" }, stdout = "v1.0\nv1.2\nv1.10\n\n" },
    } }
    t.eq("v1.10", apply(VLLM).config.images.vllm.tag)
  end)

  t.it("are read from podman's table", function()
    t.replay { commands = {
      { argv = { "skopeo", "list-tags", "docker://example.io/vllm" }, exit_code = 1, stderr = "unauthorized" },
      { argv = { "crane", "ls", "example.io/vllm" }, error = MISSING },
      { argv = { "podman", "search", "--list-tags", "--limit", "1000", "example.io/vllm" },
        stdout = "NAME              TAG\nexample.io/vllm   v2\nexample.io/vllm   v10.0\n" },
    } }
    t.eq("v10.0", apply(VLLM).config.images.vllm.tag)
  end)

  t.it("stay auto when nobody knows them, with the reason and what to do", function()
    t.replay { commands = {
      { argv = { "skopeo", "list-tags", "docker://example.io/vllm" }, exit_code = 1, stderr = "debug\nunauthorized\n" },
      { argv = { "crane", "ls", "example.io/vllm" }, error = { code = "timeout", message = "too slow" } },
      { argv = { "podman", "search", "--list-tags", "--limit", "1000", "example.io/vllm" }, error = MISSING },
    } }
    local stack, err = apply(VLLM)
    t.eq(nil, err)
    t.eq("auto", stack.config.images.vllm.tag)
    t.eq({ "images.vllm.tag" }, keys_of(stack.unresolved))
    local line = resolve.line(stack.unresolved[1])
    t.contains("skopeo failed with exit code 1: unauthorized", line)
    t.contains("crane did not answer within 60 s", line)
    t.contains("podman is not installed", line)
    t.contains("write the tag instead of auto", line)
  end)

  t.it("are looked up for the methods in use only", function()
    t.replay { commands = { { argv = { "skopeo", "list-tags", "docker://r/s" }, stdout = '{"Tags": ["v3"]}' } } }
    local stack = apply [[
standalone: {enabled: true, image: {repository: r/s, tag: auto}}
wva: {enabled: false, image: {repository: r/w, tag: auto}}
]]
    t.eq({ "v3", "auto" }, { stack.config.standalone.image.tag, stack.config.wva.image.tag })
    t.eq({}, stack.unresolved)
  end)
end)

t.describe("versions of charts", function()
  local CHART = [[
modelservice: {enabled: true}
chartVersions: {llmDInfra: auto, wva: auto}
helmRepositories: {llmDInfra: {url: https://charts.example/infra}, wva: {name: wva, url: oci://r/wva}}
]]

  t.it("come from the repository; the chart is known by its name", function()
    t.replay { commands = {
      { argv = { "helm", "repo", "add", "llmdbench", "https://charts.example/infra" } },
      { argv = { "helm", "search", "repo", "llmdbench/", "--output", "json" }, stdout = json.encode {
        { name = "llmdbench/llm-d-infra", version = "v1.3.6" }, { name = "llmdbench/llm-d-infra", version = "v1.3.10" },
        { name = "llmdbench/zzz", version = "v9.0.0" } } },
    } }
    local stack = apply(CHART)
    t.eq({ "v1.3.10", "auto" }, { stack.config.chartVersions.llmDInfra, stack.config.chartVersions.wva })
    t.eq({}, stack.unresolved)
  end)

  t.it("come from an OCI registry", function()
    t.replay { commands = { { argv = { "helm", "show", "chart", "oci://r/charts/agentgateway" },
      stdout = "apiVersion: v2\nappVersion: 9.9.9\nname: agentgateway\nversion: v1.1.0\n" } } }
    local stack = apply [[
chartVersions: {agentgateway: auto}
gateway: {className: agentgateway}
helmRepositories: {agentgateway: {name: agentgateway, url: "oci://r/charts/"}}
]]
    t.eq("v1.1.0", stack.config.chartVersions.agentgateway)
  end)

  t.it("come from the repositories that helm knows where the configuration names none", function()
    t.replay { commands = { { argv = { "helm", "search", "repo", "mine", "--output", "json" },
      stdout = '[{"name": "a/mine", "version": "2.0.0"}]' } } }
    t.eq("2.0.0", apply("chartVersions: {mine: auto}").config.chartVersions.mine)
  end)

  t.it("stay auto without helm, or without such a chart", function()
    t.replay { commands = {
      { argv = { "helm", "search", "repo", "mine", "--output", "json" }, stdout = "[]" },
      { argv = { "helm", "search", "repo", "other", "--output", "json" }, error = MISSING },
    } }
    local stack = apply "chartVersions: {mine: auto, other: auto}"
    t.eq({ "chartVersions.mine", "chartVersions.other" }, keys_of(stack.unresolved))
    t.contains("no chart found", stack.unresolved[1].reason)
    t.contains("helm is not installed", stack.unresolved[2].reason)
  end)

  t.it("give gateway.version", function()
    t.eq("1.29.2", apply("gateway: {version: auto}\nchartVersions: {istiod: 1.29.2}").config.gateway.version)
    t.eq({ "gateway.version" }, keys_of(apply("gateway: {version: auto}").unresolved))
  end)
end)

t.describe("init containers", function()
  local function container(entry, images)
    return apply("images: " .. (images or "{benchmark: {repository: r/b, tag: v1, pullPolicy: Always}}")
      .. "\ndecode: {initContainers: [" .. entry .. "]}")
  end

  t.it("take their image from an entry of images", function()
    local stack, err = container "{name: a, imageKey: benchmark}"
    t.eq(nil, err)
    t.eq({ name = "a", image = "r/b:v1", imagePullPolicy = "Always" }, stack.config.decode.initContainers[1])
    stack = container "{name: a, imageKey: benchmark, imagePullPolicy: Never}"
    t.eq("Never", stack.config.decode.initContainers[1].imagePullPolicy)
  end)

  t.it("look the tag auto up, and write it back", function()
    t.replay { commands = { { argv = { "skopeo", "list-tags", "docker://r/b" }, stdout = '{"Tags": ["v7"]}' } } }
    local stack = container("{name: a, imageKey: b}, {name: c, image: 'r/b:auto'}, {name: d, image: x}, {name: e}",
      "{b: {repository: r/b, tag: auto}}")
    local list = stack.config.decode.initContainers
    t.eq({ "r/b:v7", "r/b:v7", "x" }, { list[1].image, list[2].image, list[3].image })
    t.eq(nil, list[4].image)
    t.eq("v7", stack.config.images.b.tag)
  end)

  t.it("stay as they are when the registry is silent", function()
    t.replay { commands = {
      { argv = { "skopeo", "list-tags", "docker://r/c" }, error = MISSING },
      { argv = { "crane", "ls", "r/c" }, error = MISSING },
      { argv = { "podman", "search", "--list-tags", "--limit", "1000", "r/c" }, error = MISSING },
    } }
    local stack, err = container "{name: c, image: 'r/c:auto'}"
    t.eq(nil, err)
    t.eq("r/c:auto", stack.config.decode.initContainers[1].image)
    t.eq({ "decode.initContainers.0.image" }, keys_of(stack.unresolved))
  end)

  t.it("are refused when they contradict themselves", function()
    for entry, message in pairs {
      ["{image: x, imageKey: benchmark}"] = "decode.initContainers.0: cannot set both image and imageKey",
      ["{imageKey: 5}"] = "decode.initContainers.0.imageKey: must be a string",
      ["{imageKey: benchmrak}"] = "does not match any entry of images (did you mean 'benchmark'?)",
      ["{imageKey: empty}"] = "images.empty has an empty repository or tag",
    } do
      local _, err = container(entry, "{benchmark: {repository: r, tag: t}, empty: {repository: r}}")
      t.eq("invalid", t.ok(err, entry).code)
      t.contains(message, err.message)
    end
    local _, err = container("{imageKey: zz}", "{b: {repository: r, tag: t}, a: {repository: r, tag: t}}")
    t.eq("available: a, b", err.hint)
  end)
end)

local NODES = json.encode { items = {
  { metadata = { labels = { ["cloud.google.com/gke-accelerator"] = "ignored" } },
    status = { capacity = { ["amd.com/gpu"] = "8" }, conditions = { { type = "Ready", status = "False" } } } },
  { metadata = { labels = { ["nvidia.com/gpu.product"] = "NVIDIA-H100-80GB-HBM3" } },
    status = { capacity = { ["nvidia.com/gpu"] = "8", ["rdma/ib"] = "4", ["intel.com/gpu"] = "0" },
      conditions = { { type = "MemoryPressure", status = "False" }, { type = "Ready", status = "True" } } } },
  { metadata = { labels = { ["nvidia.com/gpu.product"] = "NVIDIA-A100-SXM4-80GB" } },
    status = { capacity = { ["nvidia.com/gpu"] = "8", ["rdma/ib"] = "" } } },
} }

t.describe("what the cluster offers", function()
  local ALL = [[
accelerator: {resource: auto}
vllmCommon: {networkResource: auto, networkNr: ""}
affinity: {enabled: true, nodeSelector: auto}
decode: {acceleratorType: {labelKey: x, labelValue: auto}}
prefill: {enabled: false, acceleratorType: {labelValue: auto}}
standalone: {accelerator: {count: 0}, acceleratorType: {labelValue: auto}}
]]
  local function kubectl(...)
    local argv = { "kubectl", "get", "nodes", "-o", "json", "--request-timeout=20s" }
    for _, word in ipairs { ... } do argv[#argv + 1] = word end
    return argv
  end

  t.it("is asked once and fills in everything that is auto", function()
    t.replay { commands = { { argv = kubectl("--kubeconfig", "/k", "--context", "c"), stdout = NODES } } }
    local opts = { kubeconfig = "/k", context = "c", cache = {} }
    local stack, err = apply(ALL, opts)
    t.eq(nil, err)
    local config = stack.config
    t.eq("nvidia.com/gpu", config.accelerator.resource)
    t.eq({ "rdma/ib", "1" }, { config.vllmCommon.networkResource, config.vllmCommon.networkNr })
    t.eq({ ["nvidia.com/gpu.product"] = "NVIDIA-A100-SXM4-80GB" }, config.affinity.nodeSelector)
    t.eq({ labelKey = "nvidia.com/gpu.product", labelValue = "NVIDIA-A100-SXM4-80GB" }, config.decode.acceleratorType)
    t.eq("auto", config.prefill.acceleratorType.labelValue, "a role that is off")
    t.eq("auto", config.standalone.acceleratorType.labelValue, "a role without GPUs")
    t.eq({ "rdma/ib", "1" }, { config.decode.networkResource, config.decode.networkNr })
    t.eq({}, stack.unresolved)
    t.eq("auto: nodes of the cluster", stack.origins["decode.acceleratorType.labelValue"])
    t.contains("several kinds of GPU (NVIDIA-A100-SXM4-80GB, NVIDIA-H100-80GB-HBM3)", stack.warnings[1])
    apply(ALL, opts)
  end)

  t.it("is asked through oc where there is no kubectl", function()
    local argv = kubectl()
    argv[1] = "oc"
    t.replay { commands = { { argv = kubectl(), error = MISSING }, { argv = argv, stdout = NODES } } }
    t.eq("nvidia.com/gpu", apply("accelerator: {resource: auto}").config.accelerator.resource)
  end)

  t.it("is not asked when nothing is auto; networks follow the common one all the same", function()
    local stack = apply [[
vllmCommon: {networkResource: rdma/ib, networkNr: "2"}
decode: {networkNr: "8"}
prefill: {networkResource: auto, networkNr: auto}
standalone: {networkResource: mine}
]]
    local config = stack.config
    t.eq({ "rdma/ib", "8" }, { config.decode.networkResource, config.decode.networkNr })
    t.eq({ "rdma/ib", "2" }, { config.prefill.networkResource, config.prefill.networkNr })
    t.eq({ "mine", "2" }, { config.standalone.networkResource, config.standalone.networkNr })
    t.eq("vllmCommon.networkResource", stack.origins["decode.networkResource"])
    t.eq("1", apply("vllmCommon: {networkResource: a, networkNr: auto}").config.vllmCommon.networkNr)
    t.eq("", apply("vllmCommon: {networkResource: '', networkNr: auto}").config.vllmCommon.networkNr)
  end)

  t.it("may be out of reach: the reason is kept, and only what nothing can do without is an error", function()
    t.replay { commands = { { argv = kubectl(), exit_code = 1, stderr = "connection refused", ["repeat"] = true } } }
    local stack, err = apply "accelerator: {resource: auto}\nvllmCommon: {networkResource: auto, networkNr: auto}"
    t.eq(nil, err)
    t.eq({ "accelerator.resource", "vllmCommon.networkResource" }, keys_of(stack.unresolved))
    t.contains("kubectl failed with exit code 1: connection refused", stack.unresolved[1].reason)
    t.eq({ "auto", "", "" }, { stack.config.accelerator.resource, stack.config.vllmCommon.networkResource,
      stack.config.vllmCommon.networkNr })
    stack, err = apply "affinity: {enabled: true, nodeSelector: auto}"
    t.eq("auto", stack.config.affinity.nodeSelector)
    t.eq({ "invalid", "affinity.nodeSelector" }, { err.code, err.key })
    t.contains("connection refused", err.message)
    t.contains("write affinity.nodeSelector: {LABEL: VALUE}", err.hint)
    stack, err = apply "affinity: {enabled: false, nodeSelector: auto}"
    t.eq({ nil, "affinity.nodeSelector" }, { err, stack.unresolved[1].key })
  end)

  t.it("may have nothing of the kind", function()
    t.replay { commands = { { argv = kubectl(), stdout = '{"items": []}' } } }
    local stack = apply "accelerator: {resource: auto}\nvllmCommon: {networkResource: auto, networkNr: auto}\ndecode: {}"
    t.eq({ "accelerator.resource" }, keys_of(stack.unresolved))
    t.eq({ "", "" }, { stack.config.decode.networkResource, stack.config.decode.networkNr })
  end)
end)

t.describe("resolve.apply", function()
  local ALL = VLLM .. "\nchartVersions: {mine: auto}\naccelerator: {resource: auto}"

  t.it("contacts nobody in a dry run, nor offline", function()
    t.replay { commands = {} }
    for opt, reason in pairs { dry_run = "a dry run asks nobody", offline = "this is an offline plan" } do
      local stack, err = apply(ALL, { [opt] = true })
      t.eq(nil, err)
      t.eq({ "images.vllm.tag", "chartVersions.mine", "accelerator.resource" }, keys_of(stack.unresolved))
      for _, each in ipairs(stack.unresolved) do t.contains(reason, each.reason) end
    end
  end)

  t.it("leaves servers of this machine alone", function()
    t.replay { commands = {} }
    local stack = apply(ALL .. "\nlocal: {enabled: true}")
    t.eq({ {}, "auto" }, { stack.unresolved, stack.config.images.vllm.tag })
  end)

  t.it("hides secrets that tools print", function()
    require("host.log").secret "canary-secret-4711"
    t.replay { commands = {
      { argv = { "skopeo", "list-tags", "docker://example.io/vllm" }, exit_code = 1, stderr = "bad canary-secret-4711" },
      { argv = { "crane", "ls", "example.io/vllm" }, error = MISSING },
      { argv = { "podman", "search", "--list-tags", "--limit", "1000", "example.io/vllm" }, error = MISSING },
    } }
    local stack = apply(VLLM)
    t.eq(nil, json.encode(stack.unresolved):find("canary-secret-4711", 1, true))
  end)
end)

-- Small programs in a folder of their own, in front of everything else on PATH.
local function fake_tools(scripts)
  local folder = t.tempdir()
  for name, body in pairs(scripts) do
    t.ok(fs.write(folder .. "/" .. name, "#!/bin/sh\n" .. body .. "\n", { mode = "0755" }))
  end
  local path = env.get "PATH"
  env.set("PATH", folder .. ":/usr/bin:/bin")
  t.cleanup(function() env.set("PATH", path) end)
  return folder
end

t.describe("with real programs on PATH", function()
  t.it("finds a tag, a chart and the nodes", function()
    local folder = fake_tools {
      skopeo = 'echo "$@" >> "$(dirname "$0")/calls"; echo \'{"Tags": ["v1.0.0", "v1.2.0"]}\'',
      helm = [[
echo "$@ $HELM_REPOSITORY_CONFIG" >> "$(dirname "$0")/calls"
case "$1" in search) echo '[{"name": "llmdbench/mine", "version": "4.5.6"}]';; esac]],
      kubectl = [[printf '%s\n' '{"items": [{"status": {"capacity": {"amd.com/gpu": "4"}}}]}']],
    }
    local stack, err = apply(VLLM .. [[

chartVersions: {mine: auto}
helmRepositories: {mine: {url: "https://charts.example"}}
accelerator: {resource: auto}]])
    t.eq(nil, err)
    t.eq({}, stack.unresolved)
    t.eq({ "v1.2.0", "4.5.6", "amd.com/gpu" }, { stack.config.images.vllm.tag, stack.config.chartVersions.mine,
      stack.config.accelerator.resource })
    local calls = t.ok(fs.read(folder .. "/calls"))
    t.contains("list-tags docker://example.io/vllm", calls)
    t.match("repo add llmdbench https://charts.example /.*repositories.yaml", calls)
  end)

  t.it("gives kubectl a list of kubeconfigs as the variable that takes lists", function()
    local folder = fake_tools { kubectl = [[
echo "$KUBECONFIG $*" > "$(dirname "$0")/call"
printf '%s\n' '{"items": [{"status": {"capacity": {"amd.com/gpu": "4"}}}]}']] }
    t.eq("amd.com/gpu", apply("accelerator: {resource: auto}", { kubeconfig = "/a:/b" }).config.accelerator.resource)
    t.eq("/a:/b get nodes -o json --request-timeout=20s\n", t.ok(fs.read(folder .. "/call")))
  end)

  t.it("gives up on a tool that hangs", { timeout_s = 30 }, function()
    local lookup = require "bench.plan.resolve.lookup"
    fake_tools { skopeo = "sleep 60", crane = "echo v5.0", podman = "exit 1" }
    local limit = lookup.TIMEOUT_S
    lookup.TIMEOUT_S = 0.2
    t.cleanup(function() lookup.TIMEOUT_S = limit end)
    t.eq("v5.0", apply(VLLM).config.images.vllm.tag)
  end)

  t.it("goes on without any tool", function()
    fake_tools {}
    if exec.which "skopeo" or exec.which "crane" or exec.which "podman" then t.skip "a registry tool is in /usr/bin" end
    local stack = apply(VLLM)
    t.contains("skopeo is not installed; crane is not installed; podman is not installed", stack.unresolved[1].reason)
  end)
end)
