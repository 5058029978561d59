-- Values that are right by themselves, but do not fit together.
local t = require "bench.test"
local check = require "bench.plan.check"
local consistency = require "bench.plan.consistency"
local templates = require "support.templates"

local STANDALONE, FMA = templates.STANDALONE .. "\n", "fma: {enabled: true}\nmodelservice: {enabled: false}\n"

local function found(scenario)
  return consistency.findings(templates.config(scenario), templates.config())
end

-- The only finding, as `key: message`.
local function only(scenario)
  local list = found(scenario)
  t.eq(1, #list, scenario)
  return list[1] and list[1].key .. ": " .. list[1].message
end

local function fits(scenario) t.eq({}, found(scenario), scenario) end

-- A bit of `standalone`, enabled.
local function standalone(section) return "modelservice: {enabled: false}\nstandalone: {enabled: true, " .. section .. "}\n" end

t.describe("consistency.between", function()
  local function stacks(mode, ...)
    local list = {}
    for i, scenario in ipairs { ... } do
      list[i] = { name = "s" .. i, config = templates.config("httpRoute: {mode: " .. mode .. "}\n" .. scenario) }
    end
    return list
  end

  t.it("finds servers that a shared route does not reach", function()
    local one, two = "namespace: {name: one}", "namespace: {name: two}"
    local found_there = consistency.between(stacks("shared", one, two, one))
    t.eq(1, #found_there)
    t.contains("stack 's2' is in the namespace 'two', but httpRoute.mode is shared, and the route of 's1' finds only servers "
      .. "in 'one'", found_there[1])
    t.eq({}, consistency.between(stacks("per-stack", one, two)))
    t.eq({}, consistency.between(stacks("shared", one, one)))
    t.eq({}, consistency.between(stacks("shared", one, two .. "\n" .. STANDALONE)))
    t.eq({}, consistency.between {})
  end)
end)

t.describe("consistency.findings", function()
  t.it("has nothing against the defaults, by any method", function()
    for _, method in ipairs { "{}", STANDALONE, FMA, "local: {enabled: true}\nrouting: {servicePort: 1}" } do fits(method) end
    t.eq({}, consistency.findings({}))
  end)

  t.it("says that the general count is not for decode and prefill", function()
    t.eq("accelerator.count: is 4, but decode pods ask for 1, as their parallelism says: set decode.accelerator.count",
      only "accelerator: {count: 4}")
    fits "accelerator: {count: 4}\ndecode: {parallelism: {tensor: 4}}"
    fits "accelerator: {count: 4}\ndecode: {accelerator: {count: 2}}"
    fits "accelerator: {count: 0}"
    fits("accelerator: {count: 4}\n" .. STANDALONE)
  end)

  t.it("says when a network resource is asked for without a number", function()
    t.eq("vllmCommon.networkResource: is rdma/ib, but there is no vllmCommon.networkNr: decode pods ask for none of it",
      only "vllmCommon: {networkResource: rdma/ib}")
    t.eq("decode.networkResource: is rdma/roce, but there is no decode.networkNr: decode pods ask for none of it",
      only "decode: {networkResource: rdma/roce}")
    fits "vllmCommon: {networkResource: rdma/ib, networkNr: 1}"
  end)

  t.it("finds ports of standalone servers that differ", function()
    fits(standalone "vllm: {port: 9000}")
    t.match("^vllmCommon.inferencePort: is 12345, but the servers listen where standalone.vllm.port says, on 8000",
      only("vllmCommon: {inferencePort: 12345}\n" .. STANDALONE))
    fits("vllmCommon: {inferencePort: 9000}\n" .. standalone "vllm: {port: '9000'}")
    t.match("^standalone.vllm.servicePort: is 9000, but standalone.vllm.port is 8000: ",
      only(standalone "vllm: {servicePort: 9000}"))
  end)

  t.it("finds ports of modelservice pods that differ, and names the changed one first", function()
    t.match("^decode.vllm.port: is 9000, but routing.proxy.targetPort is 8200: ", only "decode: {vllm: {port: 9000}}")
    t.match("^routing.proxy.targetPort: is 9, but decode.vllm.port is 8200: ", only "routing: {proxy: {targetPort: 9}}")
    fits "decode: {vllm: {port: 9000}}\nrouting: {proxy: {targetPort: 9000}}"
    fits "decode: {vllm: {port: 9000}}\nrouting: {proxy: {enabled: false}}"
    t.match("^decode.vllm.servicePort: is 9100, but routing.servicePort is 8000: ", only "decode: {vllm: {servicePort: 9100}}")
    t.match("^prefill.vllm.servicePort: is 9100, but decode.vllm.servicePort is 8000: ",
      only "prefill: {enabled: true, replicas: 1, vllm: {servicePort: 9100}}")
    fits "prefill: {vllm: {servicePort: 9100}}"
    t.match("^vllmCommon.inferencePort: is 12345, .* decode.vllm.servicePort says", only "vllmCommon: {inferencePort: 12345}")
  end)

  t.it("finds claims that nobody creates", function()
    t.match("^storage.modelPvc.name: is 'weights', but standalone pods mount 'model%-pvc', as standalone.modelPvcName says",
      only("storage: {modelPvc: {name: weights}}\n" .. STANDALONE))
    t.match("^storage.modelPvc.name: is 'weights', .* as fma.modelPvcName says",
      only("storage: {modelPvc: {name: weights}}\n" .. FMA))
    t.match("^standalone.modelPvcName: is 'mine', a claim that .* %(storage.modelPvc.name is 'model%-pvc'%)",
      only(standalone "modelPvcName: mine"))
    fits "storage: {modelPvc: {name: weights}}"
    fits("storage: {modelPvc: {name: weights}}\n" .. standalone "modelPvcName: weights")
    fits("storage: {extraPvc: {name: more}}\n" .. standalone "modelPvcName: more")
    fits("storage: {modelPvc: {name: weights}}\n" .. standalone "mountModelVolume: false")
  end)

  t.it("finds autoscaling of what is not there", function()
    t.match("^wva.enabled: .* a stack of the method standalone has none", only("wva: {enabled: true}\n" .. STANDALONE))
    t.match("^wva.enabled: .* a stack of the method fma has none", only("wva: {enabled: true}\n" .. FMA))
    t.match("^wva.namespace: is 'cc', but the decode servers are in 'aa': ",
      only "namespace: {name: aa}\nwva: {enabled: true, namespace: cc}")
    fits "namespace: {name: aa}\nwva: {enabled: true, namespace: cc, hpa: {enabled: false}}"
    fits "namespace: {name: aa}\nwva: {enabled: true, namespace: aa}"
  end)

  t.it("is part of the plan's check, with the place of the key", function()
    local config = templates.config "routing: {servicePort: 9}"
    local list = check.findings(config, { ["routing.servicePort"] = "s.yaml:3" }, { defaults = templates.config() })
    t.eq({ 1, "s.yaml:3", "routing.servicePort" }, { #list, list[1].origin, list[1].key })
  end)
end)
