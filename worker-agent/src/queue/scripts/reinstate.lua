-- Takes back what cancel-pending did: the job waits again, in its old place.
--
-- Keys    job:{id}, queue:pending, user:{user}:jobs, withdrawn:{id}, withdrawn:{id}:score
-- ARGV    1 id
-- Output  'done' (also when the job is there already) | 'not-found' (it was never cancelled, or too long ago)
-- Events  job_updated
--@include time
--@include publish
--@include user-of
--@include look
local id, job_key, withdrawn = ARGV[1], PREFIX.job .. ARGV[1], PREFIX.withdrawn .. ARGV[1]
if redis.call('EXISTS', job_key) == 1 then return 'done' end
local score = redis.call('GET', withdrawn .. ':score')
if not score or redis.call('EXISTS', withdrawn) == 0 then return 'not-found' end
redis.call('RENAME', withdrawn, job_key)
redis.call('PERSIST', job_key)
redis.call('DEL', withdrawn .. ':score')
redis.call('SADD', PREFIX.user .. user_of(id) .. ':jobs', id)
local kind, _, found = look(id)
-- One that stood in no queue goes behind those of its priority (contract 1.4).
if score == '' then
  score = string.format('%.6f', (kind == 'job' and tonumber(found.fields.priority) or 2) * 1000000 + now_s)
end
redis.call('ZADD', KEY.pending, score, id)
if kind == 'job' then publish_job(job_key, found.workflow_start, found.workflow_end) end
return 'done'
