local t = require "bench.test"
local templates = require "support.templates"

local L, docs, doc, at, yaml = templates.LABEL, templates.docs, templates.doc, templates.at, templates.yaml

local SIBLINGS = [[
siblingStacks:
  - {name: small, modelName: facebook/opt-125m, standalone: false}
  - {name: alone, modelName: gpt2, standalone: true}
  - {name: big, modelName: Qwen/Qwen3-32B, standalone: false}
]]

t.describe("routes", function()
  t.it("of a stack: its own prefix, and everything else", function()
    local route = doc("08", "gateway: {namespace: front}")
    t.eq({ L, "front" }, { route.metadata.name, route.metadata.namespace })
    t.eq({ { group = "gateway.networking.k8s.io", kind = "Gateway", name = "infra-llmdbench-inference-gateway" } },
      route.spec.parentRefs)
    local backend = yaml("{group: inference.networking.k8s.io, kind: InferencePool, name: " .. L ..
      "-gaie, port: 8000, weight: 1}")
    local timeouts = { backendRequest = "0s", request = "0s" }
    local first, second = route.spec.rules[1], route.spec.rules[2]
    t.eq({ { path = { type = "PathPrefix", value = "/" .. L .. "/" } } }, first.matches)
    t.eq(yaml "[{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]",
      first.filters)
    t.eq({ { backend }, timeouts }, { first.backendRefs, first.timeouts })
    t.eq({ backendRefs = { backend }, timeouts = timeouts }, second)
    t.eq(2, #route.spec.rules)
  end)

  t.it("shared by stacks: one rule for each that is behind the gateway", function()
    local route = doc("08", "httpRoute: {mode: shared}\ndecode: {vllm: {servicePort: 8100}}", SIBLINGS)
    t.eq("multi-model-route", route.metadata.name)
    t.eq(2, #route.spec.rules)
    for i, name in ipairs { "small", "big" } do
      local rule = route.spec.rules[i]
      t.eq({ "/" .. name .. "/v1", "/v1", "300s", "0s", 8100 },
        { rule.matches[1].path.value, at(rule, "filters.1.urlRewrite.path.replacePrefixMatch"),
          rule.timeouts.request, rule.timeouts.backendRequest, rule.backendRefs[1].port })
    end
    t.eq({ "facebook-16adac56-opt-125m-gaie", "qwen-qwe-03cce4e9-wen3-32b-gaie" },
      { at(route, "spec.rules.1.backendRefs.1.name"), at(route, "spec.rules.2.backendRefs.1.name") })
  end)

  t.it("shared, under the user's own names", function()
    local route = doc("08", "httpRoute: {mode: shared, name: mine, pathPrefix: '/{stack.name}', rewriteTo: /}",
      SIBLINGS)
    t.eq({ "mine", "/big", "/" }, { route.metadata.name, at(route, "spec.rules.2.matches.1.path.value"),
      at(route, "spec.rules.2.filters.1.urlRewrite.path.replacePrefixMatch") })
  end)

  t.it("shared, only from the stack that owns the gateway, and only if there is a pool", function()
    t.eq(0, #docs("08", "httpRoute: {mode: shared}", SIBLINGS .. "stackIndex: 3"))
    t.eq(0, #docs("08", "httpRoute: {mode: shared}", "siblingStacks: [{name: a, modelName: m, standalone: true}]"))
    t.eq(0, #docs("08", "httpRoute: {mode: shared, enabled: false}", SIBLINGS))
  end)

  t.it("follow the release, but not when the gateway has a name of the user's", function()
    t.eq("infra-mine-inference-gateway", at(doc("08", "release: mine"), "spec.parentRefs.1.name"))
    t.eq("front", at(doc("08", "release: mine\ngateway: {name: front}"), "spec.parentRefs.1.name"))
  end)

  t.it("name the gateway's namespace where another stack has it in one of its own", function()
    local function parent(injected) return at(doc("08", "gateway: {namespace: two}", injected), "spec.parentRefs.1") end
    t.eq("one", parent("shared_gateway_namespace: one").namespace)
    t.eq(nil, parent("shared_gateway_namespace: two").namespace)
    t.eq(nil, parent().namespace)
  end)
end)

t.describe("the gateway's implementation", function()
  t.it("istio", function()
    local file = doc "09"
    t.eq({ { name = "istio", url = "https://istio-release.storage.googleapis.com/charts" } }, file.repositories)
    local base, control = file.releases[1], file.releases[2]
    t.eq({ "istio-base", "istio/base", "1.29.2", "istio-system", true },
      { base.name, base.chart, base.version, base.namespace, base.createNamespace })
    t.eq({ "istiod", "istio/istiod", "1.29.2", "istio-system", true, { "istio-system/istio-base" } },
      { control.name, control.chart, control.version, control.namespace, control.createNamespace, control.needs })
    t.eq({ { type = "gateway-provider", kind = "gateway-crds" },
      { type = "gateway-provider", kind = "gateway-control-plane" } }, { base.labels, control.labels })
    local flag = { ENABLE_GATEWAY_API_INFERENCE_EXTENSION = "true" }
    t.eq({ { meshConfig = { defaultConfig = { proxyMetadata = flag } }, pilot = { env = flag }, tag = "1.29.2",
      hub = "docker.io/istio" } }, control.values)
  end)

  t.it("agentgateway, with resources if there are any", function()
    local file = doc("09", "gateway: {className: agentgateway}\nchartVersions: {agentgateway: '1.10'}")
    t.eq({ "agentgateway-crds", "agentgateway" }, { file.releases[1].name, file.releases[2].name })
    t.eq({ "oci://cr.agentgateway.dev/charts/agentgateway-crds", "oci://cr.agentgateway.dev/charts/agentgateway" },
      { file.releases[1].chart, file.releases[2].chart })
    local release = file.releases[2]
    t.eq({ "1.10", "agentgateway-system", { "agentgateway-system/agentgateway-crds" } },
      { release.version, release.namespace, release.needs })
    t.eq(yaml [[
inferenceExtension: {enabled: true}
securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
podSecurityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
resources: {limits: {cpu: "16", memory: 16Gi}, requests: {cpu: "4", memory: 4Gi}}
]], release.values[1])
  end)
end)

t.describe("the stack's helmfile", function()
  local function releases(scenario, injected)
    local all = docs("10", scenario, injected)
    t.eq({ helmDefaults = { createNamespace = false } }, all[1])
    local lines = {}
    for i, each in ipairs(all[2].releases) do
      lines[i] = table.concat({ each.name, each.chart, each.version, each.namespace,
        table.concat(each.needs or {}, "+"), each.values[1], each.labels.kind, each.labels.type or "" }, " ")
    end
    return lines, all[2]
  end

  t.it("declares three releases when it owns the gateway", function()
    local lines, file = releases("release: mine\ngateway: {namespace: front}")
    local pool = "oci://registry.k8s.io/gateway-api-inference-extension/charts/inferencepool"
    t.eq({
      "infra-mine llm-d-infra/llm-d-infra auto front  infra.yaml inference-stack infrastructure",
      L .. "-ms llm-d-modelservice/llm-d-modelservice auto front infra-mine+" .. L ..
        "-gaie ms-values.yaml inference-stack ",
      L .. "-gaie " .. pool .. " v1.4.0 front infra-mine gaie-values.yaml inference-stack ",
    }, lines)
    t.eq(yaml [[
- {name: llm-d-modelservice, url: "https://llm-d-incubation.github.io/llm-d-modelservice/"}
- {name: llm-d-infra, url: "https://llm-d-incubation.github.io/llm-d-infra/"}
]], file.repositories)
    for _, each in ipairs(file.releases) do t.eq(true, each.installed) end
  end)

  t.it("declares two, which need nothing of others, when it does not", function()
    local lines, file = releases(nil, "stackIndex: 2")
    t.eq(2, #lines)
    t.eq({ { L .. "-gaie" }, nil }, { file.releases[1].needs, file.releases[2].needs })
  end)
end)

t.describe("values of the infrastructure", function()
  t.it("for istio and classes that are not known", function()
    local expected = yaml [[
gateway:
  gatewayClassName: other
  gatewayParameters:
    enabled: true
    logLevel: error
    resources: {limits: {cpu: "16", memory: 16Gi}, requests: {cpu: "4", memory: 4Gi}}
  service: {type: NodePort}
]]
    t.eq(expected, doc("11", "gateway: {className: other}"))
    expected.gateway.gatewayClassName = "istio"
    expected.gateway.gatewayParameters.resources.limits.cpu = "1.5"
    t.eq(expected, doc("11", "gateway: {resources: {limits: {cpu: 1.5}}}"))
  end)

  t.it("for managed and other gateways", function()
    t.eq({ gateway = { gatewayClassName = "gke-l7-regional-external-managed",
      destinationRule = L .. "-gaie-epp.llmdbench" }, provider = { name = "gke" } },
      doc("11", "gateway: {className: gke}"))
    t.eq({ gateway = { gatewayClassName = "agentgateway", gatewayParameters = { enabled = false },
      service = { type = "NodePort" } } }, doc("11", "gateway: {className: agentgateway}"))
  end)

  t.it("for the gateway of OpenShift's data science", function()
    local gateway = doc("11", "gateway: {className: data-science-gateway-class}").gateway
    t.eq(yaml "{istio.io/rev: openshift-gateway, platform.opendatahub.io/part-of: gatewayconfig}", gateway.labels)
    t.eq(yaml [[
- name: https
  port: 443
  protocol: HTTPS
  allowedRoutes: {namespaces: {from: All}}
  tls:
    mode: Terminate
    certificateRefs:
      - {group: "", kind: Secret, name: data-science-gateway-service-tls, namespace: openshift-ingress}
]], gateway.listeners)
    t.eq(yaml [[
http: {http1MaxPendingRequests: 256000, http2MaxRequests: 256000, maxRequestsPerConnection: 256000, idleTimeout: 900s}
tcp: {maxConnections: 256000, maxConnectionDuration: 1800s, connectTimeout: 900s}
]], gateway.destinationRule.trafficPolicy.connectionPool)
    t.eq({ true, L .. "-gaie-epp.llmdbench.svc.cluster.local", "NodePort" },
      { gateway.destinationRule.enabled, gateway.destinationRule.host, gateway.service.type })
    t.eq({ enabled = true, secretName = "data-science-gateway-service-tls", secretNamespace = "openshift-ingress" },
      gateway.tls.referenceGrant)
  end)
end)

t.describe("values of the inference pool", function()
  t.it("by default", function()
    t.eq(yaml([[
inferenceExtension:
  replicas: 1
  image: {name: llm-d-inference-scheduler, hub: ghcr.io/llm-d, tag: v0.7.1, pullPolicy: Always}
  extProcPort: 9002
  extraContainerPorts: [{name: zmq, containerPort: 5557, protocol: TCP}]
  extraServicePorts: [{name: zmq, port: 5557, targetPort: 5557, protocol: TCP}]
  env: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: llm-d-hf-token, key: HF_TOKEN}}}]
  pluginsConfigFile: default-plugins.yaml
  monitoring:
    interval: 10s
    prometheus:
      enabled: true
      auth: {enabled: true, secretName: inference-gateway-sa-metrics-reader-secret}
  flags: {v: "1"}
inferencePool:
  targetPortNumber: 8000
  targetPorts: [{number: 8000}]
  modelServerType: vllm
  apiVersion: inference.networking.k8s.io/v1
  modelServers: {matchLabels: {llm-d.ai/inferenceServing: "true", llm-d.ai/model: ]] .. L .. [[}}
provider: {name: istio}
]]), doc "12")
  end)

  t.it("with flags of the user's, else a verbosity that follows the collection of metrics", function()
    t.eq({ v = "4", secure = "False" }, doc("12", "inferenceExtension: {flags: {v: 4, secure: no}}")
      .inferenceExtension.flags)
    t.eq({ v = "4" }, doc("12", "monitoring: {metricsScrapeEnabled: true}").inferenceExtension.flags)
    t.eq({ v = "3" }, doc("12", "inferenceExtension: {verbosity: 3}").inferenceExtension.flags)
  end)

  t.it("with plugins, resources and volumes", function()
    local epp = doc("12", [[
inferenceExtension:
  pluginsCustomConfig:
    a.yaml: |
      plugins:
        - type: x   # "quoted"

      schedulingProfiles: []
    b.yaml: {plugins: [{type: y}]}
  resources: {limits: {cpu: "1", memory: 1Gi}, requests: {memory: 1Gi}}
  volumes: [{name: v, type: configMap, configMap: {name: c, defaultMode: 320}}, {name: e, type: emptyDir}]
  volumeMounts: [{name: v, mountPath: /v, readOnly: true}]
]]).inferenceExtension
    t.eq({ ["a.yaml"] = 'plugins:\n  - type: x   # "quoted"\n\nschedulingProfiles: []\n',
      ["b.yaml"] = "plugins:\n- type: y\n" }, epp.pluginsCustomConfig)
    t.eq(yaml "{limits: {cpu: '1', memory: 1Gi}, requests: {memory: 1Gi}}", epp.resources)
    t.eq(yaml "[{name: v, configMap: {name: c, defaultMode: 320}}, {name: e, emptyDir: {}}]", epp.volumes)
    t.eq(yaml "[{name: v, mountPath: /v, readOnly: true}]", epp.volumeMounts)
  end)

  t.it("with a tokenizer beside it", function()
    local epp = doc("12", "inferenceExtension: {sidecar: {enabled: true}}").inferenceExtension
    t.eq(yaml([[
enabled: true
image: ghcr.io/llm-d/llm-d-uds-tokenizer:v0.8.0
imagePullPolicy: IfNotPresent
name: tokenizer-uds
configMap: {name: ]] .. L .. [[-gaie-sidecar-config, data: {}}
env:
  - {name: HF_TOKEN, valueFrom: {secretKeyRef: {name: llm-d-hf-token, key: HF_TOKEN}}}
  - {name: TOKENIZERS_DIR, value: /tokenizers}
  - {name: HF_HOME, value: /tokenizers}
volumeMounts: [{name: tokenizers, mountPath: /tokenizers}, {name: tokenizer-uds, mountPath: /tmp/tokenizer}]
]]), epp.sidecar)
    t.eq(yaml "[{name: tokenizers, emptyDir: {}}, {name: tokenizer-uds, emptyDir: {}}]", epp.volumes)
    t.eq(yaml "[{name: tokenizer-uds, mountPath: /tmp/tokenizer}]", epp.volumeMounts)
  end)

  t.it("with settings of the gateway's class, in the places where they are read", function()
    local rule = yaml [[
destinationRule:
  host: x-gaie-epp
  trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 256000, idleTimeout: 900s}}}
]]
    local text = [[
inferenceExtension:
  inferencePoolProviderConfig:
    destinationRule:
      host: x-gaie-epp
      trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 256000, idleTimeout: 900s}}}
]]
    local values = doc("12", text)
    t.eq({ rule, { name = "istio", istio = rule }, nil },
      { values.inferencePool.provider.istio, values.provider, values.destinationRule })
    values = doc("12", text .. "gateway: {className: other}")
    t.eq({ rule, { other = rule } }, { values.inferencePool.provider.other, values.provider })
    t.eq(nil, doc("12", "gateway: {className: agentgateway}").provider)
    t.eq({ name = "gke" }, doc("12", "gateway: {className: gke}").provider)
  end)

  t.it("without a token, and with an image from elsewhere", function()
    local epp = doc("12", "images: {inferenceScheduler: {repository: 'registry:5000/a/b/epp', tag: '1.10'}}",
      "huggingface: {enabled: false}").inferenceExtension
    t.eq({ nil, "epp", "registry:5000/a/b", "1.10" }, { epp.env, epp.image.name, epp.image.hub, epp.image.tag })
  end)
end)
