-- The status of a claimed job, without moving its text.
--
-- Keys    job:{id}, claim:{id}
-- ARGV    1 id
-- Output  the status | 'gone' | 'unsure' (the caller must read the text)
-- Events  none
local job_key = PREFIX.job .. ARGV[1]
if redis.call('EXISTS', job_key) == 0 then return 'gone' end
local at = tonumber(redis.call('HGET', PREFIX.claim .. ARGV[1], 'statusAt') or '0')
if at <= 9 then return 'unsure' end
local around = redis.pcall('GETRANGE', job_key, at - 9, at + 12)
return type(around) == 'string' and string.match(around, '^"status":"(%l+)"') or 'unsure'
