-- Command lines, environment, probes and init containers of decode and prefill servers.
local t = require "bench.test"
local templates = require "support.templates"

local L, doc, yaml = templates.LABEL, templates.doc, templates.yaml

local function role(scenario, name)
  if name == "prefill" then scenario = scenario or "prefill: {enabled: true}" end
  return doc("13", scenario)[name or "decode"]
end

local function server(scenario, name) return role(scenario, name).containers[1] end

local function command(scenario, name) return templates.command_lines(server(scenario, name)) end

-- The line of a command that begins with a flag.
local function flag(lines, name)
  for _, line in ipairs(lines) do
    if line:sub(1, #name) == name then return line end
  end
end

local ALL_FLAGS = [[
model: {maxNumSeq: 8}
vllmCommon:
  preprocessScript: "source /env.sh\n"
  flags: {noPrefixCaching: true, enablePrefixCaching: true, chatTemplate: /t.jinja, chatTemplateContentFormat: openai}
  kvTransfer: {enabled: true}
  kvEvents: {enabled: true}
decode: {vllm: {additionalFlags: ["--prefix-caching-hash-algo sha256_cbor", "--x"]}}
]]

local TRANSFER = [[--kv-transfer-config '{"kv_connector":"NixlConnector","kv_role":"kv_both"}']]
local EVENTS = [[--kv-events-config '{"enable_kv_cache_events":true,"publisher":"zmq",]] ..
  [["endpoint":"tcp://]] .. L .. [[-gaie-epp.llmdbench.svc.cluster.local:5557",]] ..
  [["topic":"kv@$(POD_IP):$(VLLM_INFERENCE_PORT)@facebook/opt-125m"}']]

t.describe("the command line of a model server", function()
  t.it("has all its flags in their order", function()
    t.eq({
      "source /env.sh; vllm serve /model-cache/models/facebook/opt-125m",
      "--host 0.0.0.0",
      "--served-model-name facebook/opt-125m",
      "--port $VLLM_METRICS_PORT",
      "--block-size $VLLM_BLOCK_SIZE",
      "--max-model-len $VLLM_MAX_MODEL_LEN",
      "--tensor-parallel-size $VLLM_TENSOR_PARALLELISM",
      "--gpu-memory-utilization $VLLM_ACCELERATOR_MEM_UTIL",
      "--enforce-eager",
      "--no-enable-log-requests",
      "--disable-uvicorn-access-log",
      "--no-enable-prefix-caching",
      "--enable-prefix-caching",
      "--chat-template '/t.jinja'",
      "--chat-template-content-format openai",
      TRANSFER,
      EVENTS,
      "--prefix-caching-hash-algo sha256_cbor",
      "--x",
    }, command(ALL_FLAGS))
    t.eq({ "/bin/sh", "-c" }, server().command)
  end)

  t.it("has only what is asked for", function()
    t.eq({
      "/bin/true; vllm serve /models/m",
      "--host ::",
      "--served-model-name facebook/opt-125m",
      "--port $VLLM_METRICS_PORT",
      "--block-size $VLLM_BLOCK_SIZE",
      "--max-model-len $VLLM_MAX_MODEL_LEN",
    }, command [[
model: {gpuMemoryUtilization: 0, cacheBase: /models, path: m}
vllmCommon:
  host: "::"
  flags: {enforceEager: false, disableLogRequests: false, disableUvicornAccessLog: false}
decode: {parallelism: {tensor: 0}}
]])
  end)

  t.it("is one line for the shell", function()
    local text = server(ALL_FLAGS).args[1]
    local _, breaks = text:gsub(" \\\n  %-%-", "")
    t.eq(18, breaks)
    t.eq(nil, text:find "\\\n\n")
    t.match("%-%-x\n$", text)
  end)

  t.it("listens where the routing proxy forwards to, if there is one", function()
    t.eq("--port $VLLM_METRICS_PORT", flag(command(), "--port"))
    t.eq("--port $VLLM_INFERENCE_PORT", flag(command "routing: {proxy: {enabled: false}}", "--port"))
    t.eq("--port $VLLM_INFERENCE_PORT", flag(command(nil, "prefill"), "--port"))
  end)

  t.it("can be the user's own, with the settings of the KV cache", function()
    local own = [[
decode:
  vllm:
    customPreprocessCommand: a && b
    customCommand: "\nexec x \\\n  --y \\\n"
]]
    t.eq({ "a && b; exec x", "--y" }, command(own))
    t.eq({ "a && b; exec x", "--y", TRANSFER, EVENTS },
      command(own .. "vllmCommon: {kvTransfer: {enabled: true}, kvEvents: {enabled: true}}"))
    t.eq({ "/bin/true; exec z" },
      command("prefill: {enabled: true, vllm: {customCommand: exec z, additionalFlags: [--w]}}", "prefill"))
  end)

  t.it("tells the cache's connector and listeners what the user says", function()
    local lines = command [[
vllmCommon:
  kvTransfer:
    enabled: true
    connector: OffloadingConnector
    role: kv_producer
    extraConfig: {blocks: 5000, a: [1, {b: x}]}
  kvEvents: {enabled: true, publisher: null, port: 5600, topicPrefix: t, serviceName: listener}
namespace: {name: ns}
model: {name: org/m}
]]
    t.eq(yaml [[
kv_connector: OffloadingConnector
kv_role: kv_producer
kv_connector_extra_config: {blocks: 5000, a: [1, {b: x}]}
]], yaml(flag(lines, "--kv-transfer"):match "^%-%-kv%-transfer%-config '(.*)'$"))
    t.eq([[--kv-events-config '{"enable_kv_cache_events":true,"publisher":"zmq",]] ..
      [["endpoint":"tcp://listener.ns.svc.cluster.local:5600",]] ..
      [["topic":"t@$(POD_IP):$(VLLM_INFERENCE_PORT)@org/m"}']], flag(lines, "--kv-events"))
  end)

  t.it("is left to the image when the image knows it", function()
    local container = server "decode: {vllm: {modelCommand: imageDefault}}"
    t.eq({}, { container.command, container.args })
    t.eq("imageDefault", container.modelCommand)
  end)
end)

local ENV = {
  "VLLM_IS_DECODE=1", "HOME=/tmp", "HF_HOME=/tmp/huggingface", "MODEL_NAME=facebook/opt-125m",
  "MODEL_PATH=models/facebook/opt-125m", "VLLM_CACHE_ROOT=/tmp/vllm", "VLLM_WORKER_MULTIPROC_METHOD=spawn",
  "VLLM_LOGGING_LEVEL=INFO", "VLLM_ALLOW_LONG_MAX_MODEL_LEN=1", "VLLM_SERVER_DEV_MODE=1",
  "VLLM_INFERENCE_PORT=8000", "VLLM_METRICS_PORT=8200", "VLLM_BLOCK_SIZE=64", "VLLM_MAX_MODEL_LEN=16384",
  "VLLM_LOAD_FORMAT=auto", "VLLM_ACCELERATOR_MEM_UTIL=0.95", "VLLM_MAX_NUM_SEQ=256", "VLLM_TENSOR_PARALLELISM=1",
  "VLLM_MAX_NUM_BATCHED_TOKENS=", "VLLM_NIXL_SIDE_CHANNEL_HOST<status.podIP", "VLLM_NIXL_SIDE_CHANNEL_PORT=5557",
  "UCX_TLS=sm,cuda_ipc,cuda_copy,tcp", "UCX_SOCKADDR_TLS_PRIORITY=tcp", "POD_IP<status.podIP",
  "LLMDBENCH_POD_NS<metadata.namespace",
}

t.describe("the environment of a model server", function()
  local function variable(scenario, name) return templates.variable(server(scenario).env, name) end

  t.it("comes in this order", function()
    t.eq(ENV, templates.env(server().env))
    local prefill = templates.env(server(nil, "prefill").env)
    t.eq({ "VLLM_IS_PREFILL=1", #ENV }, { prefill[1], #prefill })
  end)

  t.it("leaves out what is switched off", function()
    t.eq({}, { variable("vllmCommon: {flags: {serverDevMode: '', allowLongMaxModelLen: ''}}", "VLLM_SERVER_DEV_MODE"),
      variable("vllmCommon: {flags: {allowLongMaxModelLen: ''}}", "VLLM_ALLOW_LONG_MAX_MODEL_LEN") })
  end)

  t.it("takes the role's settings, then those of all servers", function()
    t.eq("/cache", variable("decode: {vllm: {cacheRoot: /cache}}", "VLLM_CACHE_ROOT"))
    t.eq("/home/vllm", variable("vllmCommon: {containerHome: /home}", "VLLM_CACHE_ROOT"))
    t.eq("fork", variable("decode: {vllm: {workerMultiprocMethod: ''}}\nvllmCommon: {workerMultiprocMethod: fork}",
      "VLLM_WORKER_MULTIPROC_METHOD"))
    t.eq("9000", variable("decode: {vllm: {servicePort: 9000}}", "VLLM_INFERENCE_PORT"))
    t.eq("runai", variable("vllmCommon: {loadFormat: runai}", "VLLM_LOAD_FORMAT"))
    t.eq({ "32", "1024" }, { variable("model: {maxNumSeq: 32}", "VLLM_MAX_NUM_SEQ"),
      variable("model: {maxNumBatchedTokens: 1024}", "VLLM_MAX_NUM_BATCHED_TOKENS") })
  end)

  t.it("lists the sizes of variants", function()
    local variants = "decode: {vllmVariants: [{maxModelLen: 8000, maxNumSeq: 32}, {maxModelLen: 32768, maxNumSeq: 4}]}"
    t.eq({ "8000,,32768", "32,,4", "" }, { variable(variants, "VLLM_MAX_MODEL_LEN"),
      variable(variants, "VLLM_MAX_NUM_SEQ"), variable(variants, "VLLM_MAX_NUM_BATCHED_TOKENS") })
  end)

  t.it("names labels for the pod, and then a way to the cluster", function()
    local ranges = "decode: {contextLengthRanges: ['0-8000', '8000-32768']"
    local list = server(ranges .. "}").env
    t.eq({ "llm-d.ai/context-length-range_eq_0-8000,llm-d.ai/context-length-range_eq_8000-32768",
      "/etc/kubeconfig/llmdbench-context" },
      { templates.variable(list, "LLMDBENCH_POD_LABELS"), templates.variable(list, "KUBECONFIG") })
    list = server(ranges .. ", podLabels: a_eq_b, extraEnvVars: [{name: KUBECONFIG, value: /mine}]}").env
    t.eq({ "a_eq_b", "/mine" },
      { templates.variable(list, "LLMDBENCH_POD_LABELS"), templates.variable(list, "KUBECONFIG") })
    t.eq(#ENV + 2, #list)
  end)

  t.it("ends with the user's, from wherever they come", function()
    local list = server([[
decode:
  extraEnvVars:
    - {name: A, value: 1}
    - {name: B, value: 'say "hi" \\n'}
    - {name: C, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}
    - {name: D, valueFrom: {configMapKeyRef: {name: s, key: k}}}
    - {name: E, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: F, valueFrom: {resourceFieldRef: {containerName: vllm, resource: limits.cpu}}}
    - {name: G, value: ''}
]]).env
    t.eq(yaml([[
- {name: A, value: "1"}
- {name: B, value: 'say "hi" \\n'}
- {name: C, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}
- {name: D, valueFrom: {configMapKeyRef: {name: s, key: k}}}
- {name: E, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
- {name: F, valueFrom: {resourceFieldRef: {containerName: vllm, resource: limits.cpu}}}
- {name: G, value: ''}
]]), { unpack(list, #ENV + 1) })
  end)
end)

t.describe("the probes of a model server", function()
  t.it("ask at the service's port by default", function()
    local config = server().extraConfig
    t.eq(yaml [[
startupProbe:
  {httpGet: {path: /health, port: 8000}, failureThreshold: 60, initialDelaySeconds: 30, periodSeconds: 30,
   timeoutSeconds: 5}
livenessProbe: {tcpSocket: {port: 8000}, failureThreshold: 3, periodSeconds: 5}
readinessProbe: {httpGet: {path: /health, port: 8000}, failureThreshold: 3, periodSeconds: 5}
]], config)
  end)

  t.it("have paths and ports of their own", function()
    local config = server([[
decode:
  vllm: {servicePort: 9000}
  probes:
    startup: {path: /v1/models, port: 8200}
    liveness: {path: /health, port: metrics, timeoutSeconds: 5, initialDelaySeconds: 10}
]]).extraConfig
    t.eq({ { path = "/v1/models", port = 8200 }, { path = "/health", port = "metrics" },
      { path = "/health", port = 9000 } },
      { config.startupProbe.httpGet, config.livenessProbe.httpGet, config.readinessProbe.httpGet })
    t.eq({ 5, 10, nil }, { config.livenessProbe.timeoutSeconds, config.livenessProbe.initialDelaySeconds,
      config.livenessProbe.tcpSocket })
  end)
end)

t.describe("an init container", function()
  t.it("of a role runs the benchmark's image with the server's environment", function()
    local list = role("decode: {initContainers: [{name: preprocess, command: [set.py, -e, /x, -i]}]}").initContainers
    t.eq({ "preprocess", "ghcr.io/llm-d/llm-d-benchmark:v0.6.0", { "set.py", "-e", "/x", "-i" } },
      { list[1].name, list[1].image, list[1].command })
    t.eq(ENV, templates.env(list[1].env))
    t.eq(1, #list)
  end)

  t.it("of a role keeps what it says itself", function()
    local text = [[
- name: sidecar
  image: "i:1"
  imagePullPolicy: Always
  restartPolicy: Always
  command: [a]
  args: ["1", "--b: c"]
  env:
    - {name: A, value: "1"}
    - {name: B, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
  ports: [{containerPort: 8082, name: health}]
  resources: {limits: {cpu: "1", memory: 1Gi}, requests: {cpu: 100m}}
  startupProbe: {exec: {command: [x]}}
  livenessProbe: {httpGet: {path: /healthz, port: 8082}, periodSeconds: 10}
  readinessProbe: {httpGet: {path: /healthz, port: 8082}, initialDelaySeconds: 5}
  volumeMounts: [{name: v, mountPath: /v}, {name: w, mountPath: /w}]
  securityContext: {runAsUser: 0}
- {name: second, image: "j:2"}
]]
    local list = role("decode:\n  initContainers:\n" .. ("\n" .. text):gsub("\n(.)", "\n    %1"):sub(2)).initContainers
    t.eq(yaml(text)[1], list[1])
    t.eq({ "second", "j:2", #ENV }, { list[2].name, list[2].image, #list[2].env })
  end)
end)
