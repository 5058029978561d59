-- Autoscaling, fast model actuation and the pods of harnesses.
local t = require "bench.test"
local templates = require "support.templates"

local L, doc, docs, yaml = templates.LABEL, templates.doc, templates.docs, templates.yaml

local WVA = "wva: {enabled: true}\n"

t.describe("the autoscaler", function()
  t.it("has values for its chart", function()
    t.eq(yaml([[
controller: {enabled: true}
wva:
  enabled: true
  replicaCount: 1
  image: {repository: ghcr.io/llm-d/llm-d-workload-variant-autoscaler, tag: auto}
  imagePullPolicy: Always
  namespaceScoped: true
  controllerInstance: scaling
  metrics: {enabled: true, port: 8443, secure: true}
  reconcileInterval: 60s
  prometheus:
    monitoringNamespace: openshift-user-workload-monitoring
    serviceAccountName: prometheus-k8s
    baseURL: https://thanos-querier.openshift-monitoring.svc.cluster.local:9091
    tls: {insecureSkipVerify: true, caCertPath: /etc/ssl/certs/prometheus-ca.crt}
    caCert: ""
  scaleToZero: false
llmd: {namespace: llmdbench, modelName: ]] .. L .. [[, modelID: facebook/opt-125m}
va: {enabled: false}
hpa: {enabled: false}
vllmService: {enabled: false}
]]), doc("19", "wva: {enabled: true, namespace: scaling}"))
  end)

  t.it("is read through the adapter of Prometheus", function()
    local values = doc("21", WVA)
    t.eq({ "https://thanos-querier.openshift-monitoring.svc.cluster.local", 9091, 2, 4, false },
      { values.prometheus.url, values.prometheus.port, values.replicas, values.logLevel, values.tls.enable })
    local rule = values.rules.external[1]
    t.eq({ 1, 'wva_desired_replicas{variant_name!="",exported_namespace!=""}', "namespace", "deployment",
      "wva_desired_replicas" },
      { #values.rules.external, rule.seriesQuery, rule.resources.overrides.exported_namespace.resource,
        rule.resources.overrides.variant_name.resource, rule.name.as })
    t.eq({ "--prometheus-ca-file=/etc/prometheus-ca/ca.crt",
      "--prometheus-token-file=/var/run/secrets/kubernetes.io/serviceaccount/token" }, values.extraArguments)
    t.eq({ { name = "prometheus-ca", configMap = { name = "prometheus-ca" } } }, values.extraVolumes)
    t.eq({ { name = "prometheus-ca", mountPath = "/etc/prometheus-ca", readOnly = true } }, values.extraVolumeMounts)
    t.eq({ require("host.json").null, require("host.json").null },
      { values.podSecurityContext.fsGroup, values.securityContext.runAsUser })
  end)

  t.it("may ask Prometheus, in a namespace that is monitored", function()
    local role = doc("22", WVA)
    t.eq("allow-thanos-querier-api-access", role.metadata.name)
    t.eq(yaml [[
- nonResourceURLs: [/api/v1/query, /api/v1/query_range, /api/v1/labels, "/api/v1/label/*/values", /api/v1/series,
    /api/v1/metadata, /api/v1/rules, /api/v1/alerts]
  verbs: [get]
- apiGroups: [monitoring.coreos.com]
  resources: [prometheuses/api]
  resourceNames: [k8s]
  verbs: [get, create, update]
- {apiGroups: [""], resources: [namespaces], verbs: [get]}
]], role.rules)
    t.eq({ "llmdbench", { ["openshift.io/user-monitoring"] = "true" } },
      { doc("23", WVA).metadata.name, doc("23", WVA).metadata.labels })
    t.eq("scaling", doc("23", "wva: {enabled: true, namespace: scaling}").metadata.name)
  end)

  t.it("knows the decode servers", function()
    local variant = doc("27", "wva: {enabled: true, namespace: scaling}")
    t.eq({ L .. "-decode", "scaling" }, { variant.metadata.name, variant.metadata.namespace })
    t.eq(yaml [[
inference.optimization/acceleratorName: H100
llm-d.ai/model: facebook-opt-125m
llm-d.ai/inference-serving: "true"
llm-d.ai/guide: inference-scheduling
wva.llmd.ai/controller-instance: scaling
]], variant.metadata.labels)
    t.eq(yaml("{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: " .. L .. "-decode}, " ..
      "modelID: facebook/opt-125m, variantCost: '10.0', minReplicas: 1, maxReplicas: 10}"), variant.spec)
    variant = doc("27", "wva: {enabled: true, variantAutoscaling: {minReplicas: 2, maxReplicas: 3, variantCost: 5}}")
    t.eq({ 2, 3, "5" }, { variant.spec.minReplicas, variant.spec.maxReplicas, variant.spec.variantCost })
  end)

  t.it("names the accelerator if it is a known one", function()
    local function name(label)
      return doc("27", WVA .. "decode: {acceleratorType: {labelValue: " .. label .. "}}").metadata.labels[
        "inference.optimization/acceleratorName"]
    end
    t.eq({ "A100", "L40S", "MI300X", "G2", "" },
      { name "NVIDIA-A100-SXM4", name "NVIDIA-L40S", name "AMD-MI300X", name "gaudi-G2", name "T4" })
  end)

  t.it("scales them by what it wishes", function()
    local scaler = doc("28", "wva: {enabled: true, namespace: scaling}")
    t.eq({ L .. "-decode", "scaling" }, { scaler.metadata.name, scaler.metadata.namespace })
    t.eq(yaml(([[
scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: L-decode}
minReplicas: 1
maxReplicas: 16
metrics:
  - type: External
    external:
      metric:
        name: wva_desired_replicas
        selector:
          matchLabels: {variant_name: L-decode, exported_namespace: scaling, controller_instance: scaling}
      target: {type: AverageValue, averageValue: "1"}
behavior:
  scaleUp: {stabilizationWindowSeconds: 120, policies: [{type: Percent, value: 100, periodSeconds: 15}]}
  scaleDown: {stabilizationWindowSeconds: 120, policies: [{type: Percent, value: 100, periodSeconds: 15}]}
]]):gsub("L%-decode", L .. "-decode")), scaler.spec)
  end)
