-- The expected numbers were worked out by hand: see the comments.
local t = require "bench.test"
local capacity = require "bench.plan.capacity"
local demand = require "bench.plan.capacity.demand"
local env = require "host.env"
local fs = require "host.fs"
local hub = require "bench.hub"
local json = require "host.json"
local safetensors = require "bench.plan.capacity.safetensors"
local show = require "bench.plan.capacity.show"
local source = require "bench.plan.capacity.source"
local yaml = require "host.yaml"
local models = require "support.models"

local GIB = models.GIB
local LLAMA_8B = models.LLAMA_8B
local LLAMA_PARAMS = models.LLAMA_PARAMS
local QWEN_32B = models.QWEN_32B
local QWEN_PARAMS = models.QWEN_PARAMS
local with = models.with

t.describe("demand.of", function()
  local function of(text, role) return demand.of(yaml.decode(text), role or "decode") end

  t.it("counts GPUs", function()
    local function gpus(text, role) return of(text, role).gpus_per_pod end
    t.eq(4, gpus "decode: {replicas: 1, parallelism: {tensor: 2, dataLocal: 2}}")
    t.eq(8, gpus "decode: {replicas: 1, accelerator: {count: '8'}, parallelism: {tensor: 2}}\naccelerator: {count: 3}")
    t.eq(5, gpus "decode: {replicas: 1, acceleratorNr: 5, accelerator: {count: 8}}")
    t.eq(3, gpus("standalone: {replicas: 1}\naccelerator: {count: 3}", "standalone"))
  end)

  t.it("counts what the manifest asks for", function()
    local function gpus(text) return of(text).gpus_per_pod end
    t.eq(1, gpus "decode: {replicas: 1}\naccelerator: {count: 3}", "the general count is not for decode")
    t.eq(2, gpus "decode: {replicas: 1, parallelism: {tensor: 2, data: 8, dataLocal: 1}}", "one of eight pods")
    t.eq(4, gpus "decode: {replicas: 1, resources: {limits: {a/gpu: 4}}}\naccelerator: {resource: a/gpu}")
    t.eq(8, of("decode: {replicas: 1, parallelism: {tensor: 1, data: 1, dataLocal: 8}}").need)
  end)

  t.it("leaves out what needs no GPU", function()
    for text, reason in pairs {
      ["decode: {replicas: 0}"] = "has no replicas", ["decode: {enabled: false, replicas: 1}"] = "is not enabled",
      ["decode: {replicas: 1, accelerator: {count: 0}}"] = "uses no GPUs",
      ["decode: {replicas: 1}\naccelerator: {type: cpu}"] = "uses no GPUs",
      ["decode: {replicas: 1, parallelism: {tensor: 0}}"] = "has no tensor parallelism, that is no GPUs",
    } do t.eq(reason, of(text).skip) end
    t.eq(nil, of("decode: {replicas: 1}").skip)
  end)

  t.it("reads the memory of GPUs from their names", function()
    for name, gib in pairs { ["NVIDIA-H100-80GB-HBM3"] = 80, ["nvidia-h100-80gb"] = 80, ["NVIDIA-A100-SXM4-40GB"] = 40,
      H200 = 141, ["nvidia-l4"] = 24, ["NVIDIA-L40S"] = 48, ["some-gpu-48"] = 48, ["AMD_Instinct_MI300X_OAM"] = 192 } do
      t.eq(gib, demand.memory_of(name), name)
    end
    for _, name in ipairs { "NVIDIA-GeForce-RTX-4090", "IBM_Spyre", "nvidia", "linux", "intel-gaudi-3" } do
      t.eq(nil, demand.memory_of(name), name)
    end
    t.eq(24, of("decode: {replicas: 1, acceleratorType: {labelValue: H100-80GB}}\naccelerator: {memory: 24}").gpu_gib)
    local several = of "decode: {replicas: 1, acceleratorType: {labelValue: A100-40GB, labelValues: [H200, H100-80GB]}}"
    t.eq({ 80, "H100-80GB" }, { several.gpu_gib, several.gpu }, "a pod may get the smallest")
  end)
end)

-- Files

local function header(tensors)
  local text = json.encode(json.object(tensors))
  local length, bytes = #text, ""
  for _ = 1, 8 do
    bytes = bytes .. string.char(length % 256)
    length = math.floor(length / 256)
  end
  return bytes .. text
