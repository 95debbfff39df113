-- Puts an id that cannot be served into the dead-letter list; the job's text is left as it is.
-- `reason_json` is a JSON string.
local function park(id, reason_json, user_json)
  redis.call('ZREM', KEY.pending, id)
  redis.call('ZREM', KEY.running, id)
  redis.call('DEL', PREFIX.claim .. id)
  redis.call('HSET', KEY.deadLetter, id, '{"reason":' .. reason_json
    .. ',"at":' .. string.format('%.0f', now_ms) .. (user_json and ',"userId":' .. user_json or '') .. '}')
end
