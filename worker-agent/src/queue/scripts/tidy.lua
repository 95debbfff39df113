-- Puts a job that has ended into the one queue where it belongs and takes it out of the others.
--
-- Keys    job:{id}, the platform's queues, agent:cancelled, agent:dead-letter, claim:{id}, user:{user}:completed
-- ARGV    1 id  2 completed | failed | cancelled | missing (no job key: parked)  3 user  4 when it ended, epoch s, or
--         '' for now  5–8 guard, unless missing
-- Output  'done' | 'running' (an agent has it) | 'changed'
-- Events  none
--@include time
--@include guard
--@include live
local id, status, job_key = ARGV[1], ARGV[2], PREFIX.job .. ARGV[1]
if is_claimed(id) then return 'running' end
if status == 'missing' then
  if redis.call('EXISTS', job_key) == 1 then return 'changed' end
  local placed = false
  for _, queue in ipairs({ KEY.pending, KEY.running, KEY.completed, KEY.failed }) do
    placed = placed or redis.call('ZSCORE', queue, id)
  end
  -- Deleted as a whole meanwhile: there is nothing to set aside.
  if not placed then return 'changed' end
  local reason = '{"reason":"its job key is missing","at":' .. string.format('%.0f', now_ms) .. '}'
  redis.call('HSET', KEY.deadLetter, id, reason)
elseif not guard_holds(job_key, 5) then
  return 'changed'
end
local places = { completed = KEY.completed, failed = KEY.failed, cancelled = KEY.cancelled }
local place = places[status]
local left = redis.call('ZREM', KEY.pending, id) + redis.call('ZREM', KEY.running, id)
for _, queue in ipairs({ KEY.completed, KEY.failed }) do
  if queue ~= place then redis.call('ZREM', queue, id) end
end
if place then
  local ended = tonumber(ARGV[4])
  local score = ended and ended <= now_s and ARGV[4] or now_score
  local added = redis.call('ZADD', place, 'NX', score, id)
  -- The platform's broken complete-job writes the text and counts nothing (contract 1.6).
  if status == 'completed' and added == 1 and left > 0 then
    redis.pcall('INCR', PREFIX.user .. ARGV[3] .. ':completed')
  end
  if status == 'cancelled' then redis.call('ZREMRANGEBYRANK', place, 0, -1001) end
end
redis.call('DEL', PREFIX.claim .. id)
return 'done'