end

local TENSORS = { a = { dtype = "BF16", shape = { 100, 10 }, data_offsets = { 0, 2000 } },
  b = { dtype = "F32", shape = { 7 }, data_offsets = { 2000, 2028 } }, s = { dtype = "F32", shape = json.list {} },
  __metadata__ = { format = "pt" } }

t.describe("safetensors headers", function()
  t.it("are counted by type", function()
    local counts = {}
    t.ok(safetensors.count(header(TENSORS) .. ("\0"):rep(50), counts))
    t.ok(safetensors.count(header { c = { dtype = "BF16", shape = { 5 } } }, counts))
    t.eq({ BF16 = 1005, F32 = 8 }, counts)
  end)

  t.it("are not believed when they are none", function()
    t.contains("too short", select(2, safetensors.count("abc", {})))
    t.contains("does not begin like", select(2, safetensors.count(("\255"):rep(20), {})))
    t.contains("not JSON", select(2, safetensors.count("\4\0\0\0\0\0\0\0{{{{", {})))
  end)
end)

t.describe("source.from_path", function()
  local function folder(files)
    local dir = t.tempdir()
    for name, content in pairs(files) do
      t.ok(fs.write(dir .. "/" .. name, type(content) == "table" and json.encode(content) or content))
    end
    return dir
  end

  t.it("reads a folder with weights, without reading the weights", function()
    local dir = folder { ["config.json"] = LLAMA_8B, ["a-1.safetensors"] = header(TENSORS) .. ("x"):rep(5000),
      ["a-2.safetensors"] = header { c = { dtype = "BF16", shape = { 5 } } } }
    local facts = t.ok(source.from_path(dir))
    t.eq({ BF16 = 1005, F32 = 8 }, facts.params)
    t.eq(4096, facts.config.hidden_size)
    t.eq(facts.params, t.ok(source.from_path(dir .. "/config.json")).params)
  end)

  t.it("takes the total of an index where there are no weights", function()
    local facts = t.ok(source.from_path(folder { ["config.json"] = LLAMA_8B,
      ["model.safetensors.index.json"] = { metadata = { total_size = 16060522496 }, weight_map = {} } }))
    t.eq(16060522496, facts.bytes)
  end)

  t.it("says what is missing", function()
    local facts = t.ok(source.from_path(folder { ["config.json"] = LLAMA_8B }))
    t.contains("neither *.safetensors nor", facts.reason)
    t.contains("too short", t.ok(source.from_path(folder { ["config.json"] = LLAMA_8B, ["a.safetensors"] = "x" })).reason)
    t.fails("not_found", source.from_path "/nowhere/at/all")
    t.fails("not_found", source.from_path(folder { x = "" }))
    t.fails("invalid", source.from_path(folder { ["config.json"] = "{" }))
  end)
end)

-- The hub

local HUB = "http://hub.test"

