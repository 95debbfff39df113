-- Ends a claim and remembers for an hour how, so that the same settle sent again gets the same answer.
local function bury_claim(id, token, status)
  local claim = PREFIX.claim .. id
  redis.call('DEL', claim)
  redis.call('HSET', claim, 'settled', token, 'status', status)
  redis.call('EXPIRE', claim, 3600)
  redis.call('ZREM', KEY.running, id)
  redis.call('ZREM', KEY.pending, id)
end
