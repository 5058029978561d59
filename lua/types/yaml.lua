---@meta host.yaml

---YAML text, read as PyYAML's safe loader reads it (YAML 1.1: `yes` is true, `012` is 10, `1e3` is text) and written
---as its dumper writes it. Dates stay text. Keys that are no strings become strings as in JSON (`true`, `1.5`,
---`null`). Order of keys and null are kept as in `host.json`.
---@class host.yaml
local yaml = {}

---Parses a text of at most one document; a text without any is `json.null`.
---@param text string
---@param opts? { file?: string, warnings?: string[], max_expanded_nodes?: integer } `file`: name used in messages; `warnings`: a list to which warnings are appended (keys given twice); `max_expanded_nodes`: what aliases may expand to (1,000,000)
---@return any value
---@return bench.Error? err `invalid` with `line`, `column`, `source` and perhaps `file`; the message shows the place.
function yaml.decode(text, opts) end

---Parses any number of documents.
---@param text string
---@param opts? { file?: string, warnings?: string[], max_expanded_nodes?: integer }
---@return any[]? documents
---@return bench.Error? err `invalid`
function yaml.decode_all(text, opts) end

---Reads and parses a file of one document.
---@param path string
---@param opts? { warnings?: string[], max_expanded_nodes?: integer }
---@return any value
---@return bench.Error? err `not_found`, `denied`, or `invalid` as from `decode`
function yaml.load(path, opts) end

---The line (from 1) of every key and list item of a text, by dotted path: `{ treatments = 3,
---["treatments.0"] = 4, ["treatments.0.rate"] = 5 }`. List items count from 0; keys that contain a dot or a quote
---are in double quotes: `treatments.0."load.rate"`.
---@param text string
---@return table<string, integer>? lines
---@return bench.Error? err `invalid`
function yaml.lines(text) end

---Writes one document in block style. Strings that YAML 1.1 would read as another type are quoted.
---@param value any
---@param opts? { sort_keys?: boolean, width?: integer, indent?: integer, indent_lists?: boolean, literal_blocks?: boolean, flow?: boolean } `width`: column behind which long text is folded (80; 0 never); `indent`: 2 to 9; `indent_lists`: dashes under their key are indented; `literal_blocks`: text of several lines as `|`; `flow`: `{a: 1}` style
---@return string text
function yaml.encode(value, opts) end

---Writes several documents, each behind `---`.
---@param documents any[]
---@param opts? { sort_keys?: boolean, width?: integer, indent?: integer, indent_lists?: boolean, literal_blocks?: boolean, flow?: boolean }
---@return string text
function yaml.encode_all(documents, opts) end

return yaml
