local fs = require "host.fs"
local log = require "host.log"
local t = require "bench.test"
local task = require "host.task"

local dir

local function logged(name)
  return (t.ok(fs.read(dir .. "/" .. name)):gsub("%d%d%d%d%-[%d%-]+ [%d:,]+ %- ", ""))
end

t.before_each(function()
  dir = t.tempdir()
  local level = log.level()
  log.level "off"
  t.ok(log.open(dir))
  t.cleanup(function()
    log.close()
    log.level(level)
  end)
end)

t.describe("log", function()
  t.it("writes lines by level into two files", function()
    log.debug "one"
    log.info("two", { emoji = "x" })
    log.plain "as it is"
    log.warn "three"
    log.error "four"
    t.eq("DEBUG   - one\nINFO    - two\nas it is\n", logged "llmdbenchmark-stdout.log")
    t.eq("WARNING - three\nERROR   - four\n", logged "llmdbenchmark-stderr.log")
    local text = t.ok(fs.read(dir .. "/llmdbenchmark-stdout.log"))
    t.match("^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d,%d%d%d %- DEBUG", text)
  end)

  t.it("logs errors with their hint, and anything else as text", function()
    local _, err = fs.read(dir .. "/none")
    log.error(err)
    log.info(42)
    local trouble = logged "llmdbenchmark-stderr.log"
    t.match("ERROR   %- not_found: cannot read .*\nERROR   %-   hint: check", trouble)
    log.info({ code = "denied", message = "no" })
    log.info({ message = "only words", hint = "and a hint" })
    log.info({ a = 1, b = { 2, 3 } })
    log.info({ print })
    local told = logged "llmdbenchmark-stdout.log"
    t.contains("INFO    - 42\nINFO    - denied: no\nINFO    - only words\nINFO    -   hint: and a hint\n", told)
    t.match('INFO    %- {"a": ?1, ?"b": ?%[2, ?3%]}\nINFO    %- table: 0x%x+\n$', told)
    t.raises(function() log.info() end, "nothing to log")
    t.raises(function() log.info("x", { emojy = "" }) end, "did you mean 'emoji'")
  end)

  t.it("gives named loggers their own files", function()
    local logger = log.named "standup"
    logger:debug "d"
    logger:info "i"
    logger:plain "p"
    logger:warn "w"
    logger:error "e"
    t.eq("DEBUG   - d\nINFO    - i\np\n", logged "llmdbenchmark-stdout.log")
    local files = fs.glob(dir .. "/standup-*-std*.log")
    t.eq(2, #files)
    t.match("/standup%-%x%x%x%x%-stderr%.log$", files[1])
    t.eq("WARNING - w\nERROR   - e\n", logged(fs.basename(files[1])))
    t.raises(function() log.named "" end, "empty")
  end)

  t.it("nests by task, not globally", function()
    log.indent(1)
    local child = task.spawn(function()
      t.eq(1, log.indent())
      log.indent(2)
      task.sleep(0.001)
      log.info "child"
    end)
    task.sleep(0)
    log.info "parent"
    child:join()
    log.indent(0)
    log.info "again"
    local text = logged "llmdbenchmark-stdout.log"
    t.eq("INFO    -     | parent\nINFO    -     |     | child\nINFO    - again\n", text)
    t.raises(function() log.indent(-1) end, "0 to 20")
  end)

  t.it("tells secrets by their names", function()
    t.eq({ true, true, false }, { log.is_secret "local.env.DB_PASS", log.is_secret("X-Api-Key", "0123456"),
      log.is_secret("X-Api-Key", "none") })
    for _, name in ipairs { "tokenizer", "max_tokens", "monkey", "key", "labelKey" } do t.eq(false, log.is_secret(name), name) end
  end)

  t.it("hides secrets", function()
    t.eq(true, log.secret "canary-spec-value")
    t.eq(false, log.secret "abc")
    log.info "token canary-spec-value"
    log.named("m"):warn(require("host.text").base64_encode "user:canary-spec-value")
    t.eq("INFO    - token ***\n", logged "llmdbenchmark-stdout.log")
    t.contains("***", logged "llmdbenchmark-stderr.log")
    t.eq("x *** y", log.redact "x canary-spec-value y")
    local _, err = fs.read(dir .. "/canary-spec-value")
    t.eq(nil, (tostring(err) .. err.path):find("canary", 1, true))
  end)

  t.it("has a level and a status line", function()
    t.eq("off", log.level())
    t.eq("warning", log.level "warn")
    t.eq("off", log.level "off")
    t.raises(function() log.level "loud" end, "expected debug")
    log.status("50 %", { key = "load" })
    log.status(nil, { key = "load" })
    t.raises(function() log.status("x", { kay = "" }) end, "did you mean 'key'")
  end)

  t.it("says when files cannot be written", function()
    t.ok(fs.write(dir .. "/file", ""))
    t.fails("invalid", log.open(dir .. "/file/logs"))
  end)
end)
