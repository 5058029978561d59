---@meta host.task

---Tasks: pieces of a script that run side by side and wait without blocking each other.
---
---Every script runs in a task. Between two waits a task is alone, so plain variables are safe. Parents own
---their children: a task that ends, or is cancelled, takes its children along and waits for their end. A
---child that fails while nobody joins it cancels its parent, which then fails with the same error; so no
---failure gets lost.
---
---Cancellation is an error: every wait that a cancelled task is in, or enters later, raises
---`{ code = "cancelled" }`. Let it pass, or clean up and raise it again.
---
---Waiting is possible everywhere except inside `require`, `table.sort`, `string.gsub` and coroutines that a
---script made by itself.
---@class host.task
local task = {}

---@class host.task.Task
local Task = {}

---Starts a task that calls `fn(...)`. It begins when the caller waits next.
---@param fn fun(...): ...
---@param ... any Arguments for `fn`
---@return host.task.Task task
function task.spawn(fn, ...) end

---Waits for the end of a task. Its error is raised here, as the very value that was raised there. Tasks can
---be joined by several others, and again after their end.
---@async
---@param other host.task.Task
---@return any ... What its function returned; `nil, err` with `cancelled` if it ended by cancellation
function task.join(other) end

---Cancels a task and its children. Does not wait. A task that has not begun yet runs up to its first wait.
---@param other host.task.Task
function task.cancel(other) end

---Waits for some time.
---@async
---@param seconds number 0 or less lets other tasks run and goes on as soon as possible
function task.sleep(seconds) end

---Calls `fn(...)` in a task of its own and cancels it if it has not ended in time. Its errors are raised
---here. Returns only when everything inside has ended, so `fn` may take a little longer to clean up.
---@async
---@param timeout_s number
---@param fn fun(...): ...
---@param ... any
---@return any ... What `fn` returned
---@return bench.Error? err `timeout`, with `after_s`
function task.deadline(timeout_s, fn, ...) end

---Calls `fn(...)` in a task of its own and waits until it and all tasks spawned inside have ended. A failure
---of any of them cancels the others and is raised here, where it can be caught; when the caller is
---cancelled, everything inside ends first.
---@async
---@param fn fun(...): ...
---@param ... any
---@return any ... What `fn` returned
function task.scope(fn, ...) end

---Calls `fn(...)` so that cancellation does not reach it: for taking back what was done. It should not take
---long, since the user is waiting; a second Ctrl-C ends the program at once.
---@async
---@param fn fun(...): ...
---@param ... any
---@return any ... What `fn` returned
function task.shielded(fn, ...) end

---Makes the running task one that outlives its children's failures: a child that fails while nobody joins it
---no longer cancels it; instead `on_failure` is called, in a task of its own. What fails there counts again.
---@param on_failure fun(err: any, traceback: string)
function task.supervise(on_failure) end

---Makes the children of the running task children of `heir`, so that they go on when the running one ends.
---@param heir host.task.Task Neither the running task nor one below it
---@return boolean done False if `heir` has ended or is about to: the children stay
function task.hand_over(heir) end

---True if the running task has been cancelled.
---@return boolean cancelled
function task.cancelled() end

---The stack of the running task as text, for the handler of an `xpcall`. If `err` came through joins, the
---stacks of the tasks that it came from stand above.
---@param err? any
---@return string traceback
function task.traceback(err) end

---Everything alive that scripts own, as `kind: what`: tasks, child processes, servers, open streams.
---@return string[] handles
function task.handles() end

---Lets Ctrl-C cancel only this task instead of the whole program, once; nil ends that and makes the next
---Ctrl-C a first one again. SIGTERM and SIGHUP do the same as Ctrl-C: the answer tells which it was, for who
---should end then.
---@param other? host.task.Task
---@return "INT"|"TERM"|"HUP"|nil signal With nil: the signal that came meanwhile
function task.foreground(other) end

---The same as `task.join(self)`.
---@async
---@return any ...
function Task:join() end

---The same as `task.cancel(self)`.
function Task:cancel() end

---@return boolean done True once it and its children have ended.
function Task:is_done() end

return task
