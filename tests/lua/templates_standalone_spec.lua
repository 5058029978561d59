-- The standalone server: Deployment, Service and monitor; and the monitor of the others.
local t = require "bench.test"
local templates = require "support.templates"

local L, doc, docs, at, yaml = templates.LABEL, templates.doc, templates.docs, templates.at, templates.yaml

local APP = "vllm-standalone-" .. L

-- A document of a standalone stack; `section` is YAML in braces for `standalone`, `rest` the rest of the scenario.
local function standalone(number, section, rest)
  section = "{enabled: true, " .. (section or "{}"):sub(2)
  return doc(number, "standalone: " .. section .. "\n" .. (rest or ""))
end

local function deployment(section, rest) return standalone("14", section, rest) end

local function pod(section, rest) return deployment(section, rest).spec.template.spec end

local function server(section, rest) return pod(section, rest).containers[1] end

local ENV = {
  "LLMDBENCH_VLLM_STANDALONE_MODEL=facebook/opt-125m", "LLMDBENCH_VLLM_COMMON_VLLM_LOAD_FORMAT=auto",
  "LLMDBENCH_VLLM_COMMON_MODEL_LOADER_EXTRA_CONFIG={}",
  "LLMDBENCH_VLLM_COMMON_AFFINITY=nvidia.com/gpu:nvidia.com/gpu.product:NVIDIA-H100-80GB-HBM3",
  "HUGGING_FACE_HUB_TOKEN@llm-d-hf-token/HF_TOKEN", "HOME=/tmp", "HF_HOME=/tmp/huggingface",
  "MODEL_NAME=facebook/opt-125m", "MODEL_PATH=models/facebook/opt-125m", "VLLM_WORKER_MULTIPROC_METHOD=spawn",
  "VLLM_LOGGING_LEVEL=INFO", "VLLM_CACHE_ROOT=/tmp/vllm", "VLLM_ALLOW_LONG_MAX_MODEL_LEN=1",
  "VLLM_SERVER_DEV_MODE=1", "VLLM_LOAD_FORMAT=auto", "VLLM_INFERENCE_PORT=8000", "VLLM_METRICS_PORT=8000",
  "VLLM_BLOCK_SIZE=64", "VLLM_MAX_MODEL_LEN=16384", "VLLM_ACCELERATOR_MEM_UTIL=0.95", "VLLM_MAX_NUM_SEQ=256",
  "VLLM_TENSOR_PARALLELISM=1", "VLLM_MAX_NUM_BATCHED_TOKENS=", "VLLM_NIXL_SIDE_CHANNEL_HOST<status.podIP",
  "VLLM_NIXL_SIDE_CHANNEL_PORT=5557", "UCX_TLS=sm,cuda_ipc,cuda_copy,tcp", "UCX_SOCKADDR_TLS_PRIORITY=tcp",
  "POD_IP<status.podIP", "LLMDBENCH_POD_NS<metadata.namespace",
}

local INIT_ENV = {
  "HOME=/tmp", "HF_HOME=/tmp/huggingface", "VLLM_CACHE_ROOT=/tmp/vllm", "VLLM_INFERENCE_PORT=8000",
  "VLLM_METRICS_PORT=8000", "VLLM_BLOCK_SIZE=64", "VLLM_MAX_MODEL_LEN=16384", "VLLM_LOAD_FORMAT=auto",
  "VLLM_ACCELERATOR_MEM_UTIL=0.95", "VLLM_MAX_NUM_SEQ=256", "VLLM_TENSOR_PARALLELISM=2",
  "VLLM_MAX_NUM_BATCHED_TOKENS=", "VLLM_NIXL_SIDE_CHANNEL_PORT=5557", "UCX_TLS=sm,cuda_ipc,cuda_copy,tcp",
  "UCX_SOCKADDR_TLS_PRIORITY=tcp", "DP_SIZE=1", "TP_SIZE=2", "DP_SIZE_LOCAL=1", "POD_IP<status.podIP",
  "LLMDBENCH_POD_NS<metadata.namespace",
}

