-- Writes running into the text of a reserved job that needed a real parser.
--
-- Keys    job:{id}, claim:{id}, queue:pending, queue:running
-- ARGV    1 id  2 token  3 user  4 offset of the status value afterwards
--         5–8 guard (includes/guard.lua)  9… splices (includes/splice.lua)
-- Output  {'started', date written} | {'fenced'} | {'gone'} | {'changed'}
-- Events  job_updated when started
--@include time
--@include guard
--@include splice
--@include publish
--@include tombstone
local id, job_key, claim = ARGV[1], PREFIX.job .. ARGV[1], PREFIX.claim .. ARGV[1]
if redis.call('HGET', claim, 'token') ~= ARGV[2] then return { 'fenced' } end
if redis.call('EXISTS', job_key) == 0 then
  bury_claim(id, ARGV[2], 'gone')
  return { 'gone' }
end
if not guard_holds(job_key, 5) then return { 'changed' } end
apply_splices(job_key, 9)
redis.call('ZREM', KEY.pending, id)
redis.call('ZADD', KEY.running, now_score, id)
redis.call('HDEL', claim, 'inPlace')
redis.call('HSET', claim, 'user', ARGV[3], 'statusAt', ARGV[4])
publish_job(job_key, tonumber(ARGV[6]), tonumber(ARGV[7]))
return { 'started', naive_date() .. 'Z' }
