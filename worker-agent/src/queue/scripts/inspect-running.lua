-- What stands in queue:running and who holds it. Read-only.
--
-- Keys    queue:running, claim:{id}, job:{id}
-- ARGV    none
-- Output  {now ms, then for each: id, score, status or '' when not told cheaply, token, worker, host, user, attempt,
--         until}; token is '' when nobody holds it
-- Events  none
--@include time
local reply = { string.format('%.0f', now_ms) }
local members = redis.call('ZRANGE', KEY.running, 0, -1, 'WITHSCORES')
for i = 1, #members, 2 do
  local id = members[i]
  local claim = redis.call('HMGET', PREFIX.claim .. id, 'statusAt', 'token', 'worker', 'host', 'user', 'attempt', 'until')
  local at, status = tonumber(claim[1] or '0'), ''
  if at > 9 then
    local around = redis.pcall('GETRANGE', PREFIX.job .. id, at - 9, at + 12)
    status = type(around) == 'string' and string.match(around, '^"status":"(%l+)"') or ''
  end
  for _, value in ipairs({ id, members[i + 1], status }) do reply[#reply + 1] = value end
  for field = 2, 7 do reply[#reply + 1] = claim[field] or '' end
end
return reply
