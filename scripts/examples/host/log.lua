#!/usr/bin/env llmdbenchmark
-- host.log: lines for people, on the console and in files; secrets never appear.
local fs, log, task = require "host.fs", require "host.log", require "host.task"

local folder = assert(fs.tempdir "logs")
assert(log.open(folder))
log.secret "s3cr3t-token"
log.info "the token is s3cr3t-token"
log.warn "that was odd"
for i = 1, 3 do
  log.status(("working: %d of 3"):format(i)) -- one line at the bottom of a terminal
  task.sleep(0.05)
end
log.status(nil)
log.close()
for _, path in ipairs(fs.glob(folder .. "/*.log")) do print(fs.basename(path)) end
