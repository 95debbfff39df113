-- Gives a claim a new token without requeueing the job: the old holder is fenced, the new one carries on.
--
-- Keys    job:{id}, claim:{id}, queue:running, queue:pending
-- ARGV    1 id  2 token that was seen; empty when no claim is stored  3 new token  4 worker  5 host  6 lease ms
--         7 '1' to take only what has expired  8 user  9 offset of the status value  10 score when none is stored
--         11–14 guard  15… splices
-- Output  {'taken', score, attempt, now ms, date written} | {'live'} | {'fenced'} | {'gone'} | {'changed'}
-- Events  none
--@include time
--@include guard
--@include splice
local id, new_token, job_key, claim = ARGV[1], ARGV[3], PREFIX.job .. ARGV[1], PREFIX.claim .. ARGV[1]
local known = redis.call('HMGET', claim, 'token', 'until', 'score', 'attempt', 'settled')
local function taken()
  local now = redis.call('HMGET', claim, 'score', 'attempt')
  return { 'taken', now[1], now[2], string.format('%.0f', now_ms), naive_date() .. 'Z' }
end
if known[1] ~= new_token then
  if known[5] or (known[1] or '') ~= ARGV[2] or (known[1] == '') then return { 'fenced' } end
  if ARGV[7] == '1' and tonumber(known[2] or '0') > now_ms then return { 'live' } end
end
if redis.call('EXISTS', job_key) == 0 then return { 'gone' } end
if not guard_holds(job_key, 11) then return { 'changed' } end
apply_splices(job_key, 15)
redis.call('HSET', claim, 'token', new_token, 'worker', ARGV[4], 'host', ARGV[5], 'user', ARGV[8],
  'until', string.format('%.0f', now_ms + tonumber(ARGV[6])), 'statusAt', ARGV[9],
  'score', known[3] or ARGV[10], 'attempt', known[4] or '1')
redis.call('ZREM', KEY.pending, id)
redis.call('ZADD', KEY.running, now_score, id)
return taken()