t.describe("the standalone deployment", function()
  t.it("is found by the label of its app", function()
    local found = deployment("{extraPodLabels: {x: 1}, podAnnotations: {a.b/c: yes}, role: decode, replicas: 2}",
      "annotations: {common: {note: 5}}")
    t.eq({ APP, "llmdbench", 2, { app = APP }, { note = "5" } }, { found.metadata.name, found.metadata.namespace,
      found.spec.replicas, found.spec.selector.matchLabels, found.metadata.annotations })
    t.eq({ app = APP, ["stood-up-by"] = "auto", ["stood-up-from"] = "llm-d-benchmark",
      ["stood-up-via"] = "standalone" }, found.metadata.labels)
    t.eq({ app = APP, ["llm-d.ai/inferenceServing"] = "true", ["llm-d.ai/model"] = L, ["llm-d.ai/role"] = "decode",
      x = "1" }, found.spec.template.metadata.labels)
    t.eq({ ["a.b/c"] = "True" }, found.spec.template.metadata.annotations)
  end)

  t.it("has one name for itself, its pods, its service and its monitor", function()
    local section = "{deployment: {name: mine}}"
    local found = deployment(section)
    t.eq({ "mine", "mine", "mine" }, { found.metadata.name, found.spec.selector.matchLabels.app,
      found.spec.template.metadata.labels.app })
    local service = standalone("15", section)
    t.eq({ "mine", "mine" }, { service.metadata.name, service.spec.selector.app })
    t.eq("mine", standalone("17", section).spec.selector.matchLabels.app)
    service = standalone("15", "{deployment: {name: mine}, service: {name: front}}")
    t.eq({ "front", "mine" }, { service.metadata.name, service.spec.selector.app })
  end)

  t.it("runs one server by default", function()
    local found = pod()
    t.eq(1, #found.containers)
    t.eq({ "default-scheduler" }, { found.schedulerName, found.priorityClassName, found.nodeSelector,
      found.imagePullSecrets, found.initContainers })
    local container = found.containers[1]
    t.eq({ APP, "docker.io/vllm/vllm-openai:auto", "Always", { "/bin/bash", "-c" } },
      { container.name, container.image, container.imagePullPolicy, container.command })
    t.eq({ { name = "metrics", containerPort = 8000, protocol = "TCP" } }, container.ports)
    t.eq(ENV, templates.env(container.env))
    t.eq({ { name = "model-storage", mountPath = "/model-storage", readOnly = true } }, container.volumeMounts)
    t.eq({ { name = "model-storage", persistentVolumeClaim = { claimName = "model-pvc" } } }, found.volumes)
    t.eq(yaml [[
limits: {memory: 40Gi, cpu: "4", nvidia.com/gpu: "1"}
requests: {memory: 40Gi, cpu: "4", nvidia.com/gpu: "1"}
]], container.resources)
  end)

  t.it("probes the server's port", function()
    local container = server "{vllm: {port: 9000}}"
    t.eq(yaml [[
- {httpGet: {path: /health, port: 9000}, failureThreshold: 60, initialDelaySeconds: 30, periodSeconds: 30,
   timeoutSeconds: 5}
- {tcpSocket: {port: 9000}, failureThreshold: 3, periodSeconds: 5}
- {httpGet: {path: /health, port: 9000}, failureThreshold: 3, periodSeconds: 5}
]], { container.startupProbe, container.livenessProbe, container.readinessProbe })
    t.eq("/v1/models", server("{probes: {startup: {path: /v1/models}}}").startupProbe.httpGet.path)
  end)

  t.it("asks for devices: its own count, else everyone's, else its parallelism", function()
    local function devices(section, rest) return server(section, rest).resources.limits["nvidia.com/gpu"] end
    t.eq("2", devices "{parallelism: {tensor: 2}}")
    t.eq("3", devices("{parallelism: {tensor: 2}}", "accelerator: {count: 3}"))
    t.eq("4", devices("{accelerator: {count: 4}}", "accelerator: {count: 3}"))
    t.eq(nil, devices "{accelerator: {count: 0}}")
    t.eq("1", server("{accelerator: {resource: a.b/c}}").resources.limits["a.b/c"])
    local limits = server("{networkResource: rdma/ib, networkNr: 1}", "vllmCommon: {ephemeralStorage: 1Ti}")
      .resources.limits
    t.eq({ "1", "1Ti" }, { limits["rdma/ib"], limits["ephemeral-storage"] })
  end)

  t.it("wants nodes with its accelerator, or, without one, those of the cluster's affinity", function()
    local function expressions(section, rest)
      return at(pod(section, rest), "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution." ..
        "nodeSelectorTerms.1.matchExpressions")
    end
    t.eq({ { key = "nvidia.com/gpu.product", operator = "In", values = { "NVIDIA-H100-80GB-HBM3" } } }, expressions())
    t.eq({ { key = "k", operator = "In", values = { "a", "b" } } },
      expressions "{acceleratorType: {labelKey: k, labelValues: [a, b]}}")
    local cluster = "affinity: {enabled: true, nodeSelector: {os: linux}}"
    t.eq({ { key = "os", operator = "In", values = { "linux" } } },
      expressions("{parallelism: {tensor: 0}}", cluster))
    t.eq(nil, pod("{parallelism: {tensor: 0}}").affinity)
    local name = "LLMDBENCH_VLLM_COMMON_AFFINITY"
    t.eq("os:linux", templates.variable(server("{parallelism: {tensor: 0}}", cluster).env, name))
    t.eq("", templates.variable(server("{parallelism: {tensor: 0}}").env, name))
  end)
end)

-- Blocks that come out as they were given, and where.
local WHOLE = {
  { "nodeSelector", "nodeSelector", "{a.b/c: d, e: 'true'}" },
  { "tolerations", "tolerations", "[{key: a, operator: Exists}, {key: b}]" },
  { "schedulerName", "schedulerName", "other" },
  { "extraPodConfig", "dnsConfig", "{nameservers: [1.2.3.4], options: [{name: a, value: '1'}]}", "dnsConfig" },
  { "extraPodConfig", "affinity", "{podAffinity: {a: [b]}}", "affinity" },
  { "extraContainerConfig", "containers.1.securityContext", "{capabilities: {add: [A, B]}, runAsUser: 0}",
    "securityContext" },
  { "extraContainerConfig", "containers.1.imagePullPolicy", "Never", "imagePullPolicy" },
  { "extraContainerConfig", "containers.1.livenessProbe", "{exec: {command: [a, b]}}", "livenessProbe" },
  { "additionalVolumeMounts", "containers.1.volumeMounts.2", "[{name: a, mountPath: /a, subPath: b}]" },
  { "additionalVolumes", "volumes.2", "[{name: a, secret: {secretName: s}}]" },
}

t.describe("optional blocks of the standalone deployment", function()
  t.it("come out as they were given", function()
    for _, row in ipairs(WHOLE) do
      local value = row[4] and "{" .. row[4] .. ": " .. row[3] .. "}" or row[3]
      local expected = yaml(row[3])
      if row[2]:find "%.2$" then expected = expected[1] end
      t.eq(expected, at(pod("{" .. row[1] .. ": " .. value .. "}"), row[2]), row[1] .. " " .. row[2])
    end
  end)

  t.it("add to what is there already", function()
    local found = pod([[{
  initContainers: [{name: one, image: "i:1"}],
  extraContainerConfig: {ports: [{containerPort: 8000, name: same}, {containerPort: 5557}]},
  extraPodConfig: {
    volumes: [{name: v, emptyDir: {}}], initContainers: [{name: two, image: "j:2"}],
    containers: [{name: beside, image: "k:3", args: [a]}]}}]], "vllmCommon: {pullSecret: hidden, " ..
      "volumes: [{name: w, type: emptyDir}], volumeMounts: [{name: w, mountPath: /w}]}")
    local function names(list)
      local all = {}
      for i, each in ipairs(list) do all[i] = each.name end
      return table.concat(all, " ")
    end
    t.eq({ "w model-storage v", "one two", APP .. " beside", "w model-storage" }, { names(found.volumes),
      names(found.initContainers), names(found.containers), names(found.containers[1].volumeMounts) })
    t.eq(yaml "[{name: metrics, containerPort: 8000, protocol: TCP}, {containerPort: 5557, protocol: TCP}]",
      found.containers[1].ports)
    t.eq({ { name = "hidden" } }, found.imagePullSecrets)
  end)

  t.it("add variables and mounts to the container, and replace the rest", function()
    local container = server([[{extraContainerConfig: {env: [{name: A, value: 1}], command: [x], tty: true, name: no,
      volumeMounts: [{name: v, mountPath: /v}], resources: {limits: {cpu: 1}}}}]])
    t.eq({ APP, { "x" }, true, { limits = { cpu = 1 } } },
      { container.name, container.command, container.tty, container.resources })
    t.eq(nil, container.args)
    t.eq({ #ENV + 1, "1" }, { #container.env, templates.variable(container.env, "A") })
    t.eq({ "model-storage", "v" }, { container.volumeMounts[1].name, container.volumeMounts[2].name })
  end)

  t.it("leave the model's volume out when it is not wanted", function()
    local found = pod "{mountModelVolume: false}"
    t.eq({}, { found.volumes, found.containers[1].volumeMounts })
  end)

  t.it("give init containers the server's settings, unless they have their own", function()
    local list = pod([[{parallelism: {tensor: 2}, initContainers: [
  {name: pre, command: [a], args: ["1"], resources: {limits: {cpu: "1", memory: 1Gi}},
   volumeMounts: [{name: v, mountPath: /v}]},
  {name: own, image: "i:1", env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: B, value: "2"}]}]}]])
      .initContainers
    t.eq(INIT_ENV, templates.env(list[1].env))
    list[1].env = nil
    t.eq(yaml [[
name: pre
image: ghcr.io/llm-d/llm-d-benchmark:v0.6.0
command: [a]
args: ["1"]
resources: {limits: {cpu: "1", memory: 1Gi}}
volumeMounts: [{name: v, mountPath: /v}]
]], list[1])
    t.eq({ "A@s/k", "B=2" }, templates.env(list[2].env))
  end)

  t.it("choose a priority class unless it is none", function()
    t.eq("p", pod("{}", "vllmCommon: {priorityClassName: p}").priorityClassName)
    t.eq(nil, pod("{priorityClassName: None}", "vllmCommon: {priorityClassName: p}").priorityClassName)
  end)

  t.it("name labels and variables of the user", function()
    local list = templates.env(server([[{podLabels: a_eq_b, extraEnvVars: [{name: A, value: 1},
      {name: B, valueFrom: {fieldRef: {fieldPath: x}}}]}]]).env)
    t.eq({ "LLMDBENCH_POD_LABELS=a_eq_b", "A=1", "B<x" }, { unpack(list, #ENV + 1) })
  end)
end)

t.describe("the standalone command line", function()
  local function command(section, rest) return templates.command_lines(server(section, rest)) end

  t.it("serves the hub's model with all flags in their order", function()
    t.eq({
      "/bin/true; vllm serve facebook/opt-125m", "--host 0.0.0.0", "--served-model-name facebook/opt-125m",
      "--port $VLLM_INFERENCE_PORT", "--block-size $VLLM_BLOCK_SIZE", "--max-model-len $VLLM_MAX_MODEL_LEN",
      "--load-format $VLLM_LOAD_FORMAT", "--gpu-memory-utilization $VLLM_ACCELERATOR_MEM_UTIL",
      "--tensor-parallel-size $VLLM_TENSOR_PARALLELISM", "--max-num-seq $VLLM_MAX_NUM_SEQ",
      "--no-enable-prefix-caching", "--enable-prefix-caching", "--enforce-eager", "--disable-log-requests",
      "--disable-uvicorn-access-log",
      '--model-loader-extra-config "$LLMDBENCH_VLLM_COMMON_MODEL_LOADER_EXTRA_CONFIG"',
      "--chat-template '/t'", "--chat-template-content-format openai",
      [[--kv-transfer-config '{"kv_connector":"NixlConnector","kv_role":"kv_both"}']],
      [[--kv-events-config '{"enable_kv_cache_events":true,"publisher":"zmq","endpoint":"tcp://]] .. L ..
        [[-gaie-epp.llmdbench.svc.cluster.local:5557","topic":"kv@$(POD_IP):$(VLLM_INFERENCE_PORT)@]] ..
        [[facebook/opt-125m"}']],
      "--enable-sleep-mode",
    }, command("{vllm: {additionalFlags: [--enable-sleep-mode]}}", "model: {maxNumSeq: 4}\nvllmCommon: {flags: " ..
      "{noPrefixCaching: yes, enablePrefixCaching: yes, chatTemplate: /t, chatTemplateContentFormat: openai}, " ..
      "kvTransfer: {enabled: yes}, kvEvents: {enabled: yes}}"))
  end)

  t.it("has only what is asked for, after the user's preparation", function()
    t.eq({ "source x; vllm serve facebook/opt-125m", "--host 0.0.0.0", "--served-model-name facebook/opt-125m",
      "--port $VLLM_INFERENCE_PORT", "--block-size $VLLM_BLOCK_SIZE", "--max-model-len $VLLM_MAX_MODEL_LEN",
      "--load-format $VLLM_LOAD_FORMAT",
      '--model-loader-extra-config "$LLMDBENCH_VLLM_COMMON_MODEL_LOADER_EXTRA_CONFIG"' },
      command("{parallelism: {tensor: 0}, vllm: {customPreprocessCommand: source x}}",
        "model: {gpuMemoryUtilization: 0}\nvllmCommon: {flags: {enforceEager: no, disableLogRequests: no, " ..
        "disableUvicornAccessLog: no}}"))
  end)

  t.it("can be the user's own", function()
    t.eq({ "/bin/true; exec x", "--y z" }, command "{vllm: {customCommand: \"exec x \\\\\\n  --y z\\n\"}}")
  end)
end)

t.describe("the launcher", function()
  local function launcher(section) return pod("{launcher: " .. section .. "}").containers[2] end

  t.it("is the server's image with another command", function()
    local container = launcher "{enabled: true}"
    t.eq({ "vllm-launcher-" .. L, "docker.io/vllm/vllm-openai:auto", "Always", { "/bin/bash", "-c" } },
      { container.name, container.image, container.imagePullPolicy, container.command })
    t.eq({ "uvicorn launcher:app --host 0.0.0.0 --log-level info --port 8001\n" }, container.args)
    t.eq({ { containerPort = 8001, protocol = "TCP" } }, container.ports)
    t.eq(yaml [[
- {httpGet: {path: /health, port: 8000}, failureThreshold: 60, initialDelaySeconds: 30, periodSeconds: 30,
   timeoutSeconds: 5}
- {tcpSocket: {port: 8001}, failureThreshold: 3, periodSeconds: 10}
- {httpGet: {path: /health, port: 8000}, failureThreshold: 3, periodSeconds: 5}
]], { container.startupProbe, container.livenessProbe, container.readinessProbe })
    local env = templates.env(container.env)
    t.eq({ #ENV - 2, "HF_HOME=/tmp/huggingface", "VLLM_WORKER_MULTIPROC_METHOD=spawn" }, { #env, env[7], env[8] })
    t.eq({ { name = "model-storage", mountPath = "/model-storage", readOnly = true } }, container.volumeMounts)
  end)

  t.it("can have its own image, preparation and command", function()
    local container = launcher [[{enabled: true, image: {repository: l, tag: '1.10'}, port: 9001,
      customPreprocessCommand: "source a", args: "serve\nmore"}]]
    t.eq({ "l:1.10", "source a\nserve\nmore\n" }, { container.image, container.args[1] })
    t.eq("docker.io/vllm/vllm-openai:v2", launcher("{enabled: true, image: {tag: v2}}").image)
    t.eq("Never", launcher("{enabled: true, image: {pullPolicy: Never}}").imagePullPolicy)
    t.eq("Always", launcher("{enabled: true}").imagePullPolicy)
  end)

  t.it("takes its command line as a list of words", function()
    local function args(list)
      return pod("{launcher: {enabled: true, args: " .. list .. "}}").containers[2].args
    end
    t.eq({ "serve --port 8001 --name 'a b' '' 'it'\\''s' '$HOME'\n" },
      args [=[[serve, --port, 8001, --name, a b, "", "it's", $HOME]]=])
  end)

  t.it("counts devices by parallelism alone", function()
    local containers = pod("{launcher: {enabled: true}, parallelism: {tensor: 2}, accelerator: {count: 4}}").containers
    t.eq({ "4", "2" }, { containers[1].resources.limits["nvidia.com/gpu"],
      containers[2].resources.limits["nvidia.com/gpu"] })
  end)
end)

t.describe("the standalone service", function()
  t.it("is found by its labels and leads to the server", function()
    local service = standalone "15"
    t.eq({ APP, "llmdbench", "llm-d-benchmark" },
      { service.metadata.name, service.metadata.namespace, service.metadata.labels["stood-up-from"] })
    t.eq(yaml("{type: ClusterIP, selector: {app: " .. APP .. "}, " ..
      "ports: [{name: http, protocol: TCP, port: 80, targetPort: 8000}]}"), service.spec)
  end)

  t.it("can be of other types, with more ports", function()
    local more = "additionalPorts: [{name: a, port: 1, targetPort: 2}, {name: b, port: 3, protocol: UDP}]"
    local service = standalone("15", "{service: {type: NodePort, nodePort: 30001, annotations: {x: 1}, " ..
      more .. "}}")
    t.eq(yaml [[
- {name: http, protocol: TCP, port: 80, targetPort: 8000, nodePort: 30001}
- {name: a, port: 1, targetPort: 2}
- {name: b, port: 3, protocol: UDP}
]], service.spec.ports)
    t.eq({ x = "1" }, service.metadata.annotations)
    t.eq(nil, standalone("15", "{service: {nodePort: 30001}}").spec.ports[1].nodePort)
    local extras = "loadBalancerIP: 1.2.3.4, loadBalancerSourceRanges: [10.0.0.0/8, 10.1.0.0/16], " ..
      "externalTrafficPolicy: Local, sessionAffinity: ClientIP}}"
    local spec = standalone("15", "{service: {type: LoadBalancer, " .. extras).spec
    t.eq({ "1.2.3.4", { "10.0.0.0/8", "10.1.0.0/16" }, "Local", "ClientIP" },
      { spec.loadBalancerIP, spec.loadBalancerSourceRanges, spec.externalTrafficPolicy, spec.sessionAffinity })
    spec = standalone("15", "{service: {type: ClusterIP, " .. extras).spec
    t.eq({}, { spec.loadBalancerIP, spec.loadBalancerSourceRanges })
  end)

  t.it("listens where it is asked", function()
    local section = "{vllm: {port: 9000}}"
    local container = server(section, "vllmCommon: {inferencePort: 12345}")
    t.eq({ 9000, 9000, 9000 }, { container.ports[1].containerPort, container.readinessProbe.httpGet.port,
      standalone("15", section).spec.ports[1].targetPort })
    local env = table.concat(templates.env(container.env), " ")
    t.contains("VLLM_INFERENCE_PORT=9000", env)
    t.contains("VLLM_INFERENCE_PORT=8000",
      table.concat(templates.env(server("{}", "vllmCommon: {inferencePort: 12345}").env), " "))
  end)
end)

t.describe("monitors", function()
  t.it("of a standalone server", function()
    local monitor = standalone("17", "{}", "annotations: {common: {a: 1}}\nmonitoring: {metricsPath: /m}")
    t.eq({ APP, "llmdbench", APP, "standalone", { a = "1" } }, { monitor.metadata.name, monitor.metadata.namespace,
      monitor.metadata.labels.app, monitor.metadata.labels["stood-up-via"], monitor.metadata.annotations })
    t.eq(yaml("{selector: {matchLabels: {app: " .. APP .. "}}, " ..
      "podMetricsEndpoints: [{port: metrics, path: /m, interval: 30s}]}"), monitor.spec)
  end)

  t.it("of servers behind the gateway, with labels for labels and annotations for annotations", function()
    local monitor = doc("18", "annotations: {common: {a: 1}}\nmonitoring: {podmonitor: {portName: vllm}}")
    local labels = { ["llm-d.ai/inferenceServing"] = "true", ["llm-d.ai/model"] = L }
    t.eq({ "vllm-" .. L, "llmdbench", labels, { a = "1" } }, { monitor.metadata.name, monitor.metadata.namespace,
      monitor.metadata.labels, monitor.metadata.annotations })
    t.eq({ selector = { matchLabels = labels },
      podMetricsEndpoints = { { port = "vllm", path = "/metrics", interval = "30s" } } }, monitor.spec)
    t.eq(0, #docs("18", templates.STANDALONE))
  end)
end)
