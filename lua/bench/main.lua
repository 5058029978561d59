-- The root task: everything the command line can do starts here.
return function(args)
  local task = require "host.task"
  print(#args, args[1])
  task.sleep(0.01)
  local t = task.spawn(function(a) task.sleep(0.01) return a, 2 end, 7)
  print(t, t:join())
  print(pcall(function() return task.spawn(function() error "boom" end):join() end))
  print(task.deadline(0.05, function() task.sleep(5) end))
  print(task.deadline(0.05, function() return "fast" end))
  print(pcall(function() task.sleep("x") end))
  local t2 = task.spawn(function() task.sleep(5) end)
  t2:cancel() print(t2:join())
  if args[1] == "hang" then while true do end end
  if args[1] == "wait" then print(pcall(task.sleep, 100)); print(task.shielded(function() task.sleep(0.5) return "undone" end)); task.sleep(1) end
  return 5
end
