-- Removes a waiting job as the platform's cancel does: the record disappears (contract 1.7). Its text and place are
-- kept aside for 15 minutes, so that reinstate can take it back.
--
-- Keys    job:{id}, claim:{id}, all four queues, user:{user}:jobs, withdrawn:{id}, withdrawn:{id}:score
-- ARGV    1 id  2 user  3–6 guard; empty when the job key was seen missing
-- Output  'done' | 'not-found' | 'running' (an agent has it) | 'changed'
-- Events  job_deleted
--@include time
--@include guard
--@include live
local id, job_key = ARGV[1], PREFIX.job .. ARGV[1]
if is_claimed(id) then return 'running' end
if redis.call('EXISTS', job_key) == 0 then
  return redis.call('ZREM', KEY.pending, id) == 1 and 'done' or 'not-found'
end
if #ARGV < 6 or not guard_holds(job_key, 3) then return 'changed' end
local withdrawn = PREFIX.withdrawn .. id
redis.call('SET', withdrawn .. ':score', redis.call('ZSCORE', KEY.pending, id) or '', 'EX', 900)
for _, queue in ipairs({ KEY.pending, KEY.running, KEY.completed, KEY.failed }) do redis.call('ZREM', queue, id) end
redis.call('SREM', PREFIX.user .. ARGV[2] .. ':jobs', id)
redis.call('RENAME', job_key, withdrawn)
redis.call('EXPIRE', withdrawn, 900)
redis.call('DEL', PREFIX.claim .. id)
redis.call('PUBLISH', CHANNEL.updates,
  '{"type":"job_deleted","data":{"job_id":' .. cjson.encode(id) .. '},"timestamp":"' .. naive_date() .. '+00:00"}')
return 'done'