end)

t.describe("fast model actuation", function()
  local FMA = "fma: {enabled: true"

  local function all(section) return docs("24", FMA .. (section or "") .. "}\nmodelservice: {enabled: false}") end

  t.it("makes four objects of one app", function()
    local names = {}
    for i, each in ipairs(all()) do
      names[i] = each.kind .. " " .. each.metadata.name
      t.eq({ app = "fma-" .. L, ["stood-up-by"] = "auto", ["stood-up-from"] = "llm-d-benchmark",
        ["stood-up-via"] = "fma" }, each.metadata.labels)
      t.eq("llmdbench", each.metadata.namespace)
    end
    t.eq({ "InferenceServerConfig fma-" .. L, "LauncherConfig fma-" .. L, "LauncherPopulationPolicy fma-" .. L,
      "ReplicaSet fma-requester-" .. L }, names)
  end)

  t.it("configures servers", function()
    local spec = all()[1].spec
    t.eq("fma-" .. L, spec.launcherConfigName)
    t.eq(yaml [[
port: 8005
labels: {component: inference}
env_vars: {HF_HOME: /model-cache, VLLM_LOGGING_LEVEL: DEBUG, VLLM_SERVER_DEV_MODE: "1", VLLM_USE_V1: "1"}
options: "--model facebook/opt-125m --enable-sleep-mode --no-enable-prefix-caching --load-format auto\
  \ --max-model-len 16384 --gpu-memory-utilization 0.95 --tensor-parallel-size 1"
]], spec.modelServerConfig)
  end)

  t.it("configures launchers", function()
    local spec = all()[2].spec
    t.eq({ 3, "nvidia-legacy", "fma" }, { spec.maxSleepingInstances, spec.podTemplate.spec.runtimeClassName,
      spec.podTemplate.metadata.labels["stood-up-via"] })
    local container = spec.podTemplate.spec.containers[1]
    t.eq({ "inference-server", "ghcr.io/llm-d-incubation/llm-d-fast-model-actuation/launcher:v0.6.0-alpha.8",
      "IfNotPresent", { "/bin/bash", "-c" },
      { "exec python3 /app/launcher.py --host 0.0.0.0 --log-level info --port=8001\n" },
      { limits = { ["nvidia.com/gpu"] = "1" } }, { { name = "model-storage", mountPath = "/model-cache" } } },
      { container.name, container.image, container.imagePullPolicy, container.command, container.args,
        container.resources, container.volumeMounts })
    t.eq({ "HOME=/model-cache", "VLLM_CACHE_ROOT=/model-cache/vllm",
      "FLASHINFER_WORKSPACE_DIR=/model-cache/flashinfer", "TRITON_CACHE_DIR=/model-cache/triton",
      "XDG_CACHE_HOME=/model-cache", "XDG_CONFIG_HOME=/model-cache/config", "HF_HOME=/model-cache",
      "HF_TOKEN@llm-d-hf-token/HF_TOKEN" }, templates.env(container.env))
    t.eq({ { name = "model-storage", persistentVolumeClaim = { claimName = "model-pvc" } } },
      spec.podTemplate.spec.volumes)
  end)

  t.it("prepares launchers as the user says, and leaves out what is not wanted", function()
    local spec = all([[, mountModelVolume: false, launcher: {runtimeClassName: "", podTemplate: {metadata:
      {annotations: {a: b, c: d}}}, customPreprocessCommands: ["export A=$(x | sed ':a; N')", "b\nc"]}]])[2].spec
    t.eq({ a = "b", c = "d" }, spec.podTemplate.metadata.annotations)
    local pod = spec.podTemplate.spec
    t.eq({ "export A=$(x | sed ':a; N')\nb\nc\nexec python3 /app/launcher.py --host 0.0.0.0 --log-level info " ..
      "--port=8001\n" }, pod.containers[1].args)
    t.eq({}, { pod.runtimeClassName, pod.volumes, pod.containers[1].volumeMounts })
  end)

  t.it("wants one launcher on each node with a GPU", function()
    t.eq(yaml("{enhancedNodeSelector: {labelSelector: {matchLabels: {nvidia.com/gpu.present: 'true'}}}, " ..
      "countForLauncher: [{launcherConfigName: fma-" .. L .. ", launcherCount: 1}]}"), all()[3].spec)
  end)

  t.it("has requesters that wake servers", function()
    local spec = all(", requester: {limitsGPU: 2}")[4].spec
    t.eq(0, spec.replicas)
    local pod = spec.template
    t.eq({ app = "dp-app", ["llm-d.ai/inference-serving"] = "true", ["llm-d.ai/model"] = L,
      ["llm-d.ai/role"] = "requester" }, pod.metadata.labels)
    t.eq({ ["dual-pods.llm-d.ai/admin-port"] = "8081", ["dual-pods.llm-d.ai/inference-server-config"] = "fma-" .. L },
      pod.metadata.annotations)
    for key, value in pairs(spec.selector.matchLabels) do t.eq(value, pod.metadata.labels[key]) end
    t.eq(yaml [[
name: inference-server
image: ghcr.io/llm-d-incubation/llm-d-fast-model-actuation/requester:v0.6.0-alpha.8
imagePullPolicy: IfNotPresent
command: [/app/requester]
ports: [{name: probes, containerPort: 8080}, {name: spi, containerPort: 8081}]
readinessProbe: {httpGet: {path: /ready, port: 8080}, initialDelaySeconds: 2, periodSeconds: 5}
resources: {limits: {nvidia.com/gpu: "2", cpu: "1", memory: 250Mi}}
]], pod.spec.containers[1])
  end)

  t.it("asks requesters on their own ports", function()
    local pod = all(", requester: {probePort: 9090, spiPort: 9091}")[4].spec.template
    t.eq("9091", pod.metadata.annotations["dual-pods.llm-d.ai/admin-port"])
    local container = pod.spec.containers[1]
    t.eq({ 9090, 9090, 9091 }, { container.readinessProbe.httpGet.port, container.ports[1].containerPort,
      container.ports[2].containerPort })
    t.eq({ "PROBES_PORT=9090", "SPI_PORT=9091" }, templates.env(container.env))
  end)

  t.it("pulls the images of its controllers, and that of the autoscaler, as it is told", function()
    local release = doc("26", FMA .. ", image: {pullPolicy: Never}}").releases[1]
    t.eq("Never", release.values[1].launcherPopulator.pullPolicy)
    t.eq("Always", doc("19", WVA).wva.imagePullPolicy)
    t.eq("Never", doc("19", "wva: {enabled: true, image: {pullPolicy: Never}}").wva.imagePullPolicy)
  end)

  t.it("lets its controllers see the nodes, and installs them", function()
    local role = doc("25", FMA .. "}")
    t.eq({ "fma-node-viewer", yaml "[{apiGroups: [''], resources: [nodes], verbs: [get, list, watch]}]" },
      { role.metadata.name, role.rules })
    local release = doc("26", FMA .. "}").releases[1]
    t.eq({ L .. "-fma-dp", "llmdbench", "0.6.0-alpha.8",
      "oci://ghcr.io/llm-d-incubation/llm-d-fast-model-actuation/charts/fma-controllers" },
      { release.name, release.namespace, release.version, release.chart })
    t.eq(yaml [[
global:
  imageRegistry: ghcr.io/llm-d-incubation/llm-d-fast-model-actuation
  imageTag: v0.6.0-alpha.8
  nodeViewClusterRole: fma-node-viewer
  local: false
dualPodsController: {enabled: true, sleeperLimit: 2, debugAcceleratorMemory: false}
launcherPopulator:
  enabled: true
  pullPolicy: IfNotPresent
  replicaCount: 1
  resources: {limits: {cpu: "2", memory: 2Gi}, requests: {cpu: 100m, memory: 128Mi}}
]], release.values[1])
  end)
end)

