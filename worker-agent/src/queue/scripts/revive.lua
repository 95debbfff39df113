-- Moves a job that has ended, or that stands in no queue, back to pending; attempts start anew.
--
-- Keys    job:{id}, claim:{id}, the platform's queues, agent:cancelled, agent:dead-letter, user:{user}:jobs
-- ARGV    1 id  2 user  3 score  4 '1' when the job must stand in no queue (its status says pending or running)
--         5–8 guard  9… splices
-- Output  'done' | 'not-found' | 'running' (an agent has it) | 'queued' (it stands in a queue) | 'changed'
-- Events  job_updated
--@include time
--@include guard
--@include splice
--@include publish
--@include live
local id, job_key, claim = ARGV[1], PREFIX.job .. ARGV[1], PREFIX.claim .. ARGV[1]
if redis.call('EXISTS', job_key) == 0 then return 'not-found' end
if is_claimed(id) then return 'running' end
if not guard_holds(job_key, 5) then return 'changed' end
if ARGV[4] == '1' and (redis.call('ZSCORE', KEY.pending, id) or redis.call('ZSCORE', KEY.running, id)) then
  return 'queued'
end
apply_splices(job_key, 9)
for _, queue in ipairs({ KEY.running, KEY.completed, KEY.failed, KEY.cancelled }) do redis.call('ZREM', queue, id) end
redis.call('HDEL', KEY.deadLetter, id)
redis.call('SADD', PREFIX.user .. ARGV[2] .. ':jobs', id)
redis.call('ZADD', KEY.pending, ARGV[3], id)
-- An agent that still believes in an expired claim must find itself fenced.
redis.call('DEL', claim)
redis.call('HSET', claim, 'token', '', 'until', '0', 'attempt', '0')
redis.call('EXPIRE', claim, 604800)
publish_job(job_key, tonumber(ARGV[6]), tonumber(ARGV[7]))
return 'done'
