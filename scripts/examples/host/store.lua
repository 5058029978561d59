#!/usr/bin/env llmdbenchmark
-- host.store: a folder for this run, a journal that survives a crash, a manifest that notices changes.
local fs, store = require "host.fs", require "host.store"

local run = assert(store.new_run(assert(fs.tempdir "example"), { subfolders = { "results" } }))
local journal = assert(store.journal(run.path .. "/journal.jsonl"))
assert(journal:append { event = "treatment_started", rate = 10 })
assert(fs.write(run.path .. "/results/latency.csv", "p50,p99\n12,31\n"))
assert(journal:append { event = "treatment_finished", rate = 10 })
journal:close()

-- Whoever resumes the run reads how far it came.
for _, entry in ipairs(assert(store.read_journal(run.path .. "/journal.jsonl"))) do
  print(entry.seq, entry.event)
end

assert(store.seal(run.path, { seed = 7 }))
print("damages after sealing", #assert(store.verify(run.path)))
assert(fs.write(run.path .. "/results/latency.csv", "p50,p99\n1,2\n"))
for _, damage in ipairs(assert(store.verify(run.path))) do print(damage.name, damage.what) end
