---@meta host.info

---What this program is.
---@class host.info
---@field name string `llmdbenchmark`
---@field version string `MAJOR.MINOR.PATCH`
---@field api integer Version of what scripts may rely on; a script says `-- bench-api: 1`
---@field home string Folder that holds `lua scripts config workload`
---@field executable string File of the running program
---@field exit_codes table<string, integer> By name: `success failed usage partial not_valid interrupted terminated`
---@field exit_code_list { code: integer, name: string, meaning: string }[] In order
local info = {}

return info
