-- The expected numbers were worked out by hand: see the comments.
local t = require "bench.test"
local formulas = require "bench.plan.capacity.formulas"
local json = require "host.json"
local models = require "support.models"

local GIB = models.GIB
local LLAMA_8B = models.LLAMA_8B
local LLAMA_PARAMS = models.LLAMA_PARAMS
local QWEN_32B = models.QWEN_32B
local QWEN_PARAMS = models.QWEN_PARAMS
local DEEPSEEK_V3 = models.DEEPSEEK_V3
local with = models.with

t.describe("widths of types", function()
  t.it("are known, or in the name", function()
    for name, bytes in pairs { F64 = 8, F32 = 4, BF16 = 2, float16 = 2, F8_E4M3 = 1, F8_E5M2 = 1, fp4 = 0.5, I64 = 8, I32 = 4,
      I16 = 2, U8 = 1, int4 = 0.5, BOOL = 1, mxfp4 = 0.53125, float8_e4m3fn = 1, uint32 = 4, fp8 = 1 } do
      t.eq(bytes, formulas.width(name), name)
    end
    t.eq(nil, formulas.width "gptq")
    t.eq(nil, formulas.width "int5")
  end)
end)

t.describe("memory of weights", function()
  t.it("is the sum over types: Llama-3.1-8B has 14.96 GiB", function()
    -- 8,030,261,248 x 2 = 16,060,522,496; / 1,073,741,824 = 14.9575
    t.eq(16060522496, formulas.model_bytes(LLAMA_PARAMS, LLAMA_8B))
    t.eq(65524246528, formulas.model_bytes(QWEN_PARAMS, QWEN_32B))
    t.eq(1000 * 2 + 10 * 4, formulas.model_bytes { BF16 = 1000, F32 = 10 })
  end)

  t.it("takes the width of the quantisation where values are stored narrower than two bytes", function()
    local function quantised(settings) return with(LLAMA_8B, { quantization_config = settings }) end
    t.eq(100 * 1 + 10 * 2, formulas.model_bytes({ F8_E4M3 = 100, BF16 = 10 }, quantised { quant_method = "fp8" }))
    t.eq(100 * 0.5 + 10 * 4, formulas.model_bytes({ U8 = 100, I32 = 10 }, quantised { quant_method = "awq", bits = 4 }))
    t.eq(100 * 0.5, formulas.model_bytes({ U8 = 100 }, quantised { quant_method = "compressed-tensors",
      config_groups = { group_0 = { weights = { num_bits = 4 } } } }))
    t.eq(0, formulas.model_bytes({ U8 = 100 }, quantised { quant_method = "unheard-of" }))
    t.eq(100, formulas.model_bytes({ U8 = 100 }, quantised { quant_method = "mxfp4" }), "as it is stored")
  end)

  t.it("is not guessed", function()
    local bytes, reason = formulas.model_bytes { STRANGE = 5 }
    t.eq(nil, bytes)
    t.contains("STRANGE", reason)
  end)
end)

t.describe("memory for activations and libraries", function()
  t.it("goes by architecture", function()
    for name, gib in pairs { LlamaForCausalLM = 4.8, Qwen2ForCausalLM = 5.6, Qwen3ForCausalLM = 5.6,
      Mistral3ForConditionalGeneration = 2.5, LlavaNextForConditionalGeneration = 2.5, GPT2LMHeadModel = 5.5 } do
      t.eq(gib, formulas.activation_gib { architectures = { name } }, name)
    end
    t.eq(8.0, formulas.activation_gib(DEEPSEEK_V3))
    t.eq(8.0, formulas.activation_gib { architectures = { "X" }, text_config = { num_experts = 128 } })
    t.eq(5.5, formulas.activation_gib { architectures = { "X" }, num_experts = 0 })
  end)

  t.it("grows where GPUs talk to each other", function()
    t.eq({ 0.15, 0.6, 0.6 }, { formulas.non_torch_gib(1), formulas.non_torch_gib(2), formulas.non_torch_gib(8) })
  end)
end)

t.describe("the KV cache", function()
  t.it("takes 128 KiB a token for Llama-3.1-8B, 256 KiB for Qwen3-32B", function()
    -- 32 layers x 2 x 128 x 8 heads x 2 bytes; 64 x 2 x 128 x 8 x 2
    t.eq(131072, formulas.kv_bytes_per_token(LLAMA_8B))
    t.eq(262144, formulas.kv_bytes_per_token(QWEN_32B))
  end)

  t.it("is small with latent attention: 61 x (512 + 64) x 2 for DeepSeek-V3", function()
    t.eq(70272, formulas.kv_bytes_per_token(DEEPSEEK_V3))
  end)

  t.it("reads nested configurations, other names of the type, and models without groups of heads", function()
    t.eq(131072, formulas.kv_bytes_per_token { architectures = { "X" }, text_config = LLAMA_8B })
    t.eq(65536, formulas.kv_bytes_per_token(with(LLAMA_8B, { torch_dtype = json.null, dtype = "float8_e4m3fn" })))
    t.eq(524288, formulas.kv_bytes_per_token(with(LLAMA_8B, { num_key_value_heads = json.null })))
    t.eq(32768, formulas.kv_bytes_per_token(with(LLAMA_8B, { torch_dtype = json.null,
      quantization_config = { quant_method = "awq", bits = 4 } })))
  end)

  t.it("says what is missing", function()
    local bytes, reason = formulas.kv_bytes_per_token { num_hidden_layers = 2 }
    t.eq(nil, bytes)
    t.contains("head_dim", reason)
    t.contains("num_hidden_layers", select(2, formulas.kv_bytes_per_token {}))
  end)
end)

t.describe("what is left", function()
  t.it("for Llama-3.1-8B on one H100: 56.09 GiB, 28 requests of 16384 tokens", function()
    -- 80 x 0.95 - 14.9575 - 4.8 - 0.15 = 56.0925; a request: 131072 x 16384 = 2 GiB
    local left = formulas.left_gib { gpu_gib = 80, utilisation = 0.95, tensor = 1, data = 1,
      model_gib = 16060522496 / GIB, activation_gib = 4.8, non_torch_gib = 0.15 }
    t.near(56.0925, left, 1e-4)
    t.eq(28, formulas.concurrent(left, 131072 * 16384 / GIB))
  end)

  t.it("for Qwen3-32B on two H100: 84.18 GiB, 21 requests of 16000 tokens; with twice the replicas twice that", function()
    -- 2 x 80 x 0.95 - 61.0242 - 5.6 - 2 x 0.6 = 84.1758; a request: 262144 x 16000 = 3.90625 GiB
    local sizes = { gpu_gib = 80, utilisation = 0.95, tensor = 2, data = 1, model_gib = 65524246528 / GIB,
      activation_gib = 5.6, non_torch_gib = 0.6 }
    t.near(84.1758, formulas.left_gib(sizes), 1e-4)
    t.eq(21, formulas.concurrent(formulas.left_gib(sizes), 3.90625))
    sizes.data = 2
    t.near(2 * 84.1758, formulas.left_gib(sizes), 1e-4)
  end)

  t.it("may be less than nothing", function()
    t.ok(formulas.left_gib { gpu_gib = 24, utilisation = 0.9, tensor = 1, data = 1, model_gib = 61, activation_gib = 5.6,
      non_torch_gib = 0.15 } < 0)
    t.eq({ 0, 0 }, { formulas.concurrent(-1, 2), formulas.concurrent(5, 0) })
  end)
end)
