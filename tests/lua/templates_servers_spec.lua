-- Values of the chart llm-d-modelservice: decode and prefill servers.
local t = require "bench.test"
local templates = require "support.templates"

local L, doc, at, yaml = templates.LABEL, templates.doc, templates.at, templates.yaml

local function values(scenario, injected) return doc("13", scenario, injected) end

local function server(scenario, role) return values(scenario)[role or "decode"].containers[1] end

t.describe("modelservice values", function()
  t.it("by default", function()
    local all = values()
    t.eq(yaml([[
name: facebook/opt-125m
uri: pvc://model-pvc/models/facebook/opt-125m
size: 1Ti
authSecretName: llm-d-hf-token
mountPath: /model-cache
labels: {llm-d.ai/inferenceServing: "true", llm-d.ai/model: ]] .. L .. "}"), all.modelArtifacts)
    t.eq(yaml [[
servicePort: 8000
proxy:
  enabled: true
  image: ghcr.io/llm-d/llm-d-routing-sidecar:v0.7.1
  imagePullPolicy: Always
  targetPort: 8200
  connector: nixlv2
  secure: false
  zapEncoder: json
  zapLogLevel: debug
  debugLevel: 3
]], all.routing)
    t.eq({ L, "default-scheduler", false, { type = "nvidia", dra = false }, { create = false } },
      { all.fullnameOverride, all.schedulerName, all.multinode, all.accelerator, all.prefill })
    t.eq({}, { all.common, all.serviceAccountOverride, all.tracing, all.requester, all.extraObjects })
  end)

  t.it("mount the weights where the server looks for them", function()
    local all = values "model: {cacheBase: /mnt/weights}"
    t.eq("/mnt/weights", all.modelArtifacts.mountPath)
    t.contains("vllm serve /mnt/weights/models/", all.decode.containers[1].args[1])
  end)

  t.it("without a token, from the hub, with the user's labels", function()
    local artifacts = values("modelservice: {uriProtocol: hf}\nmodelArtifacts: {extraLabels: {a.b/c: yes, n: 1}}",
      "huggingface: {enabled: false}").modelArtifacts
    t.eq({ "hf://facebook/opt-125m", nil, "True", "1" },
      { artifacts.uri, artifacts.authSecretName, artifacts.labels["a.b/c"], artifacts.labels.n })
    t.eq("pvc://model-pvc/models/facebook/opt-125m",
      values("modelservice: {uriProtocol: s3}").modelArtifacts.uri)
  end)

  t.it("say what kind of accelerator there is", function()
    t.eq({ type = "cpu", dra = false, resources = { cpu = "nvidia.com/gpu" } },
      values("accelerator: {count: 0}").accelerator)
    t.eq({ type = "spyre", dra = false, resources = { spyre = "ibm.com/spyre_pf" } },
      values("accelerator: {type: spyre, resource: ibm.com/spyre_pf}").accelerator)
  end)
end)

-- Where a block of the configuration comes out, as it was given.
local WHOLE = {
  { "common", "common", "{a: {b: [1, two]}, c: '3'}" },
  { "dra.claimTemplates", "accelerator.resourceClaimTemplates", "{nvidia: {name: n, class: c, selectors: [x, y]}}" },
  { "accelerator.resources", "accelerator.resources", "{nvidia: a.b/c, amd: d.e/f}" },
  { "accelerator.env", "accelerator.env", "{amd: [{name: A, value: '1'}, {name: B, value: '2'}]}" },
  { "extraObjects", "extraObjects", "[{kind: ConfigMap, data: {a: b}}, {kind: Secret}]" },
  { "multinode.enabled", "multinode", "true" },
  { "serviceAccountOverride", "serviceAccountOverride", "someone" },
  { "requester", "requester", "{enable: true, image: 'r:1', adminPort: 8081, port: {probes: 8080, spi: 8081}, "
    .. "readinessProbe: {initialDelaySeconds: 2, periodSeconds: 5}, resources: {limits: {gpus: 1, memory: 250Mi}}}" },
  { "requester", "requester", "{enable: false}" },
  { "tracing", "tracing", "{enabled: true, otlpEndpoint: 'http://c:4317', sampling: {sampler: s, samplerArg: '0.1'}, "
    .. "serviceNames: {vllmDecode: d, vllmPrefill: p, routingProxy: r}, vllm: {collectDetailedTraces: all}}" },
  { "routing.proxy.prefillerUseTLS", "routing.proxy.prefillerUseTLS", "true" },
  { "routing.proxy.certPath", "routing.proxy.certPath", "/certs" },
  { "routing.proxy.zapDevel", "routing.proxy.zapDevel", "false" },
  { "routing.proxy.zapStacktraceLevel", "routing.proxy.zapStacktraceLevel", "error" },
  { "routing.proxy.zapTimeEncoding", "routing.proxy.zapTimeEncoding", "epoch" },
}

local RULES = "[{sourceLabels: [a], targetLabel: b, action: keep}, {action: drop, regex: 'x.*'}]"

-- The same for the section of a role.
local OF_ROLE = {
  { "replicas", "replicas", "3" },
  { "autoscaling", "autoscaling", "{enabled: true, minReplicas: 1, maxReplicas: 4}" },
  { "parallelism", "parallelism", "{tensor: 2, data: 3, dataLocal: 4, workers: 5}" },
  { "nodeSelector", "nodeSelector", "{a.b/c: d, e: 'true'}" },
  { "schedulerName", "schedulerName", "other" },
  { "tolerations", "tolerations", "[{key: a, operator: Exists}, {key: b, value: c, effect: NoSchedule}]" },
  { "resourceClaims", "resourceClaims", "[{name: a, resourceClaimTemplateName: b}, {name: c}]" },
  { "podSecurityContext", "podSecurityContext", "{fsGroup: 1, sysctls: [{name: a, value: b}]}" },
  { "subGroupPolicy", "subGroupPolicy", "{subGroupSize: 8, type: LeaderWorker}" },
  { "subGroupExclusiveTopology", "subGroupExclusiveTopology", "true" },
  { "hostIPC", "hostIPC", "false" },
  { "hostPID", "hostPID", "true" },
  { "enableServiceLinks", "enableServiceLinks", "false" },
  { "terminationGracePeriodSeconds", "terminationGracePeriodSeconds", "0" },
  { "extraPodConfig", "extraConfig", "{dnsPolicy: None, dnsConfig: {nameservers: [1.2.3.4]}}" },
  { "resources.limits.claims", "containers.1.resources.limits.claims", "[{name: a}, {name: b, request: c}]" },
  { "ports", "containers.1.ports", "[{containerPort: 1, name: vllm, protocol: UDP}]" },
  { "mountModelVolume", "containers.1.mountModelVolume", "false" },
  { "vllm.modelCommand", "containers.1.modelCommand", "imageDefault" },
  { "extraContainerConfig.securityContext", "containers.1.extraConfig.securityContext",
    "{capabilities: {add: [IPC_LOCK, SYS_RAWIO]}, runAsUser: 0}" },
  { "extraContainerConfig.imagePullPolicy", "containers.1.extraConfig.imagePullPolicy", "Always" },
  { "extraContainerConfig.livenessProbe", "containers.1.extraConfig.livenessProbe", "{exec: {command: [a]}}" },
  { "additionalVolumeMounts", "containers.1.volumeMounts",
    "[{name: a, mountPath: /a, subPath: b, readOnly: true}, {name: c, mountPath: /c}]" },
}

local OF_MONITOR = {
  { "labels", "{release: llmd, a.b/c: 'true'}" },
  { "annotations", "{x: y, z: '1'}" },
  { "relabelings", RULES },
  { "metricRelabelings", RULES },
  { "scrapeTimeout", "10s" },
}

local function nested(path, value)
  local text = value
  for part in path:reverse():gmatch "[^.]+" do text = "{" .. part:reverse() .. ": " .. text .. "}" end
  return text
end

t.describe("optional blocks of modelservice values", function()
  t.it("come out as they were given", function()
    for _, row in ipairs(WHOLE) do
      t.eq(yaml(row[3]), at(values(nested(row[1], row[3])), row[2]), row[1])
    end
  end)

  t.it("of both roles come out as they were given", { timeout_s = 60 }, function()
    for _, role in ipairs { "decode", "prefill" } do
      for _, row in ipairs(OF_ROLE) do
        local path = role .. "." .. row[1]
        local section = "{enabled: true, replicas: 1, " .. nested(row[1], row[3]):sub(2)
        local got = values(role .. ": " .. section)
        t.eq(yaml(row[3]), at(got[role], row[2]), path)
      end
    end
  end)

  t.it("of both roles' monitors come out as they were given", function()
    for _, role in ipairs { "decode", "prefill" } do
      for _, row in ipairs(OF_MONITOR) do
        local monitor = "monitoring: {podmonitor: {enabled: true, " .. row[1] .. ": " .. row[2] .. "}}"
        local got = at(values(role .. ": {enabled: true, replicas: 1, " .. monitor .. "}"), role ..
          ".monitoring.podmonitor")
        t.eq({ true, "metrics", "/metrics", "30s", yaml(row[2]) },
          { got.enabled, got.portName, got.path, got.interval, got[row[1]] }, role .. " " .. row[1])
      end
    end
    t.eq({ enabled = false }, values().decode.monitoring.podmonitor)
  end)
end)

t.describe("a role of modelservice", function()
  t.it("is created when it is enabled, or, if that is not said, when it has replicas", function()
    t.eq({ create = false }, values("decode: {enabled: false}").decode)
    local config = templates.config("prefill: {replicas: 2}")
    config.prefill.enabled = nil
    t.eq({ true, 2 }, { at(yaml(templates.text("13", config)), "prefill.create"),
      at(yaml(templates.text("13", config)), "prefill.replicas") })
    t.eq({ true, 0 }, { values("prefill: {enabled: true}").prefill.create,
      values("prefill: {enabled: true}").prefill.replicas })
  end)

  t.it("wants nodes with its accelerator, unless it needs none", function()
    t.eq({ labelKey = "nvidia.com/gpu.product", labelValues = { "NVIDIA-H100-80GB-HBM3" } },
      values().decode.acceleratorTypes)
    t.eq({ labelKey = "k", labelValues = { "a", "b" } },
      values("decode: {acceleratorType: {labelKey: k, labelValues: [a, b]}}").decode.acceleratorTypes)
    t.eq(nil, values("decode: {accelerator: {count: 0}}").decode.acceleratorTypes)
    t.eq(nil, values("decode: {parallelism: {tensor: 0}}").decode.acceleratorTypes)
    t.eq("s", values("decode: {acceleratorType: {labelKey: ''}}\nstandalone: {acceleratorType: {labelKey: s}}")
      .decode.acceleratorTypes.labelKey)
  end)

  t.it("asks for as many devices as it is given, else as its parallelism needs", function()
    local function devices(scenario, resource)
      local resources = server(scenario).resources
      resource = resource or "nvidia.com/gpu"
      return { resources.limits[resource], resources.requests[resource] }
    end
    t.eq({ "1", "1" }, devices())
    t.eq({ "16", "16" }, devices "decode: {parallelism: {tensor: 2, dataLocal: 8}}")
    t.eq({ "3", "3" }, devices "decode: {accelerator: {count: 3}, parallelism: {tensor: 2}}")
    t.eq({}, devices "decode: {accelerator: {count: 0}}")
    t.eq({}, devices "accelerator: {type: cpu}")
    t.eq({}, devices "dra: {enabled: true}")
    t.eq({ "5", "5" }, devices "decode: {resources: {limits: {nvidia.com/gpu: 5}}}")
    t.eq({ "1", "1" }, devices("decode: {accelerator: {resource: a.b/c}}", "a.b/c"))
    t.eq({ "1", "1" }, devices("accelerator: {count: 7, resource: a.b/c}", "a.b/c"))
  end)

  t.it("asks for memory, processors, storage and network", function()
    local scenario = [[
vllmCommon: {ephemeralStorage: 1Ti}
decode:
  networkResource: rdma/ib
  networkNr: 2
  resources: {limits: {memory: 64Gi, cpu: 16, hugepages-2Mi: 1Gi}, requests: {memory: 32Gi, cpu: 8}}
]]
    t.eq(yaml [[
limits: {memory: 64Gi, cpu: "16", hugepages-2Mi: 1Gi, nvidia.com/gpu: "1", ephemeral-storage: 1Ti, rdma/ib: "2"}
requests: {memory: 32Gi, cpu: "8", nvidia.com/gpu: "1", ephemeral-storage: 1Ti, rdma/ib: "2"}
]], server(scenario).resources)
    t.eq("2Ti", server(scenario .. "  ephemeralStorage: 2Ti").resources.limits["ephemeral-storage"])
    t.eq(nil, server("decode: {networkResource: rdma/ib}").resources.limits["rdma/ib"])
  end)

  t.it("follows the cluster's affinity, node by node and pod by pod", function()
    local affinity = values([[
affinity:
  enabled: true
  nodeSelector: {a.b/c: 1, d: e}
  podAffinity: {preferred: [{weight: 1, term: {topologyKey: zone}}]}
  podAntiAffinity: {required: [{topologyKey: host}, {topologyKey: rack}]}
]]).decode.affinity
    t.eq(yaml [[
nodeAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    nodeSelectorTerms:
      - matchExpressions:
          - {key: a.b/c, operator: In, values: ["1"]}
          - {key: d, operator: In, values: [e]}
podAffinity: {preferred: [{weight: 1, term: {topologyKey: zone}}]}
podAntiAffinity: {required: [{topologyKey: host}, {topologyKey: rack}]}
]], affinity)
    t.eq(nil, values("affinity: {nodeSelector: {a: b}}").decode.affinity)
    t.eq({ podAffinity = { a = "b" } },
      values("affinity: {enabled: true, nodeSelector: auto, podAffinity: {a: b}}").decode.affinity)
  end)

  t.it("has annotations of its own and of everything", function()
    local decode = values("annotations: {common: {a: 1}, decode: {pod: {k8s.v1.cni.cncf.io/networks: n}}}").decode
    t.eq({ { a = "1" }, { ["k8s.v1.cni.cncf.io/networks"] = "n" } }, { decode.annotations, decode.podAnnotations })
  end)

  t.it("has a priority class unless that is none", function()
    t.eq("high", values("vllmCommon: {priorityClassName: high}").decode.priorityClassName)
    t.eq("mine", values("vllmCommon: {priorityClassName: high}\ndecode: {priorityClassName: mine}").decode
      .priorityClassName)
    t.eq(nil, values("vllmCommon: {priorityClassName: high}\ndecode: {priorityClassName: none}").decode
      .priorityClassName)
    t.eq(nil, values().decode.priorityClassName)
  end)

  t.it("can have an accelerator of another kind", function()
    t.eq({ type = "amd", dra = false }, values("decode: {accelerator: {type: amd}}").decode.accelerator)
    t.eq({ dra = true }, values("dra: {enabled: true}\ndecode: {accelerator: {count: 1}}").decode.accelerator)
    t.eq(nil, values("dra: {enabled: true}").decode.accelerator)
  end)

  t.it("pulls with the secret of the pod", function()
    t.eq({ imagePullSecrets = { { name = "hidden" } }, dnsPolicy = "None" },
      values("vllmCommon: {pullSecret: hidden}\ndecode: {extraPodConfig: {dnsPolicy: None}}").decode.extraConfig)
    t.eq(nil, server("vllmCommon: {pullSecret: hidden}").extraConfig.imagePullSecrets)
  end)

  t.it("takes the pull policy of the role, else of the container's settings, else of the image", function()
    t.eq("IfNotPresent", server().imagePullPolicy)
    t.eq("Never", server("images: {vllm: {pullPolicy: Never}}").imagePullPolicy)
    t.eq("Always", server("decode: {extraContainerConfig: {imagePullPolicy: Always}}").imagePullPolicy)
    t.eq("Always", server("images: {vllm: {pullPolicy: Never}}\ndecode: {vllm: {imagePullPolicy: Always}, " ..
      "extraContainerConfig: {imagePullPolicy: Never}}").imagePullPolicy)
  end)

  t.it("takes ports from the container's settings, over TCP unless they say something else", function()
    local container = server("decode: {extraContainerConfig: {ports: [{containerPort: 5557}, " ..
      "{containerPort: 8200, name: metrics, protocol: UDP}], tty: true}}")
    t.eq(yaml "[{containerPort: 5557, protocol: TCP}, {containerPort: 8200, name: metrics, protocol: UDP}]",
      container.ports)
    t.eq({ nil, true }, { container.extraConfig.ports, container.extraConfig.tty })
  end)

  t.it("has volumes of every kind", function()
    local scenario = [[
vllmCommon:
  volumes:
    - {name: shared, type: emptyDir, emptyDir: {}}
    - {name: memory, type: emptyDir, emptyDir: {medium: Memory, sizeLimit: 16Gi}}
    - {name: flat, type: emptyDir, medium: Memory, sizeLimit: 1Gi}
    - {name: map, type: configMap, configMap: {name: m, defaultMode: 320}}
  volumeMounts: [{name: shared, mountPath: /shared}]
decode:
  additionalVolumes:
    - {name: claim, type: persistentVolumeClaim, persistentVolumeClaim: {claimName: c}}
    - {name: secret, type: secret, secret: {secretName: s, defaultMode: 256}}
    - {name: host, type: hostPath, hostPath: {path: /p, type: Directory}}
    - {name: untyped, emptyDir: {}}
    - {name: bare}
  additionalVolumeMounts: [{name: claim, mountPath: /claim}]
]]
    t.eq(yaml [[
- {name: shared, emptyDir: {}}
- {name: memory, emptyDir: {medium: Memory, sizeLimit: 16Gi}}
- {name: flat, emptyDir: {medium: Memory, sizeLimit: 1Gi}}
- {name: map, configMap: {name: m, defaultMode: 320}}
- {name: claim, persistentVolumeClaim: {claimName: c}}
- {name: secret, secret: {secretName: s, defaultMode: 256}}
- {name: host, hostPath: {path: /p, type: Directory}}
- {name: untyped, emptyDir: {}}
- {name: bare}
]], values(scenario).decode.volumes)
    t.eq(yaml "[{name: shared, mountPath: /shared}, {name: claim, mountPath: /claim}]", server(scenario).volumeMounts)
  end)
end)
