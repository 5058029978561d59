local t = require "bench.test"
local events = require "bench.events"
local fs = require "host.fs"
local json = require "host.json"
local log = require "host.log"

local function lines_of(path)
  local entries = {}
  for line in t.ok(fs.read(path)):gmatch("[^\n]+") do entries[#entries + 1] = t.ok(json.decode(line)) end
  return entries
end

t.describe("events", function()
  t.it("appends one JSON object per line, at once", function()
    t.virtual_clock(1700000000)
    local path = t.tempdir() .. "/events.jsonl"
    fs.write(path, '{"event":"old"}\n')
    local writer = t.ok(events.open(path))
    writer:write("step_start", { step = "a", number = 3 })
    t.eq({
      { event = "old" },
      { event = "step_start", at = "2023-11-14T22:13:20.000Z", seq = 1, step = "a", number = 3 },
    }, lines_of(path))
    writer:write "phase_end"
    writer:close()
    writer:write "late"
    t.eq(2, lines_of(path)[3].seq)
    t.eq(3, #lines_of(path))
    t.match('^{"event":"old"}\n{"event":"step_start",', t.ok(fs.read(path)))
  end)

  t.it("hides secrets", function()
    local path = t.tempdir() .. "/events.jsonl"
    log.secret "canary-in-event"
    local writer = t.ok(events.open(path))
    writer:write("step_end", { message = 'said "canary-in-event" twice: canary-in-event' })
    writer:close()
    t.eq('said "***" twice: ***', lines_of(path)[1].message)
  end)

  t.it("cannot be opened where nothing can be written", function()
    local err = t.fails("denied", events.open(t.tempdir() .. "/nowhere/events"))
    t.match("cannot write the events file .*/nowhere/events", err.message)
    t.ok(err.hint)
  end)

  t.it("goes on when the disk is full", function()
    if not fs.exists "/dev/full" then t.skip "no /dev/full here" end
    local writer = t.ok(events.open "/dev/full")
    for _ = 1, 3 do writer:write("x", { text = ("y"):rep(10000) }) end
    t.eq(3, writer.seq)
    writer:close()
  end)

  t.it("notices what a buffer could not be rid of", function()
    local told, kept = {}, io.stderr
    rawset(io, "stderr", { write = function(_, text) told[#told + 1] = text end })
    t.cleanup(function() rawset(io, "stderr", kept) end)
    local writer = t.ok(events.open(t.tempdir() .. "/events"))
    local file = writer.file
    writer.file = { write = function() return true end, flush = function() return nil, "No space left on device" end,
      close = function() return file:close() end }
    writer:write "x"
    writer:write "y"
    writer:close()
    t.eq(1, #told)
    t.contains("No space left on device", told[1])
  end)
end)
