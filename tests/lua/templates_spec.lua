local fs = require "host.fs"
local t = require "bench.test"
local templates = require "support.templates"
local yaml = require "host.yaml"

local docs, doc, at = templates.docs, templates.doc, templates.at

-- Numbers of the templates that say something.
local function speaking(scenario, injected)
  local config, numbers = templates.config(scenario, injected), {}
  for _, name in ipairs(templates.names()) do
    local number = name:match "^%d+a?"
    if templates.text(number, config):find "%S" then numbers[#numbers + 1] = number end
  end
  return table.concat(numbers, " ")
end

local function without(numbers, gone)
  return (" " .. numbers .. " "):gsub(" " .. gone .. " ", " "):match "^ (.-) $"
end

local BEHIND_GATEWAY = "01 02 03 04 05 06 07 08 09 10 11 12 13 18"
local ALONE = "01 02 03 04 05 06 07 14 15 17"

t.describe("manifest templates", function()
  t.it("say first what they make and when", function()
    for _, name in ipairs(templates.names()) do
      t.match("^{# %u.+ #}\n", t.ok(fs.read(templates.DIR .. "/" .. name)), name)
    end
  end)

  t.it("are made for the methods that need them", function()
    t.eq(BEHIND_GATEWAY, speaking())
    t.eq(ALONE, speaking(templates.STANDALONE))
    t.eq(BEHIND_GATEWAY .. " 24 25 26", speaking "fma: {enabled: true}\nmodelservice: {enabled: false}")
    t.eq("01 02 03 04 05 06 07 08 09 10 11 12 13 18 19 21 22 23 27 28", speaking "wva: {enabled: true}")
  end)

  t.it("have switches", function()
    t.eq(without(BEHIND_GATEWAY, "03"), speaking "monitoring: {enabled: false}")
    t.eq(without(BEHIND_GATEWAY, "18"), speaking "monitoring: {podmonitor: {enabled: false}}")
    t.eq(without(ALONE, "17"), speaking(templates.STANDALONE .. "\nmonitoring: {podmonitor: {enabled: false}}"))
    t.eq(without(BEHIND_GATEWAY, "08"), speaking "httpRoute: {enabled: false}")
    t.eq(without(BEHIND_GATEWAY, "09"), speaking "gateway: {className: gke}")
    t.eq(without(BEHIND_GATEWAY, "09"), speaking(nil, "stackIndex: 2"))
    t.eq("01 02 03 04 05 05a 06 07 08 09 10 11 12 13 18", speaking "gateway: {className: agentgateway}")
    t.eq("01 02 03 04 05 06 07 08 09 10 11 12 13 16 18", speaking "storage: {extraPvc: {name: more}}")
    t.eq("01 02 03 04 05 06 07 08 09 10 11 12 13 18 19 21 22 23 28",
      speaking "wva: {enabled: true, variantAutoscaling: {enabled: false}}")
    t.eq("01 02 03 04 05 06 07 08 09 10 11 12 13 18 19 21 22 23 27",
      speaking "wva: {enabled: true, hpa: {enabled: false}}")
    t.eq(nil, speaking("wva: {enabled: true}\n" .. templates.STANDALONE):find "2[78]", "there is no decode server")
    t.eq(nil, speaking "wva: {enabled: true}\nfma: {enabled: true}":find "2[78]", "there is no decode server")
    t.eq(BEHIND_GATEWAY:gsub("18", "18 20"), (speaking(nil, "pod_name: h-1")))
  end)
end)

t.describe("volume claims", function()
  t.it("of workloads, in the namespace of the harness", function()
    t.eq(templates.yaml [[
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: workload-pvc, namespace: llmdbench}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 20Gi}}}
]], doc "01")
    local claim = doc("01", "harness: {namespace: bench, pvcSize: 3Gi}\nstorage: {workloadPvc: " ..
      "{accessModes: [ReadWriteOnce, ReadOnlyMany], storageClassName: fast}}")
    t.eq("bench", claim.metadata.namespace)
    t.eq(templates.yaml [[
accessModes: [ReadWriteOnce, ReadOnlyMany]
storageClassName: fast
resources: {requests: {storage: 3Gi}}
]], claim.spec)
  end)

  t.it("of the model, and the extra one with its volume mode", function()
    t.eq({ "model-pvc", "300Gi" }, { doc("02").metadata.name, at(doc "02", "spec.resources.requests.storage") })
    t.eq(templates.yaml "{accessModes: [ReadWriteMany], volumeMode: Block, resources: {requests: {storage: 10Gi}}}",
      doc("16", "storage: {extraPvc: {name: more, volumeMode: Block}}").spec)
  end)

  t.it("quote names that YAML would take for something else", function()
    local claim = doc("02", "storage: {modelPvc: {name: '123'}}")
    t.eq("123", claim.metadata.name)
    local namespace = docs("05", "namespace: {name: '2024'}")[1].metadata
    t.eq({ "2024", "2024" }, { namespace.name, namespace.labels["kubernetes.io/metadata.name"] })
    local values = doc("13", "decode: {extraEnvVars: [{name: 'NO', value: 1}, {name: 'ON', valueFrom: {x: 1}}]}\n"
      .. "annotations: {common: {'on': x, 'null': z}}")
    local text = yaml.encode(values)
    t.contains("name: 'NO'", text)
    t.contains("name: 'ON'", text)
    t.contains("'on': x", text)
    t.contains("'null': z", text)
  end)

  t.it("leave the storage class to the cluster if it is auto, default or empty", function()
    for _, class in ipairs { "auto", "default", "''" } do
      t.eq(nil, doc("02", "storage: {modelPvc: {storageClassName: " .. class .. "}}").spec.storageClassName)
    end
  end)
