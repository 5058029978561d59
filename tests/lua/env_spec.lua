local env = require "host.env"
local exec = require "host.exec"
local t = require "bench.test"

t.describe("env", function()
  t.it("sets variables for itself and for children", function()
    t.cleanup(function() env.set("BENCH_SPEC", nil) end)
    t.eq("fallback", env.get("BENCH_SPEC", "fallback"))
    t.eq(nil, env.get("BENCH_SPEC"))
    env.set("BENCH_SPEC", "value")
    t.eq("value", env.get("BENCH_SPEC", "fallback"))
    t.eq("value", env.all().BENCH_SPEC)
    t.eq("value\n", t.ok(exec.run { "sh", "-c", "echo $BENCH_SPEC" }).stdout)
    env.set("BENCH_SPEC", nil)
    t.eq("\n", t.ok(exec.run { "sh", "-c", "echo $BENCH_SPEC" }).stdout)
  end)

  t.it("knows the user and the machine", function()
    t.ok(#env.user() > 0)
    t.ok(#env.hostname() > 0)
    t.ok(env.cpu_count() >= 1)
    t.ok(env.pid() > 1)
    t.eq(env.home() .. "/x", env.expand("~/x"))
    t.eq("/x/~", env.expand("/x/~"))
    t.eq("boolean", type(env.is_terminal("stdout")))
  end)

  t.it("refuses what cannot be", function()
    t.raises(function() env.get("A=B") end, "name of a variable")
    t.raises(function() env.set("A", "b\0c") end, "NUL")
    t.raises(function() env.is_terminal("stdlog") end, "stdin")
  end)
end)
