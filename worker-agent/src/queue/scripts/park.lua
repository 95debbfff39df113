-- Parks a claimed job that cannot be read. Its text goes back to the bytes that were submitted.
--
-- Keys    job:{id}, claim:{id}, queue:pending, queue:running, agent:dead-letter
-- ARGV    1 id  2 token  3 reason as JSON  4 user as JSON
-- Output  'parked' | 'fenced'
-- Events  none
--@include time
--@include park
--@include restore
local id = ARGV[1]
if redis.call('HGET', PREFIX.claim .. id, 'token') ~= ARGV[2] then return 'fenced' end
restore(id)
park(id, ARGV[3], ARGV[4])
return 'parked'
