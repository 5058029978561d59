-- luacheck lua scripts tests workload
std = "luajit"
max_line_length = 110
unused_args = false
cache = false
exclude_files = { "build/**" }

-- The annotated types are declarations without bodies.
files["lua/types"] = { ignore = { "2.." } }
