local t = require "bench.test"
local log = require "host.log"
local set = require "bench.plan.set"

t.describe("bench.plan.set", function()
  t.it("hides secrets and keeps them out of records", function()
    local list = "decode.replicas=2,huggingface.token=hf_canary_set_1,big:a.\"x.api_key\"='canary_set_2',c=[1, 2]"
    set.hide_secrets(list)
    t.eq(nil, log.redact(list):find "canary")
    t.eq("decode.replicas=2,c=[1, 2]", set.without_secrets(list))
    t.eq(nil, set.without_secrets "huggingface.token=hf_canary_set_1")
    t.eq(nil, set.without_secrets(nil))
    t.eq({ "huggingface.token", 'big:a."x.api_key"' }, set.secret_keys(list))
    t.eq({}, set.secret_keys(nil))
  end)

  t.it("takes several texts as one, each with quotes and brackets of its own", function()
    local texts = { "a=1,b=x[", "a=2", "c.password=canary_set_3" }
    local items = t.ok(set.parse(texts, "--set"))
    local seen = {}
    for i, item in ipairs(items) do seen[i] = item.key .. "=" .. tostring(item.value) end
    t.eq({ "a=1", "b=x[", "a=2", "c.password=canary_set_3" }, seen)
    set.hide_secrets(texts)
    t.eq(nil, log.redact(texts[3]):find "canary")
    t.eq({ "a=1,b=x[", "a=2" }, set.without_secrets(texts))
    t.eq(nil, set.without_secrets { "c.password=canary_set_3" })
    t.fails("invalid", set.parse({ "a='x", "b=y'" }, "--set"))
  end)
end)
