-- Takes the next waiting job for one worker: out of queue:pending, into queue:running, under a token.
--
-- Keys    queue:pending, queue:running, job:{id}, claim:{id}, claim-of:{worker}, agent:control, agent:dead-letter,
--         user:{user}:completed, served:{day}, starts:{user}
-- ARGV    1 token  2 worker id  3 host id  4 lease ms  5 queue mode  6… job ids to pass over
-- Output  {'held'} | {'none'} | {'again'} a bounded number of leftovers was cleared, call again
--         {'parked', id, reason}
--         {'claimed', id, text, rest of text, place}   the text now says running; place is 'score attempt now-ms'
--         {'reserved', id, text or '', '', place}   the text is as it was: the caller reads it ('' = GET
--         it, it is large) and runs start, drop or park
-- Events  job_updated when claimed
--@include time
--@include publish
--@include user-of
--@include park
--@include control
--@include queue-order

local LARGE = 524288
local token, worker, claim_of = ARGV[1], ARGV[2], PREFIX.claimOf .. ARGV[2]

-- Score, attempt and now as one text: each element of a reply costs.
local function place(score, attempt)
  return score .. ' ' .. attempt .. string.format(' %.0f', now_ms)
end

local function small_text(job_key)
  return redis.call('STRLEN', job_key) <= LARGE and redis.call('GET', job_key) or ''
end

-- A claim sent again (lost reply) gets the job that the first one took.
local last = redis.call('GET', claim_of)
if last and string.sub(last, 1, #token) == token then
  local id = string.sub(last, #token + 2)
  local mine = redis.call('HMGET', PREFIX.claim .. id, 'token', 'score', 'attempt')
  if mine[1] == token and redis.call('EXISTS', PREFIX.job .. id) == 1 then
    return { 'reserved', id, small_text(PREFIX.job .. id), '', place(mine[2], mine[3]) }
  end
end

local control = read_control()
if control.held == true then return { 'held' } end
local mode = type(control.mode) == 'string' and control.mode or ARGV[5]
local filter = { passed_over = {}, held = passed_users(control), limit = line_limits(control) }
for i = 6, #ARGV do filter.passed_over[ARGV[i]] = true end

-- The platform's layout, told by its first bytes and by the one place where the status can stand. Returns the two
-- parts of the text with the job running, its user, where the status value stands (zero-based) and where the workflow
-- starts; nothing when it must be read by a real parser. includes/restore.lua is the inverse.
-- Without its first quote: a plain search stops at each byte that starts the needle.
local NEEDLE = 'status":"pending","priority":'
local NOT_STARTED = ',"started_at":null,"completed_at":null,"worker_id":null'
local UNTOUCHED = NOT_STARTED .. ',"result":null,"error":null,"metadata":{'
local function start_in_place(job_key, id, text)
  local _, open, own_id, user = string.find(text, '^{"id":"([^"\\]*)","user_id":"([%w_-]+)","workflow":{')
  if own_id ~= id then return nil end
  local at, needle_end = string.find(text, NEEDLE, open, true)
  if not at or string.find(text, NEEDLE, needle_end, true) then return nil end
  at = at - 1
  if string.sub(text, at - 1, at) ~= ',"' then return nil end
  local _, created_end = string.find(text, '^[0-3],"created_at":"[^"\\]*"', needle_end + 1)
  if not created_end or string.sub(text, created_end + 1, created_end + #UNTOUCHED) ~= UNTOUCHED then return nil end
  local changed = '"status":"running"' .. string.sub(text, at + 18, created_end) .. ',"started_at":"' .. naive_date()
    .. 'Z","completed_at":null,"worker_id":"' .. worker .. '"' .. string.sub(text, created_end + 1 + #NOT_STARTED)
  redis.call('SETRANGE', job_key, at - 1, changed)
  return string.sub(text, 1, at - 1), changed, user, at + 8, open - 1
end

-- What lets a user's next job into the line (includes/queue-order.lua).
local function note_start(user, id)
  local starts = PREFIX.starts .. user
  redis.call('ZADD', starts, now_score, id)
  redis.call('ZREMRANGEBYRANK', starts, 0, -65)
  redis.call('EXPIRE', starts, 86400)
end

-- Takes one id. Returns the reply, or nothing when the id was a leftover and was cleared.
local function take(id, score)
  local job_key, claim_key = PREFIX.job .. id, PREFIX.claim .. id
  local known = redis.call('HMGET', claim_key, 'token', 'until', 'attempt', 'settled')
  if known[1] and known[1] ~= '' and tonumber(known[2] or '0') > now_ms then
    redis.call('ZREM', KEY.pending, id)
    return nil
  end
  local text = redis.pcall('GETRANGE', job_key, 0, LARGE)
  if type(text) ~= 'string' or (text == '' and redis.call('EXISTS', job_key) == 0) then
    local reason = text == '' and 'its job key is missing' or 'its job key is not a text'
    park(id, '"' .. reason .. '"')
    return { 'parked', id, reason }
  end
  -- What an earlier claim left: its end, or an expiry after a requeue. The attempt is carried over.
  if known[1] or known[4] then redis.call('DEL', claim_key) end
  local attempt = tonumber(known[3] or '0') + 1
  local expiry = string.format('%.0f', now_ms + tonumber(ARGV[4]))
  local before, changed, user, status_at, workflow_start
  if #text <= LARGE then
    before, changed, user, status_at, workflow_start = start_in_place(job_key, id, text)
  else
    text = ''
  end
  redis.call('ZREM', KEY.pending, id)
  redis.call('ZADD', KEY.running, now_score, id)
  redis.call('SET', claim_of, token .. ' ' .. id, 'EX', 300)
  note_start(user or user_of(id), id)
  if not before then
    redis.call('HSET', claim_key, 'token', token, 'attempt', attempt, 'score', score, 'worker', worker,
      'host', ARGV[3], 'until', expiry)
    return { 'reserved', id, text, '', place(score, attempt) }
  end
  redis.call('HSET', claim_key, 'token', token, 'attempt', attempt, 'score', score, 'worker', worker,
    'host', ARGV[3], 'until', expiry, 'user', user, 'statusAt', status_at, 'inPlace', 1)
  if status_at <= 262144 then
    publish_text(before, changed)
  else
    publish_job(job_key, workflow_start, status_at - 10)
  end
  return { 'claimed', id, before, changed, place(score, attempt) }
end

local served_turn = false
local function pick()
  if type(control.nextTurn) == 'string' then
    filter.only = control.nextTurn
    local id, score = first_waiting(filter)
    filter.only = nil
    if id then
      served_turn = true
      return id, score
    end
  end
  served_turn = false
  return next_waiting(mode, filter)
end

for _ = 1, 16 do
  local id, score = pick()
  if not id then return { 'none' } end
  local reply = take(id, score)
  if reply then
    if served_turn and reply[1] ~= 'parked' then clear_next_turn(control) end
    return reply
  end
end
return { 'again' }
