---@meta host.render

---Jinja2 templates: the whole language, with the filters, tests, globals and methods that Jinja2 has, and Python's
---text forms (`True`, `None`, `1e+16`, `{'a': 1}`). The tags `do`, `break` and `continue` are there too.
---
---Variables are plain tables as from `host.yaml` and `host.json`: lists, objects (whose keys keep their order), and
---`json.null` for None. Whole numbers are ints, but `1.0` of a YAML or JSON object stays a float. Templates cannot change what they are given.
---Integers have 64 bits. A rendering that does not come to an end, nests too deeply or grows too large is an error.
---@class host.render
---@field plan_environment host.render.Opts What the plan phase renders with: trimmed blocks, and the filters `indent`, `toyaml`, `tojson`, `b64pad`, `b64encode`, `model_id_label`, `is_empty`, `default_if_empty` and the global `raise`.
local render = {}

---@class host.render.Opts
---@field name? string what messages call the template
---@field search? string[] folders in which `include`, `import` and `extends` find templates; for `file`, the folder of the file unless given
---@field files? table<string, string> templates by name, looked at before the folders
---@field trim_blocks? boolean drop the line end behind a tag
---@field lstrip_blocks? boolean drop the white space before a tag that begins a line
---@field keep_trailing_newline? boolean keep the last line end of the template
---@field undefined? "default"|"strict"|"chainable"|"debug" a variable that is not there: prints as nothing, is an error, also gives undefined parts, or prints its name
---@field filter_set? "jinja2"|"plan" `plan` puts the filters and the global of the plan phase over Jinja2's
---@field filters? table<string, fun(value: any, ...: any): any> filters by name; keyword arguments come as a table behind the others; none of these functions may wait
---@field tests? table<string, fun(value: any, ...: any): any> tests by name
---@field globals? table<string, any> values and functions that every template sees, imported ones too

---Variables that were read once, for many renderings; a later change of the table does not change them.
---@class host.render.Variables

---@param context table<string, any>
---@return host.render.Variables
function render.variables(context) end

---Renders a text.
---@param source string
---@param context? table<string, any>|host.render.Variables the variables
---@param opts? host.render.Opts
---@return string? text
---@return bench.Error? err `invalid`, or `not_found` for a template that another one names; the message starts with `file:line:`. `file`, `line`; `class`: Python's name of the error, such as `UndefinedError`; perhaps `variable`, and `stack`, the places that led there
function render.text(source, context, opts) end

---Renders a file.
---@param path string
---@param context? table<string, any>|host.render.Variables
---@param opts? host.render.Opts
---@return string? text
---@return bench.Error? err as from `text`; `not_found` or `denied` for the file itself
function render.file(path, context, opts) end

return render
