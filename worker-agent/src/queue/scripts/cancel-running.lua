-- Marks a running job cancelled, as the platform does: status only (contract 1.7). Whoever runs it stops and finishes.
--
-- Keys    job:{id}
-- ARGV    1 id  2–5 guard  6… splices
-- Output  'done' | 'not-found' | 'changed'
-- Events  job_updated
--@include time
--@include guard
--@include splice
--@include publish
local job_key = PREFIX.job .. ARGV[1]
if redis.call('EXISTS', job_key) == 0 then return 'not-found' end
if not guard_holds(job_key, 2) then return 'changed' end
apply_splices(job_key, 6)
publish_job(job_key, tonumber(ARGV[3]), tonumber(ARGV[4]))
return 'done'
