-- Lets go of a reserved job that had already ended: it was a leftover in queue:pending.
--
-- Keys    claim:{id}, queue:pending, queue:running
-- ARGV    1 id  2 token
-- Output  'dropped' | 'fenced'
-- Events  none
local id = ARGV[1]
if redis.call('HGET', PREFIX.claim .. id, 'token') ~= ARGV[2] then return 'fenced' end
redis.call('DEL', PREFIX.claim .. id)
redis.call('ZREM', KEY.pending, id)
redis.call('ZREM', KEY.running, id)
return 'dropped'
