-- luacheck lua scripts tests workload
std = "luajit"
max_line_length = 140
ignore = { "581" }                 -- `not (x < y)` is not `x >= y` where NaN can come
unused_args = false
cache = false
exclude_files = { "build/**" }

-- The annotated types are declarations without bodies; an annotation cannot be broken into lines.
files["lua/types"] = { ignore = { "2..", "631" } }
