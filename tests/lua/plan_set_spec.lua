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
  end)
end)
