-- How long `llmdbenchmark --help` takes, from the shell's point of view.
local exec = require "host.exec"
local lab = require "lab"

local TIMES = 50

local function mean_ms(argv)
  local script = ('TIMEFORMAT=%%R; time for i in {1..%d}; do "$@" >/dev/null; done'):format(TIMES)
  local result = assert(exec.run { "bash", "-c", script, "bash", unpack(argv) })
  return tonumber((result.stderr:match "[%d.]+%s*$")) / TIMES * 1000
end

return {
  title = "Time of --help",
  run = function(out)
    local values = lab.compare.interleave(lab.rounds, {
      { name = "--help", run = function() return mean_ms { lab.program, "--help" } end },
      { name = "/bin/true", run = function() return mean_ms { "/bin/true" } end },
    }, out.value)
    out.side("/bin/true", values["/bin/true"], "ms")
    out.goal("llmdbenchmark --help [ms]", lab.compare.summary(values["--help"]), "<=", 10)
  end,
}
