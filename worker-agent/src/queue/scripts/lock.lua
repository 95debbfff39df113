-- Takes or renews a lock that one holder has at a time.
--
-- Keys    lock:{name}
-- ARGV    1 name  2 holder  3 how long it lives without renewal, ms
-- Output  'held' (it is ours now) | 'busy'
-- Events  none
local key = PREFIX.lock .. ARGV[1]
local holder = redis.call('GET', key)
if holder and holder ~= ARGV[2] then return 'busy' end
redis.call('SET', key, ARGV[2], 'PX', ARGV[3])
return 'held'
