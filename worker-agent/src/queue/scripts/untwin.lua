-- Takes a running job out of queue:pending, where it stands a second time.
--
-- Keys    queue:running, queue:pending, claim:{id}
-- ARGV    1 id
-- Output  'done' | 'changed' (it no longer runs, or no longer waits)
-- Events  none
--@include time
--@include live
local id = ARGV[1]
if not is_claimed(id) or not redis.call('ZSCORE', KEY.running, id) then return 'changed' end
return redis.call('ZREM', KEY.pending, id) == 1 and 'done' or 'changed'
