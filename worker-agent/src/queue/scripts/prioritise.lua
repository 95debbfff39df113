-- Changes the priority of a waiting job: the JSON and its place in the queue together, which the platform's own
-- endpoint does not achieve (contract 2.3).
--
-- Keys    job:{id}, claim:{id}, queue:pending
-- ARGV    1 id  2 new score (contract 1.4)  3–6 guard  7… splices
-- Output  'done' | 'not-found' | 'running' (an agent has it) | 'nowhere' (not in queue:pending) | 'changed'
-- Events  job_updated
--@include time
--@include guard
--@include splice
--@include publish
--@include live
local id, job_key = ARGV[1], PREFIX.job .. ARGV[1]
if redis.call('EXISTS', job_key) == 0 then return 'not-found' end
if is_claimed(id) then return 'running' end
if not guard_holds(job_key, 3) then return 'changed' end
if not redis.call('ZSCORE', KEY.pending, id) then return 'nowhere' end
apply_splices(job_key, 7)
redis.call('ZADD', KEY.pending, ARGV[2], id)
publish_job(job_key, tonumber(ARGV[4]), tonumber(ARGV[5]))
return 'done'
