-- Of some job ids, those that stand in no queue and that no agent has in hand. Read-only.
--
-- Keys    the platform's queues, agent:cancelled, agent:dead-letter, claim:{id}
-- ARGV    1… ids
-- Output  the ids that nobody would ever come back to
-- Events  none
--@include time
--@include live
local lost = {}
for _, id in ipairs(ARGV) do
  local placed = is_claimed(id) or redis.call('HEXISTS', KEY.deadLetter, id) == 1
  for _, queue in ipairs({ KEY.pending, KEY.running, KEY.completed, KEY.failed, KEY.cancelled }) do
    placed = placed or redis.call('ZSCORE', queue, id)
  end
  if not placed then lost[#lost + 1] = id end
end
return lost
