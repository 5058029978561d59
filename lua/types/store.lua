---@meta host.store

---Where runs leave their traces: a folder for each invocation, an append-only journal, and a manifest of what a
---result folder holds. Whatever happens to the program, each of them is in its old or its new state.
---@class host.store
local store = {}

---Makes a folder of its own for a run, `<workspace>/<user>-YYYYmmdd-HHMMSS-mmm`, and lets `<workspace>/latest`
---lead to it. Two runs never share one.
---@param workspace string Is made if need be
---@param opts? { user?: string, subfolders?: string[] } `subfolders`: `logs` and `plan` unless given
---@return { path: string, name: string, note?: string }? folder `note`: why `latest` could not be set
---@return bench.Error? err
function store.new_run(workspace, opts) end

---A file of one JSON object per line, open for writing.
---@class host.store.Journal
local Journal = {}

---Adds an entry; when this returns, it is on the disk. If it fails (a full disk), the file is as it was.
---@param entry table<string, any>
---@return integer? seq Its number, from 1; written as the field `seq`
---@return bench.Error? err
function Journal:append(entry) end

---Lets others write.
function Journal:close() end

---Opens or creates a journal. What a killed writer left of its last line is cut off.
---@param path string
---@return host.store.Journal? journal
---@return table[]|bench.Error entries What it holds already, oldest first. Or why it cannot be opened: `conflict` (somebody writes it), `invalid` with the `line` that does not belong there
function store.journal(path) end

---Reads a journal without touching it; also while somebody writes it.
---@param path string
---@return table[]? entries
---@return bench.Error? err
function store.read_journal(path) end

---Every file below a folder with its SHA-256, sorted by name, without the manifest and what interrupted writes
---left behind.
---@param dir string
---@return { name: string, size_bytes?: integer, sha256?: string, target?: string }[]? files `target`: of a symbolic link, which has no size and digest
---@return bench.Error? err
function store.hash_tree(dir) end

---Writes `manifest.json` into a folder: the facts, and `files` as from `hash_tree`. To be done last.
---@param dir string
---@param facts? table<string, any>
---@return string? digest SHA-256 of the manifest
---@return bench.Error? err
function store.seal(dir, facts) end

---Compares a folder with its manifest.
---@param dir string
---@return { name: string, what: "missing"|"changed"|"added" }[]? damages Empty if nothing differs
---@return bench.Error? err `not_found` without a manifest
function store.verify(dir) end

return store