t.describe("the hub", function()
  local function no_token()
    for _, name in ipairs { "HF_TOKEN", "LLMDBENCH_HF_TOKEN", "HUGGING_FACE_HUB_TOKEN" } do
      local before = env.get(name)
      env.set(name, nil)
      t.cleanup(function() env.set(name, before) end)
    end
  end

  t.it("is where the option, HF_ENDPOINT or nobody says", function()
    local before = env.get "HF_ENDPOINT"
    t.cleanup(function() env.set("HF_ENDPOINT", before) end)
    env.set("HF_ENDPOINT", "http://mirror.test/")
    t.eq("http://mirror.test", hub.endpoint())
    t.eq("http://hub.test", hub.endpoint { endpoint = "http://hub.test/" })
    env.set("HF_ENDPOINT", nil)
    t.match("^https://", hub.endpoint())
  end)

  t.it("counts parameters itself", function()
    t.replay { requests = {
      { url = HUB .. "/a/b/resolve/main/config.json", json = LLAMA_8B },
      { url = HUB .. "/api/models/a/b", json = { safetensors = { parameters = LLAMA_PARAMS, total = 1 } } },
    } }
    local facts = t.ok(source.from_hub("a/b", { endpoint = HUB }))
    t.eq(LLAMA_PARAMS, facts.params)
    t.eq(HUB .. "/a/b", facts.from)
  end)

  t.it("or is asked for the headers of the files, a range of each", function()
    local first = header(TENSORS)
    local long = header { pad = { dtype = "BF16", shape = { 3 }, note = ("n"):rep(200000) } }
    t.replay { requests = {
      { url = HUB .. "/api/models/a/b", json = { siblings = { { rfilename = "README.md" }, { rfilename = "m-2.safetensors" },
        { rfilename = "m-1.safetensors" }, { rfilename = "onnx/m.safetensors" } } } },
      { url = HUB .. "/a/b/resolve/main/m-1.safetensors", status = 206, chunks = { first:sub(1, 5), first:sub(6) .. "rest" } },
      { url = HUB .. "/a/b/resolve/main/m-2.safetensors", status = 206, body = long:sub(1, safetensors.FIRST_BYTES) },
      { url = HUB .. "/a/b/resolve/main/m-2.safetensors", status = 200, body = long .. ("w"):rep(1000) },
    } }
    t.eq({ BF16 = 1003, F32 = 8 }, t.ok(hub.parameters("a/b", { endpoint = HUB })))
  end)

  t.it("may have no weights of a known kind", function()
    t.replay { requests = {
      { url = HUB .. "/a/b/resolve/main/config.json", json = LLAMA_8B },
      { url = HUB .. "/api/models/a/b", json = { siblings = { { rfilename = "model.bin" } } } },
    } }
    t.contains("lists 0 safetensors files", t.ok(source.from_hub("a/b", { endpoint = HUB })).reason)
  end)

  t.it("may refuse", function()
    t.replay { requests = { { url = HUB .. "/a/b/resolve/main/config.json", status = 401 },
      { url = HUB .. "/a/c/resolve/main/config.json", status = 404 },
      { url = HUB .. "/a/d/resolve/main/config.json", error = { code = "unreachable", message = "no route" } },
      { url = HUB .. "/a/e/resolve/main/config.json", body = "<html>" } } }
    local err = t.fails("denied", source.from_hub("a/b", { endpoint = HUB }))
    t.contains("HF_TOKEN", err.hint)
    t.fails("not_found", source.from_hub("a/c", { endpoint = HUB }))
    t.fails("unreachable", source.from_hub("a/d", { endpoint = HUB }))
    t.fails("invalid", source.from_hub("a/e", { endpoint = HUB }))
  end)

  t.it("says whether a model is gated, and whether the token opens it", function()
    local info, config = HUB .. "/api/models/a/b", HUB .. "/a/b/resolve/main/config.json"
    t.replay { requests = {
      { url = info, json = { gated = false } },
      { url = info, json = { gated = "manual" } },
      { url = info, json = { gated = "auto" } }, { method = "HEAD", url = config, status = 200 },
      { url = info, json = { gated = "auto" } }, { method = "HEAD", url = config, status = 403 },
      { url = info, json = { gated = "auto" } },
      { method = "HEAD", url = config, error = { code = "timeout", message = "too slow" } },
      { url = info, error = { code = "unreachable", message = "no route" } },
    } }
    local function access(token) return hub.access("a/b", { endpoint = HUB, token = token }) end
    local answer = access()
    t.eq({ true, false }, { answer.ok, answer.gated })
    answer = access()
    t.eq({ false, true }, { answer.ok, answer.gated })
    t.contains("there is no token", answer.message)
    t.contains("ask for access at " .. HUB .. "/a/b, then set HF_TOKEN", answer.hint)
    t.eq(true, access("good-token-1").ok)
    answer = access "bad-token-1"
    t.eq(false, answer.ok)
    t.contains("the token does not open it", answer.message)
    answer = access "slow-token-1"
    t.eq({ true, true }, { answer.ok, answer.warning }, "what cannot be found out is no failure")
    answer = access()
    t.eq({ true, true, nil }, { answer.ok, answer.warning, answer.gated })
    t.contains("no route", answer.message)
  end)

  t.it("is asked once about each model of all stacks", function()
    no_token()
    t.replay { requests = { { url = HUB .. "/api/models/a/b", json = {} }, { url = HUB .. "/api/models/a/c", json = {} } } }
    local function stack(name) return { config = yaml.decode("model: {name: x, huggingfaceId: " .. name .. "}") } end
    t.eq(2, #capacity.access({ stack "a/b", stack "a/c", stack "a/b" }, { endpoint = HUB }))
  end)
end)

-- A server of our own: a small script on a free port that writes down what it was asked.
local SERVER = [[
import http.server, json, os, sys
folder = sys.argv[1]
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD": self.wfile.write(body)
    def do_GET(self):
        token = self.headers.get("Authorization")
        with open(folder + "/asked", "a") as f:
            f.write("%s %s %s %s\n" % (self.command, self.path, token, self.headers.get("Range")))
        if self.path.startswith("/api/models/"):
            return self.answer(open(folder + "/info.json", "rb").read())
        if token != "Bearer " + open(folder + "/token").read(): return self.answer(b"gated", 401)
        path = folder + "/" + os.path.basename(self.path)
        if not os.path.exists(path): return self.answer(b"none", 404)
        data, given = open(path, "rb").read(), self.headers.get("Range")
        if given:
            last = int(given.split("-")[1])
            return self.answer(data[:last + 1], 206)
        self.answer(data)
    do_HEAD = do_GET
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
]]

local function hub_server(files)
  local exec = require "host.exec"
  if not exec.which "python3" then t.skip "python3 is not installed" end
  local folder = t.tempdir()
  for name, content in pairs(files) do
    t.ok(fs.write(folder .. "/" .. name, type(content) == "table" and json.encode(content) or content))
  end
  t.ok(fs.write(folder .. "/server.py", SERVER))
  local child = t.ok(exec.start { "python3", folder .. "/server.py", folder })
  t.cleanup(function()
    child:kill()
    child:wait { timeout_s = 10 }
  end)
  local port = t.ok(child:line { timeout_s = 10 })
  return "http://127.0.0.1:" .. port:match "%d+", folder
end

local STACK = [[
modelservice: {enabled: true}
model: {name: big/gated, huggingfaceId: big/gated, maxModelLen: 16384, gpuMemoryUtilization: 0.95}
huggingface: {token: REPLACE}
decode: {enabled: true, replicas: 1, parallelism: {tensor: 1, data: 1},
  acceleratorType: {labelKey: nvidia.com/gpu.product, labelValue: NVIDIA-H100-80GB-HBM3}}
prefill: {enabled: false, replicas: 0}
]]

t.describe("with a hub on this machine", function()
  t.it("reads a gated model; the token goes into the header and nowhere else", { timeout_s = 60 }, function()
    local token = "hf_canary_0123456789abcdef"
    local url, folder = hub_server { token = token, ["config.json"] = LLAMA_8B,
      ["info.json"] = { gated = "manual", siblings = { { rfilename = "m.safetensors" } } },
      ["m.safetensors"] = header { a = { dtype = "BF16", shape = { 1000000, 1000 } } } .. ("w"):rep(300000) }
    local stack = { name = "s", config = yaml.decode((STACK:gsub("REPLACE", token))) }
    local opts = { endpoint = url, cache = {} }
    local result = capacity.check(stack, opts)
    t.near(1e9 * 2 / GIB, result.rows[1].model_gib, 1e-6)
    t.eq("fits", result.rows[1].verdict)
    local access = capacity.access({ stack }, opts)
    t.eq(true, access[1].ok)
    local asked = t.ok(fs.read(folder .. "/asked"))
    t.contains("GET /big/gated/resolve/main/config.json Bearer " .. token, asked)
    t.match("GET /big/gated/resolve/main/m.safetensors Bearer %S+ bytes=0%-131071", asked)
    local shown = show.text({ result }, access) .. json.encode(result.rows) .. json.encode(access)
    t.eq(nil, shown:find("canary", 1, true))
  end)

  t.it("says what to do without the right token", { timeout_s = 60 }, function()
    local url = hub_server { token = "right", ["config.json"] = LLAMA_8B, ["info.json"] = { gated = "manual" } }
    local token = "hf_canary_wrong_987654"
    local stack = { name = "s", config = yaml.decode((STACK:gsub("REPLACE", token))) }
    local result = capacity.check(stack, { endpoint = url })
    t.eq({ "unknown", "warning" }, { result.rows[1].verdict, result.rows[1].messages[1].level })
    t.contains("answers with status 401", result.rows[1].messages[1].text)
    t.contains("set HF_TOKEN", result.rows[1].messages[1].text)
    local access = capacity.access({ stack }, { endpoint = url })
    t.eq(false, access[1].ok)
    local text = show.text({ result }, access)
    t.contains("error: big/gated is gated, and the token does not open it; ask for access at " .. url .. "/big/gated", text)
    t.eq(nil, (text .. json.encode(result.rows)):find("canary", 1, true))
  end)
end)

-- Whole checks

local function model_folder(config, params)
  local dir, tensors = t.tempdir(), {}
  for dtype, count in pairs(params) do tensors[dtype] = { dtype = dtype, shape = { count } } end
  t.ok(fs.write(dir .. "/config.json", json.encode(config)))
  t.ok(fs.write(dir .. "/model.safetensors", header(tensors)))
  return dir
end

local function check(changes, config, params)
  local tree = yaml.decode(STACK)
  for key, value in pairs(changes) do
    t.ok(require("bench.plan.override").set(tree, key, value, { allows = function() return true end }))
  end
  local result = capacity.check({ name = "s", config = tree }, { model_config = model_folder(config or LLAMA_8B,
    params or LLAMA_PARAMS) })
  return result.rows[1], result
end

local function text_of(row)
  local lines = {}
  for i, message in ipairs(row.messages) do lines[i] = message.level .. ": " .. message.text end
  return table.concat(lines, "\n")
end

t.describe("capacity.check", function()
  t.it("gives the numbers of Llama-3.1-8B on an H100", function()
    local row, result = check {}
    t.eq({ "fits", 28, 131072, 1, 80 }, { row.verdict, row.max_concurrent, row.kv_bytes_per_token, row.gpus_per_pod,
      row.gpu_gib })
    t.near(14.9575, row.model_gib, 1e-4)
    t.near(56.0925, row.left_gib, 1e-4)
    t.near(2, row.request_gib, 1e-9)
    t.near(76, row.available_gib, 1e-9)
    t.eq({}, row.messages)
    t.eq({ true, "skipped" }, { result.ok, result.rows[2].verdict })
  end)

  t.it("gives those of Qwen3-32B with two GPUs", function()
    local row = check({ ["decode.parallelism.tensor"] = 2, ["model.maxModelLen"] = 16000 }, QWEN_32B, QWEN_PARAMS)
    t.eq({ "fits", 21, 2 }, { row.verdict, row.max_concurrent, row.gpus_per_pod })
  end)

  t.it("finds a model that does not load, by how much, and what helps", function()
    local row, result = check({ ["decode.acceleratorType.labelValue"] = "NVIDIA-L4-24GB" }, QWEN_32B, QWEN_PARAMS)
    -- 24 x 0.95 - 61.0242 - 5.6 - 0.15 = -43.97
    t.eq({ "does not load", 0 }, { row.verdict, row.max_concurrent })
    t.contains("warning: the model will not load: 44.0 GiB are missing; shorten model.maxModelLen (16384), raise "
      .. "decode.parallelism.tensor (1), take GPUs with more memory (24 GiB), or raise model.gpuMemoryUtilization (0.95)",
      text_of(row))
    t.eq(true, result.ok, "only a warning")
  end)

  t.it("finds one that loads, but serves nothing", function()
    -- 76 - 14.9575 - 4.8 - 0.15 = 56.09; a request of 500,000 tokens takes 61.04
    local row = check({ ["model.maxModelLen"] = 500000 }, with(LLAMA_8B, { max_position_embeddings = 1000000 }))
    t.eq("serves nothing", row.verdict)
    t.contains("no request of 500000 tokens fits: it takes 61.04 GiB of KV cache, 56.09 GiB are left", text_of(row))
  end)

  t.it("makes errors of problems when the configuration says so", function()
    local row, result = check { ["model.maxModelLen"] = 200000, ["control.ignoreFailedValidation"] = false }
    t.contains("error: model.maxModelLen 200000 is more than the model's 131072 positions", text_of(row))
    t.eq({ "wrong", false }, { row.verdict, result.ok })
  end)

  t.it("compares GPUs and parallelism", function()
    t.contains("needs 4 GPUs, a pod asks for 2", text_of(check { ["decode.parallelism.tensor"] = 4,
      ["decode.accelerator.count"] = 2 }))
    t.contains("6 idle", text_of(check { ["decode.parallelism.tensor"] = 2, ["decode.accelerator.count"] = 8 }))
    t.contains("tensor parallelism 3 does not divide the model's 32 attention heads; possible: 1, 2, 4, 8, 16, 32",
      text_of(check { ["decode.parallelism.tensor"] = 3 }))
  end)

  t.it("does not guess", function()
    local row = check { ["decode.acceleratorType.labelValue"] = "IBM_Spyre" }
    t.eq({ "unknown", nil }, { row.verdict, row.max_concurrent })
    t.contains("info: the memory of a GPU is not known (IBM_Spyre): set accelerator.memory", text_of(row))
    t.eq("skipped", check({ ["model.gpuMemoryUtilization"] = 0 }).verdict)
    row = check({}, { architectures = { "X" } })
    t.contains("has no num_attention_heads", text_of(row))
    t.contains("the KV cache cannot be checked", text_of(row))
  end)

  t.it("looks at the roles of the method", function()
    local function roles(text)
      local result = capacity.check({ name = "s", config = yaml.decode(text) }, { offline = true })
      local names = {}
      for i, row in ipairs(result.rows) do names[i] = row.role end
      return names, result.note
    end
    t.eq({ "standalone" }, (roles "standalone: {enabled: true, replicas: 1}\nmodel: {name: m}"))
    t.eq({ "decode", "prefill" }, (roles "modelservice: {enabled: true}\nmodel: {name: m}"))
    t.eq({ "decode", "decode", "prefill", "prefill" }, (roles "modelservice: {enabled: true}\nmodel: {name: 'm, n'}"))
    t.contains("fast model actuation", select(2, roles "fma: {enabled: true}\nmodel: {name: m}"))
    t.contains("not checked", select(2, roles "local: {enabled: true}\nmodel: {name: m}"))
  end)

  t.it("asks nobody offline", function()
    t.replay { requests = {} }
    local result = capacity.check({ name = "s", config = yaml.decode(STACK) }, { offline = true })
    t.contains("the hub is not asked offline (name a local folder with --model-config)", text_of(result.rows[1]))
  end)
end)

t.describe("the table", function()
  t.it("has a line for each role, then what is to be said", function()
    local _, result = check { ["decode.acceleratorType.labelValue"] = "L4-24GB" }
    local text = show.text({ result }, {})
    t.match("stack +role +model +GPUs +GiB/GPU +model GiB +KV B/token +left GiB +concurrent +verdict", text)
    t.match("s +decode +big/gated +1 +24 +14.96 +131072 +2.89 +1 +fits", text)
    t.match("s +prefill +big/gated +%- .*skipped", text)
    t.contains("info: s/prefill: prefill is not enabled", text)
  end)
end)

t.describe("plan --capacity", function()
  local exec, info = require "host.exec", require "host.info"

  local function command(...)
    local argv = { info.executable, "--base-dir", info.home, "--spec", "guides/pd-disaggregation", "--dry-run", "plan",
      "--capacity", ... }
    return t.ok(exec.run(argv, { timeout_s = 30 }))
  end

  t.it("answers for each role, as a table or as JSON", { timeout_s = 60 }, function()
    local folder = model_folder(QWEN_32B, QWEN_PARAMS)
    local result = command("--model-config", folder)
    t.eq(0, result.exit_code, result.stderr)
    t.match("pd%-disaggregation +decode +Qwen/Qwen3%-32B +2 +80 +61.02 +262144 +84.18 +10 +fits", result.stdout)
    t.match("pd%-disaggregation +prefill +Qwen/Qwen3%-32B", result.stdout)
    result = command("--model-config", folder, "--json")
    local rows = t.ok(json.decode(result.stdout)).stacks[1].rows
    -- 32000 tokens take 7.8125 GiB: 84.1758 / 7.8125 = 10.77
    t.eq({ "decode", 10, "fits" }, { rows[1].role, rows[1].max_concurrent, rows[1].verdict })
  end)

  t.it("fails only where the scenario does not ignore failed checks", { timeout_s = 60 }, function()
    local folder = model_folder(QWEN_32B, QWEN_PARAMS)
    local small = "accelerator.memory=16"
    t.eq(0, command("--model-config", folder, "--set", small).exit_code)
    local result = command("--model-config", folder, "--set", small .. ",control.ignoreFailedValidation=false")
    t.eq(1, result.exit_code)
    t.contains("error: pd-disaggregation/decode: the model will not load", result.stdout)
  end)

  t.it("asks nobody in a dry run", { timeout_s = 60 }, function()
    t.contains("the hub is not asked offline", command("--hub", "http://127.0.0.1:1").stdout)
  end)
end)
