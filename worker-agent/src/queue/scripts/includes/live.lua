-- Whether an agent holds the job at this moment.
local function is_claimed(id)
  local claim = redis.call('HMGET', PREFIX.claim .. id, 'token', 'until')
  return claim[1] and claim[1] ~= '' and tonumber(claim[2] or '0') > now_ms
end
