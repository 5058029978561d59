local fs = require "host.fs"
local journal = require "bench.journal"
local t = require "bench.test"

t.describe("bench.journal", function()
  local function events(path)
    local list = {}
    for i, entry in ipairs(t.ok(journal.read(path))) do list[i] = entry.seq .. " " .. entry.event end
    return list
  end

  t.it("keeps entries in order over several openings", function()
    local path = t.tempdir() .. "/journal.jsonl"
    local first, entries = journal.open(path)
    t.eq({}, entries)
    t.ok(first:write("begun", { setup = "a" }))
    t.ok(first:write "went on")
    t.fails("conflict", journal.open(path))
    first:close()
    local second
    second, entries = journal.open(path)
    t.eq(2, #entries)
    t.eq("a", entries[1].setup)
    t.ok(second:write "ended")
    t.eq({ "1 begun", "2 went on", "3 ended" }, events(path))
  end)

  t.it("ignores and then cuts off what a killed writer left", function()
    local path = t.tempdir() .. "/journal.jsonl"
    local writer = t.ok(journal.open(path))
    t.ok(writer:write "begun")
    writer:close()
    t.ok(fs.append(path, '{"seq":2,"event":"torn'))
    t.eq({ "1 begun" }, events(path))
    writer = t.ok(journal.open(path))
    t.ok(writer:write "ended")
    t.eq({ "1 begun", "2 ended" }, events(path))
  end)

  t.it("names the line that is no entry", function()
    local path = t.tempdir() .. "/journal.jsonl"
    t.ok(fs.write(path, '{"seq":1,"event":"begun"}\nsomething else\n'))
    local err = t.fails("invalid", journal.read(path))
    t.eq(2, err.line)
    t.fails("not_found", journal.read(path .. ".nope"))
  end)

  t.it("says so when it cannot be written", function()
    local writer = t.ok(journal.open(t.tempdir() .. "/journal.jsonl"))
    writer.file = { append = function() return nil, { code = "denied", message = "disk full" } end }
    local ok, err = writer:write "begun"
    t.eq(nil, ok)
    t.contains("without its journal", err.hint)
  end)
end)