end)

t.describe("namespace, accounts and access", function()
  t.it("come in this order", function()
    local found = {}
    for i, each in ipairs(docs("05", "namespace: {name: '123'}")) do
      found[i] = each.kind .. " " .. each.metadata.name .. " " .. tostring(each.metadata.namespace)
    end
    t.eq({ "Namespace 123 nil", "ServiceAccount inference-perf-runner 123", "Role inference-perf-job-creator 123",
      "RoleBinding inference-perf-job-creator-binding 123", "RoleBinding inference-perf-restricted-scc 123",
      "Secret llm-d-hf-token 123" }, found)
  end)

  t.it("label the namespace and bind both roles to the account", function()
    local all = docs "05"
    t.eq(templates.yaml [[
kubernetes.io/metadata.name: llmdbench
pod-security.kubernetes.io/audit: privileged
pod-security.kubernetes.io/audit-version: latest
pod-security.kubernetes.io/warn: privileged
pod-security.kubernetes.io/warn-version: latest
]], all[1].metadata.labels)
    t.eq({ "kubernetes" }, all[1].spec.finalizers)
    t.eq({ "Role", "ClusterRole" }, { all[4].roleRef.kind, all[5].roleRef.kind })
    t.eq("system:openshift:scc:restricted", all[5].roleRef.name)
    t.eq({ "inference-perf-runner", "inference-perf-runner" },
      { all[4].subjects[1].name, all[5].subjects[1].name })
    t.eq(templates.yaml [[
- {apiGroups: [batch], resources: [jobs], verbs: [create, get, list, watch, delete, patch, update]}
- {apiGroups: [""], resources: [serviceaccounts], verbs: [get]}
- {apiGroups: [""], resources: [pods], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [pods/log], verbs: [get]}
]], all[3].rules)
  end)

  t.it("hold a reference to the token, in clear or encoded", function()
    t.eq({ HF_TOKEN = "{{secret:hf_token}}" }, docs("05")[6].stringData)
    local secret = docs("05", nil, "huggingface: {token: '', tokenBase64: YWI}")[6]
    t.eq({ nil, "YWI=" }, { secret.stringData, secret.data.HF_TOKEN })
    t.eq(5, #docs("05", nil, "huggingface: {enabled: false}"))
  end)

  t.it("let pods of agentgateway bind the port they need, and nothing more", function()
    local scc = doc("05a", "gateway: {className: agentgateway}")
    t.eq({ "llmdbench-agentgateway", { "NET_BIND_SERVICE" }, { "ALL" }, 10101, false },
      { scc.metadata.name, scc.allowedCapabilities, scc.requiredDropCapabilities, scc.runAsUser.uid,
        scc.allowPrivilegeEscalation })
    t.eq({ "configMap", "emptyDir", "projected", "secret", "downwardAPI" }, scc.volumes)
    t.eq(templates.yaml [[
app.kubernetes.io/managed-by: llm-d-benchmark
app.kubernetes.io/component: agentgateway-scc
]], scc.metadata.labels)
  end)
end)

t.describe("the download job", function()
  t.it("logs in, if there is a token, and fetches to the model's folder", function()
    local job = doc("04", "vllmCommon: {pullSecret: hidden}\ndownloadJob: {mountPath: /weights}")
    local pod = job.spec.template.spec
    local container = pod.containers[1]
    t.eq({ "download-model", "llmdbench", 3, "OnFailure", { { name = "hidden" } } },
      { job.metadata.name, job.metadata.namespace, job.spec.backoffLimit, pod.restartPolicy, pod.imagePullSecrets })
    t.eq({ app = "llm-d-benchmark-harness" }, job.spec.template.metadata.labels)
    t.eq({ "downloader", "ghcr.io/llm-d/llm-d-benchmark:v0.6.0", { "/bin/sh", "-c" } },
      { container.name, container.image, container.command })
    t.eq({ "MODEL_PATH=models/facebook/opt-125m", "HF_MODEL_ID=facebook/opt-125m",
      "HF_TOKEN@llm-d-hf-token/HF_TOKEN", "HF_HOME=/tmp/huggingface", "HOME=/tmp", "MOUNT_PATH=/weights" },
      templates.env(container.env))
    t.eq([[
mkdir -p "${MOUNT_PATH}/${MODEL_PATH}" && \
pip install huggingface_hub && \
export PATH="${PATH}:${HOME}/.local/bin" && \
hf auth login --token "${HF_TOKEN}" && \
hf download "${HF_MODEL_ID}" --local-dir "/weights/${MODEL_PATH}"
]], container.args[1])
    t.eq({ { name = "model-cache", mountPath = "/weights" } }, container.volumeMounts)
    t.eq({ { name = "model-cache", persistentVolumeClaim = { claimName = "model-pvc" } } }, pod.volumes)
  end)

  t.it("does without a token", function()
    local container = doc("04", nil, "huggingface: {enabled: false}").spec.template.spec.containers[1]
    t.ok(not container.args[1]:find "login")
    t.eq(nil, templates.variable(container.env, "HF_TOKEN"))
    t.eq(5, #container.env)
  end)
end)

t.describe("access to results", function()
  t.it("is a pod with an rsync daemon, found by its role, and a service", function()
    local pod, service = doc("06", "harness: {namespace: bench}"), doc("07", "harness: {namespace: bench}")
    t.eq({ "access-to-harness-data-workload-pvc", "bench" }, { pod.metadata.name, pod.metadata.namespace })
    t.eq({ app = "llm-d-benchmark-harness", role = "llm-d-benchmark-data-access" }, pod.metadata.labels)
    local container = pod.spec.containers[1]
    t.eq({ "rsync", "--daemon", "--no-detach", "--port=20873", "--log-file=/dev/stdout" }, container.command)
    t.eq({ "rsync", "Always", 0 },
      { container.name, container.imagePullPolicy, container.securityContext.runAsUser })
    t.eq({ { name = "requests", mountPath = "/requests" } }, container.volumeMounts)
    t.eq({ { name = "requests", persistentVolumeClaim = { claimName = "workload-pvc" } } }, pod.spec.volumes)
    t.eq({ "llm-d-benchmark-harness", "bench" }, { service.metadata.name, service.metadata.namespace })
    t.eq(templates.yaml [[
type: ClusterIP
selector: {app: llm-d-benchmark-harness}
ports: [{name: rsync, protocol: TCP, port: 20873, targetPort: 20873}]
]], service.spec)
  end)

  t.it("uses the namespace of the servers when the harness has none, and the pull secret", function()
    t.eq({ "llmdbench", "llmdbench" }, { doc("06").metadata.namespace, doc("07").metadata.namespace })
    t.eq({ { name = "hidden" } }, doc("06", "vllmCommon: {pullSecret: hidden}").spec.imagePullSecrets)
  end)
end)

t.describe("monitoring of user workloads", function()
  t.it("is switched by a map of settings in one text", function()
    local map = doc("03", "monitoring: {enableUserWorkload: false}")
    t.eq({ "cluster-monitoring-config", "openshift-monitoring", "enableUserWorkload: false\n" },
      { map.metadata.name, map.metadata.namespace, map.data["config.yaml"] })
  end)
end)
