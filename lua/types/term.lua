---@meta host.term

---The terminal, and lines that a user edits on it.
---@class host.term
local term = {}

---What stdin, stdout and stderr are connected to.
---@return { input: boolean, output: boolean, errors: boolean, width: integer } facts True where a terminal is; `width` in columns, 80 when unknown.
function term.facts() end

---Reads one line from stdin, with editing, history and completion on a terminal. Without a terminal nothing is
---shown and the call blocks. Cancelling the task gives the line up (Ctrl-C).
---@async
---@param prompt string
---@return string? line Without its end; nil at the end of the input.
---@return bench.Error? err `cancelled`
function term.read_line(prompt) end

---Sets what TAB offers. `complete` gets the line up to the cursor and returns the words that may stand in place of
---the last one; it must not wait.
---@param complete fun(line: string): string[]
---@param word_breaks string The characters at which a word starts.
function term.on_complete(complete, word_breaks) end

---Adds a line to the history, unless it is blank or repeats the newest one.
---@param line string
function term.remember(line) end

---Reads a history file.
---@param path string
---@return boolean found
function term.load_history(path) end

---Writes the history, readable by the user alone.
---@param path string
---@param opts? { limit?: integer } `limit`: newest lines to keep, 1000
---@return boolean? ok
---@return bench.Error? err `denied`
function term.save_history(path, opts) end

return term
