---The server's own tokenizer, asked through `/tokenize` (the shapes of vLLM and of llama.cpp).
---@class bench.tokenizer
local M = {}

local http = require "host.http"
local json = require "host.json"

local TIMEOUT_S = 10
-- How many words a prompt may begin with, and how few of all words are too few for random texts.
local FIRST_WORDS, FEWEST_WORDS = 16, 16

---@class bench.tokenizer.Endpoint
---@field url string
---@field model string
---@field token? string
---@field ca_file? string
---@field cert_file? string
---@field key_file? string
---@field insecure? boolean

-- vLLM answers { count, tokens }, llama.cpp { tokens }.
local function count_of(answer)
  if type(answer) ~= "table" then return nil end
  if type(answer.count) == "number" then return answer.count end
  return type(answer.tokens) == "table" and #answer.tokens or nil
end

---How many tokens a text is, without those that a model puts around every prompt.
---@async
---@param endpoint bench.tokenizer.Endpoint
---@param text string
---@return integer? count
---@return bench.Error? err `not_found` if the server has no `/tokenize`, `invalid` if it answers strangely
function M.count(endpoint, text)
  local base = endpoint.url:gsub("/+$", ""):gsub("/v1$", "")
  local body = { model = endpoint.model, prompt = text, content = text, add_special_tokens = false,
    add_special = false }
  local response, err = http.post(base .. "/tokenize", { json = body, token = endpoint.token,
    ca_file = endpoint.ca_file, cert_file = endpoint.cert_file, key_file = endpoint.key_file,
    insecure = endpoint.insecure, timeout_s = TIMEOUT_S })
  if not response then return nil, err end
  if response.status ~= 200 then
    return nil, { code = "not_found", message = ("%s/tokenize answers %d"):format(base, response.status) }
  end
  local count = count_of(json.decode(response.body))
  if not count then
    return nil, { code = "invalid", message = base .. "/tokenize answers without tokens" }
  end
  return count
end

-- Collects into `good` the words first..last that are one token each behind a blank, halving where a sum is
-- wrong. They are counted behind a word, because the beginning of a text is special in many vocabularies.
local function one_token_words(endpoint, words, first, last, good)
  if first > last then return true end
  local anchor = good.anchor
  local count, err = M.count(endpoint, anchor.word .. " " .. table.concat(words, " ", first, last))
  if not count then return nil, err end
  if count - anchor.count == last - first + 1 then
    for i = first, last do good[#good + 1] = words[i] end
    return true
  end
  if first == last then return true end
  local middle = math.floor((first + last) / 2)
  local ok
  ok, err = one_token_words(endpoint, words, first, middle, good)
  if not ok then return nil, err end
  return one_token_words(endpoint, words, middle + 1, last, good)
end

-- Words that are one token at the beginning of a text.
local function first_words(endpoint, words, wanted)
  local good = {}
  for _, word in ipairs(words) do
    if #good == wanted then break end
    local count, err = M.count(endpoint, word)
    if not count then return nil, err end
    if count == 1 then good[#good + 1] = word end
  end
  return good
end

-- All words in one text: they must not run together.
local function proven(endpoint, words, first)
  local count, err = M.count(endpoint, first[1] .. " " .. table.concat(words, " "))
  if not count then return nil, err end
  if count ~= #words + 1 then
    return nil, { code = "invalid", message = "words run together in this server's vocabulary" }
  end
  return { words = words, first_words = first }
end

---Finds words of which a text of n is exactly n tokens for this server.
---@async
---@param endpoint bench.tokenizer.Endpoint
---@param candidates string[]
---@return { words: string[], first_words: string[] }? calibrated
---@return bench.Error? err as from `count`; `not_found` too if few words are single tokens
function M.calibrate(endpoint, candidates)
  local count, err = M.count(endpoint, candidates[1])
  if not count then return nil, err end
  local words = { anchor = { word = candidates[1], count = count } }
  local ok
  ok, err = one_token_words(endpoint, candidates, 1, #candidates, words)
  if not ok then return nil, err end
  words.anchor = nil
  local first
  first, err = first_words(endpoint, words, FIRST_WORDS)
  if not first then return nil, err end
  if #words < FEWEST_WORDS or #first == 0 then
    return nil, { code = "not_found", message = "too few words are single tokens in its vocabulary" }
  end
  return proven(endpoint, words, first)
end

return M
