---@meta host.log

---What the program tells its user. Lines look like `2026-11-24 20:18:00,123 - INFO    - text`; debug and
---info go to stdout, warnings and errors to stderr, on the console as in the log files. Colour and emoji
---appear on terminals only. Secrets that are known (`log.secret`, variables like HF_TOKEN) are hidden
---everywhere.
---
---A text of several lines is logged line by line. An error table is logged as `code: message`, with its
---hint, any other table as JSON.
---@class host.log
local log = {}

---Details, shown on the console at level `debug` only.
---@param text any
---@param opts? { emoji?: string } An emoji instead of the level's own
function log.debug(text, opts) end

---What happens.
---@param text any
---@param opts? { emoji?: string }
function log.info(text, opts) end

---Something is odd, the program goes on.
---@param text any
---@param opts? { emoji?: string }
function log.warn(text, opts) end

---Something failed.
---@param text any
---@param opts? { emoji?: string }
function log.error(text, opts) end

---A line without prefix and indentation, for tables and commands to copy. It goes to stdout and to the
---files.
---@param text any
function log.plain(text) end

---The same functions for a part of the program, whose lines also go to log files of its own.
---@class host.log.Logger
local Logger = {}

---As `log.debug`.
---@param text any
---@param opts? { emoji?: string }
function Logger:debug(text, opts) end

---As `log.info`.
---@param text any
---@param opts? { emoji?: string }
function Logger:info(text, opts) end

---As `log.warn`.
---@param text any
---@param opts? { emoji?: string }
function Logger:warn(text, opts) end

---As `log.error`.
---@param text any
---@param opts? { emoji?: string }
function Logger:error(text, opts) end

---As `log.plain`.
---@param text any
function Logger:plain(text) end

---A logger for a part of the program.
---@param module string Its name, as it appears in names of files
---@return host.log.Logger logger
function log.named(module) end

---Sets the least level that the console shows (`info` at first). Files get everything.
---@param name? "debug"|"info"|"warning"|"error"|"off" nil leaves it as it is
---@return "debug"|"info"|"warning"|"error"|"off" level The level from now on
function log.level(name) end

---From now on lines also go to `llmdbenchmark-stdout.log` and `llmdbenchmark-stderr.log` in the folder, and
---those of a named logger to `<module>-<4 hex>-stdout.log` and `-stderr.log` besides. Replaces the files
---opened before.
---@param folder string Is made if need be
---@return true? ok
---@return bench.Error? err
function log.open(folder) end

---Stops writing files.
function log.close() end

---Sets the live line at the bottom of a terminal; it is hidden while other lines are printed. Elsewhere
---nothing happens. Parallel tasks have a part each, by `key`.
---@param text? string nil or "" removes it
---@param opts? { key?: string }
function log.status(text, opts) end

---How deep the lines of this task are nested, each level shown as `    | `. Tasks start as deep as the one
---that spawned them.
---@param depth? integer Sets it, 0 to 20
---@return integer depth
function log.indent(depth) end

---From now on hides this value wherever something is logged or an error is shown: as it is, in base64,
---percent-encoded and JSON-escaped form.
---@param value string
---@return boolean known False for less than 4 characters: these would blank out ordinary words
function log.secret(value) end

---Whether something of this name is a secret: `API_TOKEN`, `local.env.DB_PASS`, `X-Api-Key`, but not `tokenizer`,
---`max_tokens` or `labelKey`.
---@param name string of a variable, header or option, or a dotted key
---@param value? string Values of less than 6 characters, paths, URLs and placeholders are none
---@return boolean
function log.is_secret(name, value) end

---The text with all known secrets hidden.
---@param text string
---@return string text
function log.redact(text) end

return log
