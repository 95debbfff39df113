-- Ends a claimed job (contract 1.7, 1.9): text, queues, counters and claim in one step.
--
-- Keys    job:{id}, claim:{id}, queue:running, queue:pending, queue:completed, queue:failed, agent:cancelled,
--         user:{user}:completed, served:{day}
-- ARGV    1 id  2 token  3 status it ends in  4 user  5 '1' when this call ends it, '0' when somebody else did and
--         only the leftovers are cleared  6 '1' when a claim lost by Redis itself is no obstacle
--         7–10 guard (includes/guard.lua)  11… splices (includes/splice.lua)
-- Output  {'settled', status} now or by the same call sent before | {'fenced'} | {'gone'} | {'changed'}
-- Events  job_updated
--@include time
--@include guard
--@include splice
--@include publish
--@include tombstone
local id, token, status, user = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local job_key = PREFIX.job .. id
local claim = redis.call('HMGET', PREFIX.claim .. id, 'token', 'settled', 'status')
if claim[2] == token then
  if claim[3] == 'gone' then return { 'gone' } end
  return { 'settled', claim[3] }
end
local stored = claim[1] or claim[2]
if claim[1] ~= token and (stored or ARGV[6] ~= '1') then return { 'fenced' } end
if redis.call('EXISTS', job_key) == 0 then
  bury_claim(id, token, 'gone')
  return { 'gone' }
end
if not guard_holds(job_key, 7) then return { 'changed' } end
apply_splices(job_key, 11)
bury_claim(id, token, status)
if status == 'cancelled' then
  redis.call('ZADD', KEY.cancelled, now_score, id)
  redis.call('ZREMRANGEBYRANK', KEY.cancelled, 0, -1001)
else
  local ended = status == 'completed' and KEY.completed or KEY.failed
  if ARGV[5] == '1' then
    redis.call('ZADD', ended, now_score, id)
    if status == 'completed' then redis.pcall('INCR', PREFIX.user .. user .. ':completed') end
    local served = PREFIX.served .. today()
    redis.call('HINCRBY', served, user, 1)
    redis.call('EXPIRE', served, 172800)
  else
    redis.call('ZADD', ended, 'NX', now_score, id)
  end
end
publish_job(job_key, tonumber(ARGV[8]), tonumber(ARGV[9]))
return { 'settled', status }
