-- Notes that ComfyUI is through with a job whose files and end are still on their way, so that round_robin counts it.
--
-- Keys    claim:{id}
-- ARGV    1 id  2 token
-- Output  'noted' | 'fenced'
-- Events  none
local claim = PREFIX.claim .. ARGV[1]
if redis.call('HGET', claim, 'token') ~= ARGV[2] then return 'fenced' end
redis.call('HSET', claim, 'executed', '1')
return 'noted'
