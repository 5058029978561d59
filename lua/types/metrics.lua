---@meta host.metrics

---Prometheus metrics as servers expose them. A missing metric is nil, never an error.
---@class host.metrics
local metrics = {}

---@class host.metrics.Family
---@field type "counter"|"gauge"|"histogram"|"summary"|"untyped"
---@field help string
---@field samples { name: string, labels: table<string, string>, value: number }[] `name` as in the text: with `_bucket`, `_sum`, `_count`, `_total`

---Reads the text that `probe.metrics` fetches.
---@param text string
---@param opts? { source?: string } Its name in errors
---@return table<string, host.metrics.Family>? families In the order of the text (`json.keys`)
---@return bench.Error? err `invalid` with `line` and `column`; the message shows the line
function metrics.parse(text, opts) end

---Sum of the samples with this name and these labels: `metrics.value(m, "vllm:prompt_tokens_total")`.
---@param families table<string, host.metrics.Family>
---@param name string Of the samples
---@param opts? { labels?: table<string, string> } Other labels may have any value
---@return number? value
function metrics.value(families, name, opts) end

---A quantile of a histogram, interpolated as Prometheus does it, over all series with these labels.
---@param families table<string, host.metrics.Family>
---@param name string Of the histogram
---@param opts? { q?: number, labels?: table<string, string> } `q`: 0 to 1, the median unless given
---@return number? value
function metrics.quantile(families, name, opts) end

---Sum by count of a histogram or summary.
---@param families table<string, host.metrics.Family>
---@param name string
---@param opts? { labels?: table<string, string> }
---@return number? value
function metrics.mean(families, name, opts) end

---What happened between two scrapes: counters, histograms and summaries hold the increase, gauges the later value.
---@param before table<string, host.metrics.Family>
---@param after table<string, host.metrics.Family>
---@return table<string, host.metrics.Family> families
---@return string[] resets Names whose counter went backwards, because the server was restarted
function metrics.delta(before, after) end

return metrics
