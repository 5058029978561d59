local t = require "bench.test"
local check = require "bench.plan.check"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local kinds = require "bench.plan.kinds"
local schema = require "bench.plan.schema"
local yaml = require "host.yaml"

local function findings(text, opts)
  opts = opts or {}
  if opts.complete == nil then opts.complete = false end
  return check.findings(t.ok(yaml.decode(text)), opts.origins, opts)
end

local function only(text, opts)
  local found = findings(text, opts)
  t.eq(1, #found, json.encode(found))
  return found[1]
end

local function accepts(text) t.eq({}, findings(text), text) end

t.describe("types of the schema", function()
  t.it("are read from text", function()
    t.eq({ { kind = "int", min = 0 } }, (kinds.parse "int>=0"))
    t.eq({ { kind = "number", min = 0, max = 1 } }, (kinds.parse "number 0..1?"))
    t.eq({ { kind = "text" }, { kind = "list", of = { { kind = "shape", name = "#env" } } } },
      (kinds.parse "text | list of #env"))
    t.eq({ { kind = "word", word = "" }, { kind = "section", open = true } }, (kinds.parse '"" | open section'))
    local _, optional = kinds.parse "text?"
    t.eq(true, optional)
    _, optional = kinds.parse "text"
    t.eq(false, optional)
    t.eq({ { kind = "list", of = { { kind = "word", word = "a" }, { kind = "word", word = "b" } } }, { kind = "text" } },
      (kinds.parse 'list of ("a" | "b") | text?'))
    t.raises(function() kinds.parse "txet" end, "unknown type 'txet'")
  end)

  t.it("take numbers and booleans as text, but never text as numbers", function()
    for _, case in ipairs {
      { "int>=0", { 0, 16.0, "16", " 16", "16.0" }, { -1, 1.5, "1.5", "x", true, "", "0x10" } },
      { "number 0..1", { 0, 0.95, "0.95", "1.0" }, { 2, -0.1, "2.0", "high", false } },
      { "bool", { true, false, "yes", "Off", "1", 0, 1 }, { "maybe", 2, "" } },
      { "text", { "", "a", "16" }, { 16, true, 1.5 } },
      { "scalar", { "a", 1, false }, {} },
      { "name", { "a", "my-ns-2", "0" }, { "Bad_NS", "a.b", "-a", "a-", "", ("a"):rep(64), 5 } },
      { "quantity", { 4, "4", "500m", "40Gi", "1.5", "1e3", "16k", ".5Ti" }, { "40GiB", "", "lots", "4 Gi", true } },
      { '"" | "auto" | int 1..65535', { "", "auto", 8000, "8000" }, { "any", 0, 65536 } },
    } do
      local alternatives = kinds.parse(case[1])
      local function fits(value)
        for _, kind in ipairs(alternatives) do
          if kinds.accepts(kind, value) then return true end
        end
        return false
      end
      for _, value in ipairs(case[2]) do t.ok(fits(value), case[1] .. " must take " .. tostring(value)) end
      for _, value in ipairs(case[3]) do t.eq(false, fits(value), case[1] .. " must refuse " .. tostring(value)) end
    end
  end)

  t.it("describe themselves", function()
    t.eq("a whole number of at least 0 or 'auto'", kinds.describe(kinds.parse 'int>=0 | "auto"'))
    t.eq("a number from 0 to 1", kinds.describe(kinds.parse "number 0..1?"))
    t.eq("text or a list of texts", kinds.describe(kinds.parse "text | list of text"))
    t.eq("a list of 'a', 'b'", kinds.describe(kinds.parse 'list of ("a" | "b")'))
  end)
end)

t.describe("rows of the schema", function()
  t.it("have a meaning, one place each, and shapes that exist", function()
    local seen = {}
    for _, group in ipairs { "shapes", "model", "roles", "routing", "cluster", "measuring" } do
      for _, row in ipairs(require("bench.plan.keys." .. group)) do
        t.eq(nil, seen[row[1]], row[1] .. " is listed twice")
        seen[row[1]] = true
        t.match("^%S.*%.$", row[3], row[1])
        for name in row[2]:gmatch "#%w+" do
          t.ok(schema.config().shapes[name], row[1] .. " needs the shape " .. name)
        end
      end
    end
    t.ok(seen["decode"] and seen["#role.replicas"] and seen["local.command"])
  end)

  t.it("say something about each part of a key", function()
    local function walk(node)
      for _, key in ipairs(node.order) do
        t.ok(#node.fields[key].types > 0, node.fields[key].path .. " has no row of its own")
        walk(node.fields[key])
      end
      if node.any then
        t.ok(#node.any.types > 0, node.any.path .. " has no row of its own")
        walk(node.any)
      end
    end
    walk(schema.config().root)
    for _, shape in pairs(schema.config().shapes) do walk(shape) end
  end)
end)

t.describe("check.findings", function()
  t.it("names a misspelt key with its place and the nearest one, at any depth", function()
    for wrong, right in pairs {
      ["modle"] = "model", ["decode.replcas"] = "decode.replicas", ["prefill.vllm.imagePulPolicy"] = "prefill.vllm.imagePullPolicy",
      ["harness.waitTimout"] = "harness.waitTimeout", ["storage.modelPvc.acessModes"] = "storage.modelPvc.accessModes",
      ["images.vllm.repositry"] = "images.vllm.repository", ["gateway.clasName"] = "gateway.className",
      ["local.readiness.pth"] = "local.readiness.path", ["vllmCommon.flags.enforceEagr"] = "vllmCommon.flags.enforceEager",
      ["decode.probes.startup.periodSecond"] = "decode.probes.startup.periodSeconds",
      ["wva.hpa.maxReplica"] = "wva.hpa.maxReplicas", ["fma.launcher.imge"] = "fma.launcher.image",
    } do
      local tree = json.object {}
      local node = tree
      local parts = {}
      for part in wrong:gmatch "[^.]+" do parts[#parts + 1] = part end
      for i = 1, #parts - 1 do
        node[parts[i]] = json.object {}
        node = node[parts[i]]
      end
      node[parts[#parts]] = json.object {}
      local found = check.findings(tree, { [wrong] = "s.yaml:7" }, { complete = false })
      t.eq(1, #found, wrong .. ": " .. json.encode(found))
      t.eq({ key = wrong, origin = "s.yaml:7", message = "unknown key", suggestion = right }, found[1])
      t.eq(("s.yaml:7: %s: unknown key (did you mean '%s'?)"):format(wrong, right), check.line(found[1]))
    end
  end)

  t.it("finds the same name elsewhere", function()
    t.eq("modelservice.uriProtocol", only("storage: {uriProtocol: hf}").suggestion)
    t.eq("routing.connector", only("routing: {proxy: {connector: nixlv2}}").suggestion)
    t.eq("model.maxModelLen", only("vllmCommon: {maxModelLen: 4096}").suggestion)
    t.eq(nil, only("vllmCommon: {tensorParallelism: 2}").suggestion)
  end)

  t.it("accepts keys that templates honour", function()
    accepts [[
decode: {tolerations: [{key: a}], resourceClaims: [], podSecurityContext: {fsGroup: 1}, podLabels: x,
  vllm: {cacheRoot: /c}}
vllmCommon: {loadFormat: auto, maxNumSeq: 8}
harness: {entrypoint: /x, extraEnvVars: [{name: A, value: "1"}], serviceAccount: s, stackName: n, resultsDirPrefix: /r}
]]
  end)

  t.it("accepts keys of the user's own where there may be some", function()
    accepts [[
decode:
  resources: {limits: {memory: 40Gi, nvidia.com/gpu: 2, rdma/ib: "1"}}
  accelerator: {count: 0, resource: ibm.com/spyre_pf}
  extraContainerConfig: {securityContext: {runAsUser: 0}}
vllmCommon: {flags: {somethingNew: true}}
images: {mine: {repository: r, tag: t}}
annotations: {common: {any.thing/here: "1"}}
local: {env: {A: 1}, vars: {x: {env: A, default: 2}, y: 3}}
_anchors: {a: {b: 1}}
]]
  end)

  t.it("says what a key takes and what it has", function()
    local found = only "model: {gpuMemoryUtilization: 2.0}"
    t.eq("must be a number from 0 to 1, not 2", found.message)
    t.eq({ "a number from 0 to 1", "2" }, { found.expected, found.actual })
    t.eq("must be a whole number of at least 0, not -1", only("decode: {replicas: -1}").message)
    t.eq("must be a whole number of at least 0, not -100", only("harness: {waitTimeout: -100}").message)
    t.eq("must be text, not 1.2 (put it in quotes)", only("images: {vllm: {tag: 1.2}}").message)
    t.eq("must be a map, not 5", only("decode: 5").message)
    t.eq("must be true or false, not the text 'maybe'", only("wva: {enabled: maybe}").message)
    t.eq("must be a list of texts, not the text 'x'", only("decode: {vllm: {additionalFlags: x}}").message)
    t.eq("must be a map, not a list", only("decode: {vllm: [1]}").message)
    t.match("must be an amount such as .* not the text '40GiB'",
      only("harness: {resources: {cpu: 1, memory: 40GiB}}").message)
    t.eq("must be text, not 1 (put it in quotes)", only("decode: {nodeSelector: {a: 1}}").message)
  end)

  t.it("takes only numbers for counts of accelerators", function()
    accepts 'decode: {accelerator: {count: "2"}}'
    for _, key in ipairs { "decode: {accelerator: {count: two}}", "accelerator: {count: two}",
      "standalone: {accelerator: {count: two}}", "decode: {acceleratorNr: two}" } do
      t.eq("must be a whole number of at least 0, not the text 'two'", only(key).message)
    end
  end)

  t.it("takes only values that there are", function()
    for wrong, expected in pairs {
      ["gateway: {service: {type: Foo}}"] = "'ClusterIP' or 'NodePort' or 'LoadBalancer'",
      ["standalone: {role: foo}"] = "'prefill' or 'decode' or 'both'",
      ["standalone: {service: {nodePort: 80}}"] = "a whole number from 30000 to 32767",
      ["decode: {vllm: {imagePullPolicy: Sometimes}}"] = "'Always' or 'IfNotPresent' or 'Never' or empty",
      ["images: {vllm: {pullPolicy: Sometimes}}"] = "'Always' or 'IfNotPresent' or 'Never' or empty",
      ["storage: {modelPvc: {accessModes: [RWX]}}"] = "'ReadWriteOnce' or 'ReadOnlyMany' or 'ReadWriteMany' or "
        .. "'ReadWriteOncePod'",
      ["storage: {modelPvc: {volumeMode: Files}}"] = "'Filesystem' or 'Block' or empty",
      ["modelservice: {uriProtocol: HF}"] = "'pvc' or 'hf'",
      ["harness: {namespace: Bad_NS}"] = "a name of lower-case letters, digits and '-' or empty",
    } do t.eq(expected, only(wrong).expected, wrong) end
    accepts "storage: {modelPvc: {accessModes: [ReadWriteOnce, ReadOnlyMany], volumeMode: Block}}"
    accepts "gateway: {namespace: auto, service: {type: null}}\nwva: {namespace: ''}\nharness: {namespace: my-ns}"
    accepts "decode: {vllm: {imagePullPolicy: null}}\nstandalone: {service: {nodePort: '30080'}}"
  end)

  t.it("wants a name for each variable", function()
    local found = check.findings(t.ok(yaml.decode "decode: {extraEnvVars: [{value: b}]}"), nil, { complete = true })
    local keys = {}
    for _, each in ipairs(found) do keys[each.key] = each.message end
    t.eq("missing: must be text", keys["decode.extraEnvVars.0.name"])
  end)

  t.it("finds what is wrong inside of lists", function()
    local found = only("decode: {initContainers: [{name: a}, {name: b, imageKye: c}]}", {
      origins = { ["decode.initContainers"] = "s.yaml:3" } })
    t.eq({ "decode.initContainers.1.imageKye", "decode.initContainers.1.imageKey", "s.yaml:3" },
      { found.key, found.suggestion, found.origin })
    t.eq("decode.additionalVolumes.0.name", only("decode: {additionalVolumes: [{name: 5}]}").key)
  end)

  t.it("takes numbers for Kubernetes amounts", function()
    accepts 'decode: {networkNr: 1, networkResource: rdma/roce_gdr}'
    accepts 'vllmCommon: {networkNr: "1"}'
    accepts 'vllmCommon: {networkNr: "", ephemeralStorage: ""}'
    accepts 'affinity: {nodeSelector: auto}'
  end)

  t.it("never shows a secret", function()
    local found = only "huggingface: {token: 1234567890123}"
    t.match("another value", found.message)
    t.eq(nil, json.encode(found):find("1234567890123", 1, true))
  end)

  t.it("leaves a user's own sections in peace, if the user's defaults declare them", function()
    local defaults = yaml.decode "mySection: {a: 1}\nmodle: {}"
    t.eq({}, findings("mySection: {b: 2}", { defaults = defaults }))
    t.eq("unknown key", only "mySection: {b: 2}".message)
    t.eq("model", only("modle: {}", { defaults = defaults }).suggestion)
  end)

  t.it("misses what every manifest needs, but not for local stacks", function()
    local missing = {}
    for _, each in ipairs(check.findings(json.object {})) do missing[#missing + 1] = each.key end
    t.eq({ "model", "vllmCommon", "decode", "prefill", "harness" }, missing)
    local found = check.findings(yaml.decode "model: x")
    t.eq("model", found[1].key)
    t.eq({}, check.findings(yaml.decode "local: {enabled: true}"))
  end)

  t.it("reads configurations that raise on missing keys", function()
    local config = yaml.decode "model: {name: a, nmae: b}"
    require("bench.plan.access").strict(config, "x.yaml")
    t.eq("model.name", check.findings(config, nil, { complete = false })[1].suggestion)
  end)
end)

t.describe("schema.allows", function()
  local function allows(key) return schema.allows(json.object {}, require("bench.plan.override").split_path(key)) end

  t.it("lets overrides add what the schema knows", function()
    for _, key in ipairs { "httpRoute", "httpRoute.mode", "model.maxNumSeq", "decode.resources.limits.\"nvidia.com/gpu\"",
      "local.env.A", "decode.extraContainerConfig.securityContext.runAsUser", "prefill.initContainers.0.imageKey",
      "annotations.decode.pod.\"a.b/c\"", "vllmCommon.kvTransfer.extraConfig.x.y", "images.mine.tag" } do
      t.ok(allows(key), key)
    end
    for _, key in ipairs { "htpRoute", "httpRoute.mod", "decode.vllm.nothing", "mine", "model.name.x" } do
      t.eq(false, allows(key), key)
    end
  end)

  t.it("gives the nearest key of the schema, also where nothing is yet, and leaves no trace", function()
    local override = require "bench.plan.override"
    for wrong, right in pairs { ["httpRoute.mod"] = "httpRoute.mode", ["htpRoute"] = "httpRoute",
      ["decode.vllm.servcePort"] = "decode.vllm.servicePort", ["prefill.probes.startup.pth"] = "prefill.probes.startup.path" } do
      local config = yaml.decode "decode: {replicas: 1}"
      local err = t.fails("invalid", override.set(config, wrong, 1, { known = schema.names,
        allows = function(parts) return schema.allows(config, parts) end }))
      t.contains("unknown key '" .. wrong .. "' (did you mean '" .. right .. "'?)", err.message)
      t.eq({ decode = { replicas = 1 } }, config)
    end
  end)

  t.it("lets them add to empty maps that only the user knows", function()
    local config = yaml.decode "mine: {}\nfull: {a: 1}\nhttpRoute: {}"
    t.ok(schema.allows(config, { "mine", "b" }))
    t.eq(false, schema.allows(config, { "full", "b" }))
    t.eq(false, schema.allows(config, { "httpRoute", "mod" }))
  end)
end)

t.describe("the shipped configuration", function()
  local function load_tree(path) return t.ok(yaml.load(path)) end

  t.it("keeps to the schema: the defaults", function()
    local defaults = load_tree(info.home .. "/config/templates/values/defaults.yaml")
    local complete = rawget(defaults, "decode") ~= nil
    t.eq({}, check.findings(defaults, nil, { complete = complete }))
  end)

  t.it("keeps to the schema: every scenario", function()
    local files = fs.glob(info.home .. "/config/scenarios/**/*.yaml")
    t.ok(#files > 0)
    for _, file in ipairs(files) do
      local tree = load_tree(file)
      local parts = { tree.shared }
      for _, stack in ipairs(tree.scenario) do
        stack.name = nil
        parts[#parts + 1] = stack
      end
      for _, part in ipairs(parts) do
        t.eq({}, check.findings(part, nil, { complete = false }), file)
      end
    end
  end)

  t.it("keeps to the schema: every finished plan, with --strict", { timeout_s = 60 }, function()
    local plan, spec = require "bench.plan", require "bench.spec"
    local names = spec.list { base_dir = info.home }
    t.ok(#names > 20)
    for _, each in ipairs(names) do
      local loaded = t.ok(spec.load(t.ok(spec.find(each.path, { base_dir = info.home }))))
      local built, err = plan.build(loaded, { dry_run = true, strict = true })
      t.ok(built, err and each.name .. ": " .. err.message)
    end
  end)
end)
