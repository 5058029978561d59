-- The root task: everything the command line can do starts here.
return function(args) return require("bench.cli").run(args) end
