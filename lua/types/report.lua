---@meta host.report

---The benchmark report format 0.2: which fields exist, whether a table is a report, and its text.
---@class host.report
---@field version string The format version that this program writes and checks: "0.2".
local report = {}

---Checks fields, types, required fields, ranges, choices and the units of every statistic.
---@param tree table A whole report.
---@return true? ok
---@return bench.Error? err `invalid`; `problems` lists `{ path, message }` for everything that is wrong.
function report.validate(tree) end

---A report as text, whether it is valid or not: known fields ordered, null fields left out, statistics as
---floating point numbers. YAML has sorted keys; JSON keeps the order of the format and is indented by two,
---numbers that JSON lacks (NaN, infinity) become null.
---@param tree table A whole report.
---@param format "yaml"|"json"
---@return string text
function report.encode(tree, format) end

---Every field of the format, in order. Items of lists are shown as `stack[]`.
---@return { path: string, type: string, required: boolean, meaning: string, since: string, units?: string[], choices?: string[] }[] fields
function report.fields() end

return report