local RUN = [[
pod_name: inference-perf-abc
harness_command: "export A='x: y'; run \"it\" \\ now"
endpoint_url: http://1.2.3.4:80
experiment_id: exp-1
results_dir: /requests/exp-1_1
stack_type: llm-d
]]

t.describe("the pod of a harness", function()
  t.it("runs one command", function()
    local pod = doc("20", "harness: {namespace: bench}\nvllmCommon: {pullSecret: hidden}", RUN)
    t.eq({ "inference-perf-abc", "bench", { app = "llmdbench-harness-launcher", ["function"] = "load_generator" } },
      { pod.metadata.name, pod.metadata.namespace, pod.metadata.labels })
    local spec = pod.spec
    t.eq({ "Never", "inference-perf-runner", { { name = "hidden" } } },
      { spec.restartPolicy, spec.serviceAccountName, spec.imagePullSecrets })
    local container = spec.containers[1]
    t.eq({ "harness", "ghcr.io/llm-d/llm-d-benchmark:v0.6.0", 0, { "sh", "-c" },
      { [[export A='x: y'; run "it" \ now]] } },
      { container.name, container.image, container.securityContext.runAsUser, container.command, container.args })
    t.eq(yaml "{limits: {cpu: '16', memory: 32Gi}, requests: {cpu: '16', memory: 32Gi}}", container.resources)
    t.eq(yaml [[
- {name: results, mountPath: /requests}
- {name: inference-perf-profiles, mountPath: /workspace/profiles/inference-perf}
- {name: harness-scripts, mountPath: /workspace/harnesses}
]], container.volumeMounts)
    t.eq(yaml [[
- {name: results, persistentVolumeClaim: {claimName: workload-pvc}}
- {name: inference-perf-profiles, configMap: {name: inference-perf-profiles}}
- {name: harness-scripts, configMap: {name: llmdbench-harness-scripts, defaultMode: 493}}
]], spec.volumes)
  end)

  local ENV = {
    "LLMDBENCH_RUN_EXPERIMENT_LAUNCHER=1", "LLMDBENCH_MAGIC_ENVAR=harness_pod",
    "LLMDBENCH_DEPLOY_METHODS=modelservice", "LLMDBENCH_RUN_WORKSPACE_DIR=/workspace",
    "LLMDBENCH_CONTROL_WORK_DIR=/requests/exp-1_1", "LLMDBENCH_DEPLOY_CURRENT_MODEL=facebook/opt-125m",
    "LLMDBENCH_DEPLOY_CURRENT_TOKENIZER=facebook/opt-125m",
    "LLMDBENCH_HARNESS_STACK_ENDPOINT_URL=http://1.2.3.4:80", "LLMDBENCH_HARNESS_STACK_TYPE=llm-d",
    "LLMDBENCH_HARNESS_NAME=inference-perf", "LLMDBENCH_RUN_EXPERIMENT_ID=exp-1", "RAYON_NUM_THREADS=4",
    "HF_TOKEN_SECRET=llm-d-hf-token", "HUGGING_FACE_HUB_TOKEN@llm-d-hf-token/HF_TOKEN", "POD_NAME<metadata.name",
    "POD_UID<metadata.uid", "LLMDBENCH_VLLM_COMMON_NAMESPACE=llmdbench",
    "LLMDBENCH_VLLM_COMMON_INFERENCE_PORT=8000", "LLMDBENCH_RUN_EXPERIMENT_RESULTS_DIR_PREFIX=/requests",
    "LLMDBENCH_HARNESS_STACK_NAME=" .. L, "LLMDBENCH_VLLM_COMMON_METRICS_SCRAPE_ENABLED=false",
    "LLMDBENCH_VLLM_COMMON_METRICS_PORT=8200", "LLMDBENCH_VLLM_MONITORING_METRICS_PATH=/metrics",
    "LLMDBENCH_EPP_METRICS_SECRET=inference-gateway-sa-metrics-reader-secret", "LLMDBENCH_STANDALONE_ENABLED=false",
    "LLMDBENCH_STANDALONE_LAUNCHER_ENABLED=false", "LLMDBENCH_FMA_ENABLED=false",
    "LLMDBENCH_VLLM_COMMON_VLLM_LOAD_FORMAT=auto",
  }

  t.it("tells the harness all it needs, in this order", function()
    t.eq(ENV, templates.env(doc("20", nil, RUN).spec.containers[1].env))
  end)

  t.it("tells it more about launchers, and what the user adds", function()
    local pod = doc("20", [[
standalone: {enabled: true, launcher: {enabled: true}}
fma: {enabled: true}
harness: {extraEnvVars: [{name: A, value: 1}], stackName: mine, serviceAccount: other, resultsDirPrefix: /r}
]], RUN .. "base64_context_contents: abc\ndeploy_method: standalone\nhuggingface: {enabled: false}")
    local list = pod.spec.containers[1].env
    for name, value in pairs {
      LLMDBENCH_DEPLOY_METHODS = "standalone", LLMDBENCH_BASE64_CONTEXT_CONTENTS = "abc",
      LLMDBENCH_HARNESS_STACK_NAME = "mine", LLMDBENCH_RUN_EXPERIMENT_RESULTS_DIR_PREFIX = "/r",
      LLMDBENCH_VLLM_STANDALONE_LAUNCHER_PORT = "8001", LLMDBENCH_VLLM_STANDALONE_LAUNCHER_VLLM_PORT = "8002",
      LLMDBENCH_FMA_LAUNCHER_CONFIG_PORT = "8001", LLMDBENCH_FMA_ITERATIONS = "1",
      LLMDBENCH_STANDALONE_ENABLED = "true", LLMDBENCH_FMA_ENABLED = "true", A = "1",
    } do t.eq(value, templates.variable(list, name), name) end
    t.eq(nil, templates.variable(list, "HF_TOKEN_SECRET"))
    t.eq("A", list[#list].name)
  end)
end)
