-- Puts back, byte by byte, what claim.lua wrote into a text that turned out not to be the platform's layout.
local function restore(id)
  local job_key, claim_key = PREFIX.job .. id, PREFIX.claim .. id
  local claim = redis.call('HMGET', claim_key, 'inPlace', 'statusAt')
  if not claim[1] or redis.call('TYPE', job_key).ok ~= 'string' then return end
  local from = tonumber(claim[2]) - 9
  local changed = redis.call('GETRANGE', job_key, from, -1)
  -- Anything written by somebody else since stays.
  local _, stop, kept = string.find(changed, '^"status":"running"(,"priority":%d,"created_at":"[^"]*"),'
    .. '"started_at":"[^"]*","completed_at":null,"worker_id":"[^"]*"')
  if stop then
    redis.call('SET', job_key, redis.call('GETRANGE', job_key, 0, from - 1) .. '"status":"pending"' .. kept
      .. ',"started_at":null,"completed_at":null,"worker_id":null' .. string.sub(changed, stop + 1))
  end
  redis.call('HDEL', claim_key, 'inPlace', 'statusAt')
end
