-- Reads a job without moving its workflow: what stands before and behind it.
--
-- Keys    job:{id}
-- ARGV    1 id
-- Output  {'job', workflow start, workflow end, bytes before, bytes behind}
--         {'gone'} | {'unreadable'} | {'unsure'} (the caller must read the whole text)
-- Events  none
--@include look
local kind, _, found = look(ARGV[1])
if kind ~= 'job' then return { kind } end
local job_key = PREFIX.job .. ARGV[1]
return { 'job', tostring(found.workflow_start), tostring(found.workflow_end),
  redis.call('GETRANGE', job_key, 0, found.workflow_start - 1),
  redis.call('GETRANGE', job_key, found.workflow_end, -1) }
