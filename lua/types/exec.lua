---@meta host.exec

---Child processes. A program is started with a list of arguments, never through a shell. It gets a process
---group of its own; whatever ends it (a timeout, cancellation, the end of this program, even by kill -9)
---ends the whole group: TERM first, KILL after a grace. What the program leaves running in its group when
---it ends by itself is ended too.
---
---`err.command` is the command as text to paste into a shell. Secrets are hidden in it, and so are the
---values of options like `--token`; stdin and environment never appear.
---@class host.exec
local exec = {}

---@class host.exec.Result
---@field exit_code integer 128 + the number of the signal if one ended it
---@field signal? string `KILL`, `TERM`, ...
---@field stdout string The first `capture_bytes` of it
---@field stderr string
---@field stdout_bytes integer How long it was in all
---@field stderr_bytes integer
---@field stdout_file? string Holds all of it if it was longer than `capture_bytes`; removed when this program ends
---@field stderr_file? string
---@field stdout_note? string What is missing, and why
---@field stderr_note? string
---@field seconds number
---@field dry? true It was not run at all: this is a dry run

---@class host.exec.Options
---@field stdin? string Given to the program; without it stdin is empty
---@field env? table<string, string|number|false> Changes to the environment; false removes a variable
---@field cwd? string Folder to run in
---@field timeout_s? number Limit of its whole life: 600 for `run`, none for `start`
---@field grace_s? number Between TERM and KILL: 5 unless given
---@field capture_bytes? integer Of each output kept in memory (8 MiB unless given); more goes to a temporary file
---@field spill_bytes? integer Most of an output that waits in that file (4 GiB unless given); more is dropped with a note
---@field merge_stderr? boolean stderr arrives in stdout, in order
---@field read? boolean It changes nothing, so a dry run may run it
---@field dry_stdout? string What a dry run lets it answer

---Runs a program to its end. A bad exit code is not an error here.
---@async
---@param argv string[]
---@param opts? host.exec.Options
---@return host.exec.Result? result
---@return bench.Error? err `not_found` or `denied`: it cannot be started; `timeout`: with `after_s`, `stdout_tail`, `stderr_tail`
function exec.run(argv, opts) end

---A running program.
---@class host.exec.Child
local Child = {}

---@class host.exec.StartOptions : host.exec.Options
---@field keep_stdin? boolean Leave stdin open for `child:write`
---@field outlives_task? boolean Do not end it with the task that started it, only with this program
---@field detached? boolean It survives this program: a session of its own, no capture. Needs `log_file`; of the other options only `env` and `cwd` count
---@field log_file? string Both outputs of a detached process are appended to it

---Starts a program and returns at once. It ends with the task that started it, at the latest. A detached
---one is not a child: it gives its `pid` and `start_time` for `exec.alive` and `exec.stop`, in this program
---or a later one.
---@param argv string[]
---@param opts? host.exec.StartOptions
---@return host.exec.Child|{ pid: integer, start_time: string }|nil child
---@return bench.Error? err `not_found` or `denied`
function exec.start(argv, opts) end

---Its process id.
---@return integer pid 0 in dry runs and replays
function Child:pid() end

---True until its end is known.
---@return boolean running
function Child:running() end

---Waits for its end.
---@async
---@param opts? { timeout_s?: number } Of this wait, 600 s unless given; the program goes on
---@return host.exec.Result? result
---@return bench.Error? err `timeout`, or why it was ended
function Child:wait(opts) end

---Ends its group: TERM, KILL after `grace_s` (5 unless given). With `signal` only that signal is sent. Does
---not wait.
---@param opts? { signal?: string, grace_s?: number } `signal`: `"HUP"`, `"SIGINT"`, `"9"`
function Child:kill(opts) end

---The next line of an output; nil at its end.
---@async
---@param opts? { stream?: "stdout"|"stderr", timeout_s?: number } `timeout_s`: 600 unless given
---@return string? line
---@return bench.Error? err
function Child:line(opts) end

---`for line in child:lines() do`: the lines of an output as they come. What goes wrong is raised. Lines
---longer than 1 MiB come in pieces. What was read of a very long output is not kept for `child:wait`.
---@param opts? { stream?: "stdout"|"stderr", timeout_s?: number } `timeout_s`: for each line, 600 unless given
---@return async fun(): string? next
function Child:lines(opts) end

---Writes to its stdin (`keep_stdin`).
---@async
---@param data string
---@return true? ok
---@return bench.Error? err `conflict`: it does not read any more
function Child:write(data) end

---Ends its stdin, once everything is written.
function Child:close_stdin() end

---Where a program is found on PATH.
---@param name string
---@return string? path
---@return bench.Error? err `not_found` or `denied`
function exec.which(name) end

---True if that detached process still runs; a later process with the same pid does not count.
---@param pid integer
---@param start_time string
---@return boolean alive
---@return integer? exit_code If it has ended and was started by this very program
function exec.alive(pid, start_time) end

---Detached processes that some program of ours, perhaps one that was killed since, started with the variable
---`name` in `env`.
---@param name string
---@return { pid: integer, start_time: string, value: string }[] processes
function exec.find(name) end

---@class host.exec.Listener
---@field uid integer Of its user
---@field own boolean That is our user, too
---@field pid? integer Missing where we may not look, as for another user's process
---@field session? integer The session it lives in: the pid of a detached process, or another; missing with `pid`

---The processes that listen on a TCP port of this machine, at whatever address.
---@param port integer
---@return host.exec.Listener[] listeners
function exec.listeners(port) end

---Ends a detached process and everything in its session: TERM, KILL after the grace.
---@async
---@param pid integer
---@param start_time string
---@param opts? { grace_s?: number } 10 unless given
---@return boolean? ended False if nothing was left to end
---@return bench.Error? err `timeout`: it survives even KILL
function exec.stop(pid, start_time, opts) end

---The list of arguments as text to paste into a shell, with secrets hidden.
---@param argv string[]
---@return string text
function exec.quote(argv) end

---From now on only commands marked `read` are run; all others are noted, and seem to succeed.
function exec.dry_run() end

---What a dry run has left out so far, in order.
---@return string[] commands
function exec.left_out() end

---From now on writes every command and its answer to a YAML file that `t.replay` in a spec plays back.
---Secrets are hidden; stdin and environment are not recorded.
---@param path string
function exec.record(path) end

return exec
