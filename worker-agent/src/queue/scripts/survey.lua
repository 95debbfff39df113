-- Looks for ids whose place in the queues cannot be right. Read-only; who finds one looks closer before acting.
--
-- Keys    queue:running, queue:pending, queue:completed, queue:failed, claim:{id}
-- ARGV    none
-- Output  pairs: what, id. what is
--           expired    in running, its claim's lease ran out
--           unclaimed  in running, no agent claims it
--           doubled    in running under a live claim, and waiting as well
--           ended      waiting, though it stands among the completed or failed
--           both       among the completed and among the failed
-- Events  none
--@include time
--@include live
local found = {}
local function say(what, id)
  found[#found + 1] = what
  found[#found + 1] = id
end
for _, id in ipairs(redis.call('ZRANGE', KEY.running, 0, -1)) do
  if is_claimed(id) then
    if redis.call('ZSCORE', KEY.pending, id) then say('doubled', id) end
  else
    local token = redis.call('HGET', PREFIX.claim .. id, 'token')
    say(token and token ~= '' and 'expired' or 'unclaimed', id)
  end
end
for _, ended in ipairs({ KEY.completed, KEY.failed }) do
  for _, id in ipairs(redis.call('ZINTER', 2, KEY.pending, ended)) do say('ended', id) end
end
for _, id in ipairs(redis.call('ZINTER', 2, KEY.completed, KEY.failed)) do say('both', id) end
return found
