---@meta host.fs

---Files, folders and locks. Nothing here waits, except `fs.lock` with a timeout. A failure is `nil, err`;
---`err` has the `path` and the system's name for the trouble in `errno` (`ENOENT`, `ENOSPC`). Codes:
---`not_found`, `denied` (permissions, read-only, disk full), `conflict` (it exists, it is busy), `invalid`.
---@class host.fs
local fs = {}

---The whole content of a file.
---@param path string
---@param opts? { limit_bytes?: integer } Larger files are an error, `invalid`; 1 GiB unless given
---@return string? content
---@return bench.Error? err
function fs.read(path, opts) end

---Replaces the content of a file in one step: whoever reads it, also after a crash, finds the old or the
---new content. An existing file keeps its permissions; a symbolic link is followed. Something that is not a
---regular file, such as `/dev/null`, is written in place.
---@param path string
---@param content string
---@param opts? { mode?: string, sync?: boolean } `mode`: permissions such as `"0600"`; `sync = false` does not wait for the disk
---@return true? ok
---@return bench.Error? err
function fs.write(path, content, opts) end

---Adds to the end of a file and waits until the disk has it. Several writers do not mix; when the disk
---fills up, the file is cut back to what it was.
---@param path string
---@param content string
---@return true? ok
---@return bench.Error? err Also `conflict`: somebody keeps the file locked, as the writer of a journal does
function fs.append(path, content) end

---Makes a folder and those above it; fine if it exists.
---@param path string
---@return true? ok
---@return bench.Error? err
function fs.mkdir(path) end

---What is in a folder, sorted by name.
---@param path string
---@return { name: string, type: "file"|"dir"|"symlink"|"other" }[]? entries
---@return bench.Error? err
function fs.list(path) end

---Paths that match a pattern, sorted: `*`, `?`, `[a-z]` inside a name, `**` for any number of folders,
---`{a,b}` for alternatives. Names with a leading dot match only if it is written. No match is an empty
---list.
---@param pattern string
---@return string[] paths
function fs.glob(pattern) end

---What is at a path.
---@param path string
---@param opts? { follow?: boolean } `follow = false`: about a symbolic link itself
---@return { type: "file"|"dir"|"symlink"|"other", size_bytes: integer, modified_s: number, mode: string, target?: string }? info
---@return bench.Error? err
function fs.stat(path, opts) end

---True if something is there, even a link that leads nowhere.
---@param path string
---@return boolean exists
function fs.exists(path) end

---Copies a file, a symbolic link (as a link) or a folder with all in it. `to` is the new name, not the
---folder to copy into; an existing folder is added to.
---@param from string
---@param to string
---@return true? ok
---@return bench.Error? err
function fs.copy(from, to) end

---Renames, also to another file system.
---@param from string
---@param to string
---@return true? ok
---@return bench.Error? err
function fs.move(from, to) end

---Makes a symbolic link; an older link of that name is replaced in one step.
---@param target string What the link says
---@param path string The link
---@return true? ok
---@return bench.Error? err
function fs.symlink(target, path) end

---Removes a file, a link or an empty folder; fine if it is not there.
---@param path string
---@return true? ok
---@return bench.Error? err
function fs.remove(path) end

---Removes a folder and all in it. Symbolic links are removed, never followed, and a mounted file system
---stops it (`conflict`). With `inside` the path must lie in that folder and must not leave it through a
---link (`denied`).
---@param path string
---@param opts? { inside?: string }
---@return true? ok
---@return bench.Error? err
function fs.remove_tree(path, opts) end

---A new empty folder that only this user can read; removed when the program ends.
---@param prefix? string Beginning of its name
---@return string? path
---@return bench.Error? err
function fs.tempdir(prefix) end

---SHA-256 of a file's content.
---@param path string
---@return string? digest 64 lower-case hex digits
---@return bench.Error? err
function fs.sha256(path) end

---A lock that this program holds until it is released or the program ends, however it ends.
---@class host.fs.Lock
local Lock = {}

---Lets others have it; a second call does nothing.
---Lets others in, and removes the lock file.
function Lock:release() end

---Who held the lock before and died without releasing it; nil if nobody did.
---@return string? holder
function Lock:broken() end

---Takes a lock file, so that other programs (and other tasks) keep out. What a dead process left is taken
---over.
---@async
---@param path string Is created, and removed on release
---@param opts? { timeout_s?: number, purpose?: string } `timeout_s`: how long to wait for it, 0 unless given; `purpose`: a few words for those who find it locked
---@return host.fs.Lock? lock
---@return bench.Error? err `conflict`, or `timeout` after waiting; `err.holder` tells `pid`, `user`, `host`, `since`, `purpose`
function fs.lock(path, opts) end

---Joins parts of a path; an absolute part starts anew.
---@param ... string
---@return string path
function fs.join(...) end

---The folder part of a path, "." if it has none.
---@param path string
---@return string path
function fs.parent(path) end

---The last part of a path.
---@param path string
---@return string name
function fs.basename(path) end

---The path from the root, without `.` and `..`; symbolic links are not looked at.
---@param path string
---@return string path
function fs.absolute(path) end

return fs
