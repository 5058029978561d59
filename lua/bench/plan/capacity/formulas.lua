---How much GPU memory a model needs and how many requests fit. Pure functions of numbers and of a model's
---`config.json`; 1 GiB is 2^30 bytes. The formulas are those of the capacity planner of the llm-d project as
---written down in its reference (weights from the stored tensors; activations by architecture, independent of
---length and tensor parallelism; KV cache from layers, heads and width), and the sizes of a KV cache entry
---follow from the papers on grouped-query attention and on multi-head latent attention (DeepSeek-V2).
---@class bench.plan.capacity.formulas
local M = {}

local json = require "host.json"

M.GIB = 2 ^ 30

local WIDTHS = { f64 = 8, float64 = 8, f32 = 4, float32 = 4, f16 = 2, float16 = 2, bf16 = 2, bfloat16 = 2,
  f8_e5m2 = 1, f8_e4m3 = 1, fp4 = 0.5, f4 = 0.5, i64 = 8, int64 = 8, i32 = 4, int32 = 4, i16 = 2, int16 = 2, i8 = 1,
  u8 = 1, int8 = 1, uint8 = 1, u4 = 0.5, i4 = 0.5, int4 = 0.5, bool = 1, mxfp4 = 4.25 / 8 }

---Bytes that a value of a type takes; of a type that is not known, by the number in its name.
---@param dtype string `BF16`, `float8_e4m3fn`, `mxfp4`
---@return number? bytes nil if the name says nothing
function M.width(dtype)
  local name = dtype:lower()
  if WIDTHS[name] then return WIDTHS[name] end
  local bits = tonumber(name:match "%d+")
  if bits and bits > 0 and bits % 8 == 0 then return bits / 8 end
end

local function field(map, key)
  local value = type(map) == "table" and rawget(map, key) or nil
  if value == json.null then return nil end
  return value
end

-- The part of a configuration that describes the language model.
local function text_part(config)
  local nested = field(config, "text_config")
  return type(nested) == "table" and nested or config
end

local function number_of(config, key)
  local value = field(text_part(config), key) or field(config, key)
  return type(value) == "number" and value or nil
end

---The architecture, such as `LlamaForCausalLM`.
---@param config table
---@return string? name
function M.architecture(config)
  local list = field(config, "architectures")
  return type(list) == "table" and list[1] or nil
end

---Heads of attention and the longest sequence, as the model says.
---@param config table
---@return integer? heads
---@return integer? longest
function M.limits(config)
  return number_of(config, "num_attention_heads"), number_of(config, "max_position_embeddings")
end

-- Quantisation

---Bytes of a quantised weight; nil if the model is not quantised.
---@param config table
---@return number? bytes 0 if the configuration does not say
function M.quantised_width(config)
  local quantisation = field(config, "quantization_config")
  if type(quantisation) ~= "table" then return nil end
  local method = field(quantisation, "quant_method")
  local width = type(method) == "string" and M.width(method)
  if width then return width end
  local bits = field(quantisation, "bits")
  if type(bits) == "number" then return bits / 8 end
  local groups = field(quantisation, "config_groups")
  bits = field(field(field(groups, "group_0"), "weights"), "num_bits")
  return type(bits) == "number" and bits / 8 or 0
end

local function keeps_stored_widths(config)
  local method = field(field(config, "quantization_config"), "quant_method")
  return method == "mxfp4"
end

-- Memory

---Bytes of the weights. Of a quantised model, values narrower than two bytes take the quantised width.
---@param params table<string, number> number of stored values by type
---@param config? table
---@return number? bytes
---@return string? reason a type of unknown width
function M.model_bytes(params, config)
  local quantised = config and not keeps_stored_widths(config) and M.quantised_width(config)
  local sum = 0
  for dtype, count in pairs(params) do
    local width = M.width(dtype)
    if not width then return nil, "the width of values of type " .. dtype .. " is not known" end
    if quantised and width < 2 then width = quantised end
    sum = sum + count * width
  end
  return sum
end

local ACTIVATION_GIB = { LlamaForCausalLM = 4.8, Qwen2ForCausalLM = 5.6, Qwen3ForCausalLM = 5.6,
  PixtralForConditionalGeneration = 2.5, Mistral3ForConditionalGeneration = 2.5 }
