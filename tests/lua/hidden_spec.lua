local hidden = require "bench.hidden"
local json = require "host.json"
local log = require "host.log"
local t = require "bench.test"
local yaml = require "host.yaml"

local function tree_of(source) return t.ok(yaml.decode(source)) end

local function is_hidden(value) return log.redact(value) == "***" end

t.describe("bench.hidden", function()
  t.it("knows secrets of a profile by their names", function()
    hidden.learn(tree_of [[
extra: {api_key: canary-hidden-1, max_tokens: harmless-1, pad_token: harmless-2}
headers: {Authorization: Bearer canary-hidden-2, X-Api-Key: canary-hidden-3, Cookie: canary-hidden-4}
tokenizer: {pretrained_model_name_or_path: harmless-3}]])
    for i = 1, 4 do t.eq(true, is_hidden("canary-hidden-" .. i)) end
    local tree = tree_of "env: {API_TOKEN: 918273645, PORT: 8000}\n"
    hidden.learn(tree)
    t.eq({ API_TOKEN = "***", PORT = 8000 }, hidden.copy(tree).env)
    for i = 1, 3 do t.eq(false, is_hidden("harmless-" .. i)) end
  end)

  t.it("knows those of a configuration, but not the names of secrets", function()
    hidden.learn_config(tree_of [[
local: {env: {API_TOKEN: canary-hidden-5, OPENAI_KEY: canary-hidden-6, MONKEY: harmless-4}}
huggingface: {token: canary-hidden-7, tokenKey: harmless-5, secretName: harmless-6}
decode:
  extraEnvVars: [{name: DB_PASS, value: canary-hidden-8}, {name: LEVEL, value: harmless-7}]
  vllm: {customCommand: [serve, --api-key, canary-hidden-9, --api-key=canary-hidden-10, --time-per-token, 500.25us]}
  tolerations: [{key: harmless-8, value: harmless-9}] ]])
    for i = 5, 10 do t.eq(true, is_hidden("canary-hidden-" .. i), tostring(i)) end
    for i = 4, 9 do t.eq(false, is_hidden("harmless-" .. i), tostring(i)) end
    t.eq("500.25us", log.redact "500.25us")
  end)

  t.it("knows those of overrides", function()
    hidden.learn_items { { key = "local.env.MY_SECRET", value = "canary-hidden-11" },
      { key = "server.api_key", value = "canary-hidden-12" }, { key = "headers", value = { Cookie = "canary-hidden-13" } },
      { key = "huggingface.tokenKey", value = "harmless-11" } }
    for i = 11, 13 do t.eq(true, is_hidden("canary-hidden-" .. i), tostring(i)) end
    t.eq(false, is_hidden "harmless-11")
  end)

  t.it("writes the rest", function()
    log.secret "canary-hidden-20"
    local tree = tree_of "a: canary-hidden-20\nb: [1, x canary-hidden-20]"
    t.eq({ a = "***", b = { 1, "x ***" } }, hidden.copy(tree))
    t.eq("canary-hidden-20", tree.a)
    t.eq("a: 1  # as it was\n", hidden.yaml "a: 1  # as it was\n")
    t.eq({ a = "***" }, tree_of(hidden.yaml "a: canary-hidden-20  # gone\n"))
    t.eq({ json.null, "***" }, { hidden.copy(json.null), hidden.copy "canary-hidden-20" })
  end)
end)
