---@meta host.env

---Environment variables, the user and the machine.
---
---Changes are seen by `env.get` and by child processes started afterwards. Values of variables whose names
---end in a word like TOKEN, SECRET, PASSWORD or KEY are hidden in logs and errors as soon as they are
---known.
---@class host.env
local env = {}

---The value of a variable.
---@param name string
---@param fallback? string
---@return string? value The fallback if the variable is not set; a variable that is set to "" is set.
function env.get(name, fallback) end

---Sets a variable, or removes it with nil.
---@param name string
---@param value? string
function env.set(name, value) end

---All variables.
---@return table<string, string> variables
function env.all() end

---The home folder: HOME, else what the user database says.
---@return string path
function env.home() end

---Replaces a leading `~` or `~user` by the home folder; other paths stay as they are.
---@param path string
---@return string path
function env.expand(path) end

---Login name of the user.
---@return string name
function env.user() end

---Name of the machine.
---@return string name
function env.hostname() end

---Processors that this process may use.
---@return integer count
function env.cpu_count() end

---This process.
---@return integer pid
function env.pid() end

---True if a standard stream is a terminal.
---@param stream "stdin"|"stdout"|"stderr"
---@return boolean is_terminal
function env.is_terminal(stream) end

return env
