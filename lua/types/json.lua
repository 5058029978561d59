---@meta host.json

---JSON text, JSON schemas, and how Lua tables stand for JSON.
---
---A table with the entries 1..n is a list, one with string keys an object. Decoded objects remember the order of
---their keys: `json.keys` gives it, and encoding keeps it. Decoded lists and objects know what they are even when
---they are empty; a plain `{}` counts as an empty list. JSON null is `json.null`. Numbers are doubles: integers are
---exact up to 2^53.
---@class host.json
---@field null userdata JSON null; equal to itself only.
local json = {}

---Parses exactly one JSON text. UTF-8 is checked; a repeated key takes its last value.
---@param text string
---@param opts? { nan?: boolean, file?: string } `nan`: accept `NaN`, `Infinity` and `-Infinity`, which Python writes; `file`: name used in errors
---@return any value
---@return bench.Error? err `invalid` with `line`, `column`, `source` and perhaps `file`; the message shows the place.
function json.decode(text, opts) end

---Reads and parses a file.
---@param path string
---@param opts? { nan?: boolean }
---@return any value
---@return bench.Error? err `not_found`, `denied`, or `invalid` as from `decode`
function json.load(path, opts) end

---Writes a value as JSON. Raises for values without a data form (functions, cycles, mixed keys). Bytes that are not
---UTF-8 become U+FFFD.
---@param value any
---@param opts? { indent?: integer, spaced?: boolean, sort_keys?: boolean, ascii?: boolean, nan?: "error"|"null"|"literal" } `indent`: spaces per level, 0 (the default) for one line; `spaced`: a space after `,` and `:`; `ascii`: `\uXXXX` for everything else; `nan`: raise (the default), write `null`, or write `NaN` and `Infinity`, which is not JSON
---@return string text
function json.encode(value, opts) end

---Checks a value against a JSON Schema (2020-12, the usual keywords; `$ref` inside the schema only; `format` is not
---checked).
---@param value any
---@param schema table|boolean
---@return true? ok
---@return bench.Error? err `invalid`; `errors` lists `{ path, message }` with paths like `stages[0].rate` (indices from 0). No `errors`: the schema itself cannot be used.
function json.validate(value, schema) end

---Marks a table (by default a new one) as a list, so that it stays one when it is empty. Returns it.
---@generic T: table
---@param table? T
---@return T
function json.list(table) end

---Marks a table (by default a new one) as an object, so that it stays one when it is empty. Returns it.
---@generic T: table
---@param table? T
---@param order? string[] keys that come first wherever the object is written or walked, those that it has; others follow sorted
---@return T
function json.object(table, order) end

---A deep copy, with everything that tables know beside their values: the order of keys, empty lists and objects,
---and which whole numbers are floats (`1.0` of a YAML or JSON text is written as `1.0` again).
---@generic T
---@param value T
---@return T copy
function json.copy(value) end

---`target[key] = source[key]`, as a deep copy with all of that.
---@param target table An object
---@param key string
---@param source table
function json.take(target, key, source) end

---The keys of an object in their order: first the remembered ones, then those added since, sorted.
---@param object table
---@return string[] keys
function json.keys(object) end

return json
