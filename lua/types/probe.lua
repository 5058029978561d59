---@meta host.probe

---Is an OpenAI-compatible endpoint alive, what does it serve, and does it really answer? `url` is its base, with or
---without `/v1`. All take the options of `host.http` too (`token`, `headers`, `ca_file`, `insecure`, `proxy`, ...).
---
---Errors tell apart by `code` and `reason`: `unreachable` (refused, dns, tls, reset, closed, or status for 429 and
---5xx), `timeout`, `denied` (401, 403), `not_found` (404; no_models; model), `invalid` (not_json, shape, empty). A
---bad status adds `status` and the start of the `body`.
---@class host.probe
local probe = {}

---Polls a path until it answers with a status below 300. `while_alive` is asked four times a second and must not wait:
---when it returns nil or false (with an error table or a text), the wait ends at once. Also ends early when waiting
---cannot help: `denied`, an untrusted certificate, a malformed URL.
---@async
---@param url string
---@param opts? { path?: string, timeout_s?: number, interval_s?: number, request_timeout_s?: number, while_alive?: fun(): boolean?, any } `/health`, 300, 1 and 5 unless given
---@return { attempts: integer, seconds: number }? health
---@return bench.Error? err `timeout` with the last failure in its message, `last_reason` and `attempts`
function probe.health(url, opts) end

---Lists the models an endpoint serves.
---@async
---@param url string
---@param opts? { expect?: string, details?: boolean, timeout_s?: number, token?: string } `expect`: must be among them, else `not_found` with the nearest name; `details`: a list of `{ id, max_model_len? }` instead of names; `timeout_s`: 10
---@return string[]? models
---@return bench.Error? err
function probe.models(url, opts) end

---Sends one real request and wants text back.
---@async
---@param url string
---@param opts { model: string, prompt?: string, api?: "auto"|"completions"|"chat", max_tokens?: integer, timeout_s?: number, token?: string } `api`: `auto` takes chat where a server lacks completions; `max_tokens`: 16; `timeout_s`: 60
---@return { api: string, text: string, seconds: number, model?: string, finish_reason?: string, usage?: table }? answer
---@return bench.Error? err
function probe.completion(url, opts) end

---Has the server tokenize a text, as vLLM or llama.cpp do it.
---@async
---@param url string
---@param text string
---@param opts? { model?: string, timeout_s?: number, token?: string } `timeout_s`: 10
---@return { count: integer, ids: integer[], max_model_len?: integer }? tokens
---@return bench.Error? err
function probe.tokenize(url, text, opts) end

---The text of `/metrics`; see `host.metrics` for reading it.
---@async
---@param url string
---@param opts? { timeout_s?: number, token?: string } `timeout_s`: 10
---@return string? text
---@return bench.Error? err
function probe.metrics(url, opts) end

return probe
