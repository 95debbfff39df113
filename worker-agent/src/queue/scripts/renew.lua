-- Renews leases, keeps the running scores fresh enough for the platform's sweep (contract 1.8), and tells what became
-- of each job.
--
-- Keys    claim:{id}, job:{id}, queue:running, queue:pending
-- ARGV    1 lease ms  2 age in s at which a running score is refreshed  3… pairs: id, token
-- Output  one word per pair: renewed | lost | missing (no claim is stored) | cancelled | gone
--         | ended (somebody else ended it; cleared) | unsure (the caller must read the text)
-- Events  none
--@include time
--@include tombstone
local lease_until = string.format('%.0f', now_ms + tonumber(ARGV[1]))

local function renew(id, token)
  local claim, job_key = PREFIX.claim .. id, PREFIX.job .. id
  local known = redis.call('HMGET', claim, 'token', 'statusAt', 'settled')
  if not known[1] and not known[3] then return 'missing' end
  if known[1] ~= token then return 'lost' end
  if redis.call('EXISTS', job_key) == 0 then
    bury_claim(id, token, 'gone')
    return 'gone'
  end
  redis.call('HSET', claim, 'until', lease_until)
  local at = tonumber(known[2] or '0')
  local status
  if at > 9 then
    status = string.match(redis.call('GETRANGE', job_key, at - 9, at + 12), '^"status":"(%l+)"')
  end
  if status == 'cancelled' then return 'cancelled' end
  if status == 'failed' or status == 'completed' then
    bury_claim(id, token, status)
    redis.call('ZADD', status == 'failed' and KEY.failed or KEY.completed, 'NX', now_score, id)
    return 'ended'
  end
  local score = tonumber(redis.call('ZSCORE', KEY.running, id) or '0')
  if now_s - score >= tonumber(ARGV[2]) then redis.call('ZADD', KEY.running, now_score, id) end
  return status == 'running' and 'renewed' or 'unsure'
end

local words = {}
for i = 3, #ARGV, 2 do words[#words + 1] = renew(ARGV[i], ARGV[i + 1]) end
return words
