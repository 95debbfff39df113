-- Undoes the text change of a claim whose status turned out to stand elsewhere; the claim itself goes on as reserved.
--
-- Keys    job:{id}, claim:{id}
-- ARGV    1 id  2 token
-- Output  'restored' | 'fenced'
-- Events  none
--@include restore
if redis.call('HGET', PREFIX.claim .. ARGV[1], 'token') ~= ARGV[2] then return 'fenced' end
restore(ARGV[1])
return 'restored'