local MULTIMODAL = { PixtralForConditionalGeneration = true, Mistral3ForConditionalGeneration = true,
  LlavaForConditionalGeneration = true, LlavaNextForConditionalGeneration = true }
local EXPERTS = { "n_routed_experts", "n_shared_experts", "num_experts", "num_experts_per_tok" }

---Is it a mixture of experts?
---@param config table
---@return boolean
function M.is_moe(config)
  for _, key in ipairs(EXPERTS) do
    if (number_of(config, key) or 0) > 0 then return true end
  end
  return false
end

---Memory for activations on one replica, measured values by architecture.
---@param config table
---@return number gib
function M.activation_gib(config)
  local name = M.architecture(config)
  if ACTIVATION_GIB[name] then return ACTIVATION_GIB[name] end
  if M.is_moe(config) then return 8.0 end
  return MULTIMODAL[name] and 2.5 or 5.5
end

---Memory that the libraries take on each GPU: more when several talk to each other.
---@param tensor integer
---@return number gib
function M.non_torch_gib(tensor)
  return tensor <= 1 and 0.15 or 0.6
end

-- KV cache

local LATENT = { DeepseekV2ForCausalLM = true, DeepseekV3ForCausalLM = true }

-- Bytes of one cached value: the width of the model's own type, else that of the quantised weights.
local function cache_width(config)
  local dtype = field(config, "torch_dtype") or field(config, "dtype") or field(text_part(config), "torch_dtype")
    or field(text_part(config), "dtype")
  local width = type(dtype) == "string" and M.width(dtype)
  if width then return width end
  local quantised = M.quantised_width(config)
  return quantised and quantised > 0 and quantised or 1
end

local function cached_values(config)
  if LATENT[M.architecture(config)] then
    local rank, rope = number_of(config, "kv_lora_rank"), number_of(config, "qk_rope_head_dim")
    return rank and rope and rank + rope, "kv_lora_rank or qk_rope_head_dim"
  end
  local heads = number_of(config, "num_attention_heads")
  local hidden = number_of(config, "hidden_size")
  local size = number_of(config, "head_dim") or (heads and hidden and hidden / heads)
  local kv_heads = number_of(config, "num_key_value_heads") or heads
  return size and kv_heads and 2 * size * kv_heads, "head_dim, hidden_size, num_attention_heads"
end

---Bytes of KV cache for one token, on all GPUs of a replica together.
---@param config table
---@return integer? bytes
---@return string? reason what the configuration lacks
function M.kv_bytes_per_token(config)
  local layers = number_of(config, "num_hidden_layers")
  if not layers then return nil, "the model's configuration has no num_hidden_layers" end
  local values, lacking = cached_values(config)
  if not values then return nil, "the model's configuration has no " .. lacking end
  return math.floor(layers * values * cache_width(config))
end

---@class bench.plan.capacity.Sizes
---@field gpu_gib number memory of one GPU
---@field utilisation number share of it that the engine takes
---@field tensor integer
---@field pipeline? integer 1 unless given
---@field data integer
---@field model_gib number
---@field activation_gib number
---@field non_torch_gib number

---Memory that is left for the KV cache; negative if the model does not even load.
---@param sizes bench.plan.capacity.Sizes
---@return number gib
function M.left_gib(sizes)
  local gpus = sizes.tensor * (sizes.pipeline or 1) * sizes.data
  return sizes.gpu_gib * sizes.utilisation * gpus - (sizes.model_gib + sizes.activation_gib) * sizes.data
    - sizes.non_torch_gib * gpus
end

---How many requests of the greatest length fit at once.
---@param left_gib number
---@param request_gib number
---@return integer
function M.concurrent(left_gib, request_gib)
  if left_gib <= 0 or request_gib <= 0 then return 0 end
  return math.floor(left_gib / request_gib)
end

---The numbers by which `heads` can be divided among GPUs.
---@param heads integer
---@return integer[]
function M.divisors(heads)
  local list = {}
  for n = 1, heads do
    if heads % n == 0 then list[#list + 1] = n end
  end
  return list
end

return M
