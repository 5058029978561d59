-- Facts of published models: parts of their config.json, and how many parameters their weights have.
local M = {}

M.GIB = 2 ^ 30
M.LLAMA_8B = { architectures = { "LlamaForCausalLM" }, hidden_size = 4096, num_hidden_layers = 32,
  num_attention_heads = 32, num_key_value_heads = 8, max_position_embeddings = 131072, torch_dtype = "bfloat16" }
M.LLAMA_PARAMS = { BF16 = 8030261248 }
M.QWEN_32B = { architectures = { "Qwen3ForCausalLM" }, hidden_size = 5120, num_hidden_layers = 64,
  num_attention_heads = 64, num_key_value_heads = 8, head_dim = 128, max_position_embeddings = 40960,
  torch_dtype = "bfloat16" }
M.QWEN_PARAMS = { BF16 = 32762123264 }
M.DEEPSEEK_V3 = { architectures = { "DeepseekV3ForCausalLM" }, hidden_size = 7168, num_hidden_layers = 61,
  num_attention_heads = 128, num_key_value_heads = 128, kv_lora_rank = 512, qk_rope_head_dim = 64, n_routed_experts = 256,
  torch_dtype = "bfloat16", quantization_config = { quant_method = "fp8" } }

---A copy of a table with changes.
function M.with(base, changes)
  local copy = {}
  for key, value in pairs(base) do copy[key] = value end
  for key, value in pairs(changes) do copy[key] = value end
  return copy
end

return M
