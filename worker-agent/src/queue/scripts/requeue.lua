-- Gives a claimed job back to its old place in the queue. Attempt and score stay in the claim's hash.
--
-- Keys    job:{id}, claim:{id}, queue:running, queue:pending
-- ARGV    1 id  2 token  3 score to use when none is stored  4 reason  5 '1' when the attempt does not count
--         6–9 guard  10… splices
-- Output  'requeued' | 'fenced' | 'gone' | 'changed'
-- Events  job_updated
--@include time
--@include guard
--@include splice
--@include publish
--@include tombstone
local id, token = ARGV[1], ARGV[2]
local job_key, claim = PREFIX.job .. id, PREFIX.claim .. id
local known = redis.call('HMGET', claim, 'token', 'score', 'requeued')
if known[1] ~= token then return known[3] == token and 'requeued' or 'fenced' end
if redis.call('EXISTS', job_key) == 0 then
  bury_claim(id, token, 'gone')
  return 'gone'
end
if not guard_holds(job_key, 6) then return 'changed' end
apply_splices(job_key, 10)
redis.call('ZREM', KEY.running, id)
redis.call('ZADD', KEY.pending, known[2] or ARGV[3], id)
redis.call('HDEL', claim, 'inPlace', 'statusAt')
redis.call('HSET', claim, 'token', '', 'until', '0', 'requeued', token, 'reason', ARGV[4])
if ARGV[5] == '1' then redis.call('HINCRBY', claim, 'attempt', -1) end
-- The platform may delete a waiting job; what we remember of it then goes by itself.
redis.call('EXPIRE', claim, 604800)
publish_job(job_key, tonumber(ARGV[7]), tonumber(ARGV[8]))
return 'requeued'
