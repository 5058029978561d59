-- What TAB offers in bash, asked of the completion script itself.
local support = require "support"
local t = require "bench.test"

-- The words that are offered behind a command line, which ends with the word at the cursor.
local function offered(box, words)
  local quoted = {}
  for i, word in ipairs(words) do quoted[i] = "'" .. word .. "'" end
  local result = box:command { "bash", "-c", ([[
    eval "$(llmdbenchmark completion bash)"
    COMP_WORDS=(llmdbenchmark %s); COMP_CWORD=%d
    _llmdbenchmark
    printf '%%s\n' "${COMPREPLY[@]}"]]):format(table.concat(quoted, " "), #words) }
  t.eq({ 0, "" }, { result.exit_code, result.stderr })
  local lines = {}
  for line in result.stdout:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

t.describe("completion in bash", function()
  t.it("offers commands, options and what stands behind them", function()
    local box = support.box()
    for _, case in ipairs {
      { { "stand" }, { "standup" } },
      { { "--sp" }, { "--specification_file", "--spec" } },
      { { "--spec", "local/qui" }, { "local/quickstart" } },
      { { "--spec", "=", "local/qui" }, { "local/quickstart" } },
      { { "--spec", "local/quickstart", "stand" }, { "standup" } },
      { { "run", "--list-e" }, { "--list-endpoints" } },
      { { "run", "-l", "" }, { "native" } },
      { { "run", "-w", "sanity_ran" }, { "sanity_random" } },
      { { "sim", "--mode", "" }, { "random", "echo" } },
      { { "sim", "--port", "" }, {} },
      { { "completion", "" }, { "bash", "zsh", "fish" } },
      { { "eject", "standup/local" }, { "standup/local_deploy" } },
      { { "experiment", "--order", "c" }, { "cheapest" } },
      { { "experiment", "--design", "full" }, { "full_factorial_example" } },
    } do
      t.eq(case[2], offered(box, case[1]), table.concat(case[1], " "))
    end
  end)

  t.it("offers files, also those with blanks in their names", function()
    local box = support.box()
    box:write("my file.yaml", "")
    box:write("my.lua", "")
    t.eq({ "my file.yaml", "my.lua" }, offered(box, { "run", "-e", "my" }))
    t.eq({ "my.lua" }, offered(box, { "my.l" }))
  end)
end)
