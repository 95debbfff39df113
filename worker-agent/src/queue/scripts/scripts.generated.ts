// Generated from *.lua by generate.ts (npm run generate). Do not edit.
// biome-ignore-all format: generated
export const scripts = {
  cancelPending: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function guard_holds(job_key, first)
  if redis.call('STRLEN', job_key) ~= tonumber(ARGV[first]) then return false end
  local around = redis.call('GETRANGE', job_key, 0, tonumber(ARGV[first + 1]) - 1)
    .. redis.call('GETRANGE', job_key, tonumber(ARGV[first + 2]), -1)
  return redis.sha1hex(around) == ARGV[first + 3]
end
local function is_claimed(id)
  local claim = redis.call('HMGET', 'claim:' .. id, 'token', 'until')
  return claim[1] and claim[1] ~= '' and tonumber(claim[2] or '0') > now_ms
end
local id, job_key = ARGV[1], 'job:' .. ARGV[1]
if is_claimed(id) then return 'running' end
if redis.call('EXISTS', job_key) == 0 then
  return redis.call('ZREM', 'queue:pending', id) == 1 and 'done' or 'not-found'
end
if #ARGV < 6 or not guard_holds(job_key, 3) then return 'changed' end
local withdrawn = 'withdrawn:' .. id
redis.call('SET', withdrawn .. ':score', redis.call('ZSCORE', 'queue:pending', id) or '', 'EX', 900)
for _, queue in ipairs({ 'queue:pending', 'queue:running', 'queue:completed', 'queue:failed' }) do redis.call('ZREM', queue, id) end
redis.call('SREM', 'user:' .. ARGV[2] .. ':jobs', id)
redis.call('RENAME', job_key, withdrawn)
redis.call('EXPIRE', withdrawn, 900)
redis.call('DEL', 'claim:' .. id)
redis.call('PUBLISH', 'queue:updates',
  '{"type":"job_deleted","data":{"job_id":' .. cjson.encode(id) .. '},"timestamp":"' .. naive_date() .. '+00:00"}')
return 'done'
`,
  cancelRunning: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function guard_holds(job_key, first)
  if redis.call('STRLEN', job_key) ~= tonumber(ARGV[first]) then return false end
  local around = redis.call('GETRANGE', job_key, 0, tonumber(ARGV[first + 1]) - 1)
    .. redis.call('GETRANGE', job_key, tonumber(ARGV[first + 2]), -1)
  return redis.sha1hex(around) == ARGV[first + 3]
end
local PIECE = 262144
local function apply_splices(job_key, first)
  if #ARGV < first then return end
  local from = tonumber(ARGV[first])
  local old = redis.call('GETRANGE', job_key, from, -1)
  local parts, at = {}, from
  for i = first, #ARGV, 3 do
    local start, text = tonumber(ARGV[i]), ARGV[i + 2]
    if string.find(text, '\\1', 1, true) then text = string.gsub(text, '\\1', '"' .. naive_date() .. 'Z"') end
    parts[#parts + 1] = string.sub(old, at - from + 1, start - from)
    parts[#parts + 1] = text
    at = start + tonumber(ARGV[i + 1])
  end
  parts[#parts + 1] = string.sub(old, at - from + 1)
  local new = table.concat(parts)
  if #new >= #old then
    redis.call('SETRANGE', job_key, from, new)
  elseif from <= PIECE then
    redis.call('SET', job_key, redis.call('GETRANGE', job_key, 0, from - 1) .. new)
  else
    local copy = 'claim:' .. '/rewrite'
    redis.call('SETRANGE', copy, from, new)
    for piece = 0, from - 1, PIECE do
      redis.call('SETRANGE', copy, piece, redis.call('GETRANGE', job_key, piece, math.min(piece + PIECE, from) - 1))
    end
    redis.call('RENAME', copy, job_key)
  end
end
local function publish_text(text, rest)
  redis.call('PUBLISH', 'queue:updates',
    '{"type":"job_updated","data":' .. text .. rest .. ',"timestamp":"' .. naive_date() .. '+00:00"}')
end
local function publish_job(job_key, workflow_start, workflow_end)
  if redis.call('PUBSUB', 'NUMSUB', 'queue:updates')[2] == 0 and redis.call('PUBSUB', 'NUMPAT') == 0 then return end
  local data
  if redis.call('STRLEN', job_key) <= 262144 then
    data = redis.call('GET', job_key)
  else
    data = redis.call('GETRANGE', job_key, 0, workflow_start - 1) .. '{}'
      .. redis.call('GETRANGE', job_key, workflow_end, -1)
  end
  publish_text(data, '')
end
local job_key = 'job:' .. ARGV[1]
if redis.call('EXISTS', job_key) == 0 then return 'not-found' end
if not guard_holds(job_key, 2) then return 'changed' end
apply_splices(job_key, 6)
publish_job(job_key, tonumber(ARGV[3]), tonumber(ARGV[4]))
return 'done'
`,
  claim: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function publish_text(text, rest)
  redis.call('PUBLISH', 'queue:updates',
    '{"type":"job_updated","data":' .. text .. rest .. ',"timestamp":"' .. naive_date() .. '+00:00"}')
end
local function publish_job(job_key, workflow_start, workflow_end)
  if redis.call('PUBSUB', 'NUMSUB', 'queue:updates')[2] == 0 and redis.call('PUBSUB', 'NUMPAT') == 0 then return end
  local data
  if redis.call('STRLEN', job_key) <= 262144 then
    data = redis.call('GET', job_key)
  else
    data = redis.call('GETRANGE', job_key, 0, workflow_start - 1) .. '{}'
      .. redis.call('GETRANGE', job_key, workflow_end, -1)
  end
  publish_text(data, '')
end
local function user_of(id)
  local head = redis.pcall('GETRANGE', 'job:' .. id, 0, 127)
  if type(head) ~= 'string' then return '?' .. id end
  local user = string.match(head, '^{"id":"[^"\\\\]*","user_id":"([^"\\\\]*)"')
  if user then return user end
  head = redis.call('GETRANGE', 'job:' .. id, 0, 511)
  local before = string.match(head, '^(.-)"workflow"') or head
  return string.match(before, '"user_id"%s*:%s*"([^"\\\\]*)"') or '?' .. id
end
local function park(id, reason_json, user_json)
  redis.call('ZREM', 'queue:pending', id)
  redis.call('ZREM', 'queue:running', id)
  redis.call('DEL', 'claim:' .. id)
  redis.call('HSET', 'agent:dead-letter', id, '{"reason":' .. reason_json
    .. ',"at":' .. string.format('%.0f', now_ms) .. (user_json and ',"userId":' .. user_json or '') .. '}')
end
local function read_control()
  local raw = redis.pcall('GET', 'agent:control')
  if type(raw) ~= 'string' then return {} end
  local ok, control = pcall(cjson.decode, raw)
  return ok and type(control) == 'table' and control or {}
end
local function clear_next_turn(control)
  local users = {}
  for _, user in ipairs(type(control.heldUsers) == 'table' and control.heldUsers or {}) do
    users[#users + 1] = cjson.encode(user)
  end
  control.nextTurn = cjson.null
  control.revision = (tonumber(control.revision) or 0) + 1
  control.heldUsers = nil
  local rest = cjson.encode(control)
  redis.call('SET', 'agent:control', string.sub(rest, 1, -2) .. ',"heldUsers":[' .. table.concat(users, ',') .. ']}')
end
local function running_by_user()
  local running = {}
  for _, id in ipairs(redis.call('ZRANGE', 'queue:running', 0, -1)) do
    local user = redis.call('HGET', 'claim:' .. id, 'user')
    if not user or user == '' then user = user_of(id) end
    running[user] = (running[user] or 0) + 1
  end
  return running
end
local function line_limits(control)
  local caps = type(control.lineCaps) == 'table' and control.lineCaps or {}
  local own = type(caps.users) == 'table' and caps.users or {}
  local everybody = tonumber(caps.everybody)
  if not everybody and not next(own) then return nil end
  return function(user) return tonumber(own[user]) or everybody end
end
local function passed_users(control)
  local passed
  if type(control.heldUsers) == 'table' then
    for _, user in ipairs(control.heldUsers) do
      passed = passed or {}
      passed[user] = true
    end
  end
  local caps = type(control.caps) == 'table' and control.caps or {}
  local own = type(caps.users) == 'table' and caps.users or {}
  local everybody = tonumber(caps.everybody)
  if everybody or next(own) then
    for user, count in pairs(running_by_user()) do
      local cap = tonumber(own[user]) or everybody
      if cap and count >= cap then
        passed = passed or {}
        passed[user] = true
      end
    end
  end
  return passed
end
local function each_pending(visit)
  local from, page = 0, 1
  while true do
    local slice = redis.call('ZRANGE', 'queue:pending', from, from + page - 1, 'WITHSCORES')
    for i = 1, #slice, 2 do
      if visit(slice[i], slice[i + 1]) then return end
    end
    if #slice < page * 2 then return end
    from, page = from + page, page == 1 and 31 or 512
  end
end
local function starts_of(user)
  local starts = {}
  local known = redis.call('ZREVRANGE', 'starts:' .. user, 0, -1, 'WITHSCORES')
  for i = 1, #known, 2 do
    if not redis.call('ZSCORE', 'queue:pending', known[i]) then starts[#starts + 1] = tonumber(known[i + 1]) end
  end
  return starts
end
local function first_in_line(filter)
  local ranks, starts = {}, {}
  local best, best_score, best_user, best_place
  local behind, behind_score, behind_user
  each_pending(function(id, score)
    local place = tonumber(score)
    if best and place >= best_place then return true end
    local user = user_of(id)
    if filter.held and filter.held[user] then return false end
    local rank = (ranks[user] or 0) + 1
    ranks[user] = rank
    if filter.passed_over[id] then return false end
    local limit = filter.limit(user)
    if limit and rank > limit then
      if not behind then behind, behind_score, behind_user = id, score, user end
      return false
    end
    if limit then
      starts[user] = starts[user] or starts_of(user)
      local let_in = starts[user][limit - rank + 1]
      if let_in then place = math.max(place, let_in + 1000000 * math.max(0, floor((place - now_s) / 1000000 + 0.5))) end
    end
    if not best or place < best_place then
      best, best_score, best_user, best_place = id, score, user, place
    end
    return false
  end)
  if best then return best, best_score, best_user end
  return behind, behind_score, behind_user
end
local function first_waiting(filter)
  if filter.limit and not filter.only then return first_in_line(filter) end
  local found, found_score, found_user
  each_pending(function(id, score)
    if filter.passed_over[id] then return false end
    local user
    if filter.held or filter.only then
      user = user_of(id)
      if filter.held and filter.held[user] then return false end
      if filter.only and filter.only ~= user then return false end
    end
    found, found_score, found_user = id, score, user
    return true
  end)
  return found, found_score, found_user
end
local least_served
function least_served(filter, count_of)
  local best, best_score, best_user, best_count
  local counts, ranks, behind = {}, {}, false
  each_pending(function(id, score)
    if filter.passed_over[id] and not filter.limit then return false end
    local user = user_of(id)
    if counts[user] or (filter.held and filter.held[user]) then return false end
    local rank = (ranks[user] or 0) + 1
    ranks[user] = rank
    if filter.passed_over[id] then return false end
    local limit = filter.limit and filter.limit(user)
    if limit and rank > limit then
      behind = true
      return false
    end
    local count = count_of(user)
    counts[user] = count
    if not best or count < best_count then
      best, best_score, best_user, best_count = id, score, user, count
    end
    return best_count <= 0
  end)
  if not best and behind then
    return least_served({ passed_over = filter.passed_over, held = filter.held }, count_of)
  end
  return best, best_score, best_user
end
local function completion_counter()
  local executed = {}
  for _, id in ipairs(redis.call('ZRANGE', 'queue:running', 0, -1)) do
    if redis.call('HGET', 'claim:' .. id, 'executed') then
      local user = user_of(id)
      executed[user] = (executed[user] or 0) + 1
    end
  end
  return function(user)
    local count = redis.pcall('GET', 'user:' .. user .. ':completed')
    return (type(count) == 'string' and tonumber(count) or 0) + (executed[user] or 0)
  end
end
local function load_counter()
  local running = running_by_user()
  local served = 'served:' .. today()
  return function(user)
    return (running[user] or 0) + (tonumber(redis.call('HGET', served, user) or '0') or 0)
  end
end

local function next_waiting(mode, filter)
  if mode == 'round_robin' then return least_served(filter, completion_counter()) end
  if mode == 'fair' then return least_served(filter, load_counter()) end
  return first_waiting(filter)
end

local LARGE = 524288
local token, worker, claim_of = ARGV[1], ARGV[2], 'claim-of:' .. ARGV[2]
local function place(score, attempt)
  return score .. ' ' .. attempt .. string.format(' %.0f', now_ms)
end

local function small_text(job_key)
  return redis.call('STRLEN', job_key) <= LARGE and redis.call('GET', job_key) or ''
end
local last = redis.call('GET', claim_of)
if last and string.sub(last, 1, #token) == token then
  local id = string.sub(last, #token + 2)
  local mine = redis.call('HMGET', 'claim:' .. id, 'token', 'score', 'attempt')
  if mine[1] == token and redis.call('EXISTS', 'job:' .. id) == 1 then
    return { 'reserved', id, small_text('job:' .. id), '', place(mine[2], mine[3]) }
  end
end

local control = read_control()
if control.held == true then return { 'held' } end
local mode = type(control.mode) == 'string' and control.mode or ARGV[5]
local filter = { passed_over = {}, held = passed_users(control), limit = line_limits(control) }
for i = 6, #ARGV do filter.passed_over[ARGV[i]] = true end
local NEEDLE = 'status":"pending","priority":'
local NOT_STARTED = ',"started_at":null,"completed_at":null,"worker_id":null'
local UNTOUCHED = NOT_STARTED .. ',"result":null,"error":null,"metadata":{'
local function start_in_place(job_key, id, text)
  local _, open, own_id, user = string.find(text, '^{"id":"([^"\\\\]*)","user_id":"([%w_-]+)","workflow":{')
  if own_id ~= id then return nil end
  local at, needle_end = string.find(text, NEEDLE, open, true)
  if not at or string.find(text, NEEDLE, needle_end, true) then return nil end
  at = at - 1
  if string.sub(text, at - 1, at) ~= ',"' then return nil end
  local _, created_end = string.find(text, '^[0-3],"created_at":"[^"\\\\]*"', needle_end + 1)
  if not created_end or string.sub(text, created_end + 1, created_end + #UNTOUCHED) ~= UNTOUCHED then return nil end
  local changed = '"status":"running"' .. string.sub(text, at + 18, created_end) .. ',"started_at":"' .. naive_date()
    .. 'Z","completed_at":null,"worker_id":"' .. worker .. '"' .. string.sub(text, created_end + 1 + #NOT_STARTED)
  redis.call('SETRANGE', job_key, at - 1, changed)
  return string.sub(text, 1, at - 1), changed, user, at + 8, open - 1
end
local function note_start(user, id)
  local starts = 'starts:' .. user
  redis.call('ZADD', starts, now_score, id)
  redis.call('ZREMRANGEBYRANK', starts, 0, -65)
  redis.call('EXPIRE', starts, 86400)
end
local function take(id, score)
  local job_key, claim_key = 'job:' .. id, 'claim:' .. id
  local known = redis.call('HMGET', claim_key, 'token', 'until', 'attempt', 'settled')
  if known[1] and known[1] ~= '' and tonumber(known[2] or '0') > now_ms then
    redis.call('ZREM', 'queue:pending', id)
    return nil
  end
  local text = redis.pcall('GETRANGE', job_key, 0, LARGE)
  if type(text) ~= 'string' or (text == '' and redis.call('EXISTS', job_key) == 0) then
    local reason = text == '' and 'its job key is missing' or 'its job key is not a text'
    park(id, '"' .. reason .. '"')
    return { 'parked', id, reason }
  end
  if known[1] or known[4] then redis.call('DEL', claim_key) end
  local attempt = tonumber(known[3] or '0') + 1
  local expiry = string.format('%.0f', now_ms + tonumber(ARGV[4]))
  local before, changed, user, status_at, workflow_start
  if #text <= LARGE then
    before, changed, user, status_at, workflow_start = start_in_place(job_key, id, text)
  else
    text = ''
  end
  redis.call('ZREM', 'queue:pending', id)
  redis.call('ZADD', 'queue:running', now_score, id)
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
`,
  drop: `
local id = ARGV[1]
if redis.call('HGET', 'claim:' .. id, 'token') ~= ARGV[2] then return 'fenced' end
redis.call('DEL', 'claim:' .. id)
redis.call('ZREM', 'queue:pending', id)
redis.call('ZREM', 'queue:running', id)
return 'dropped'
`,
  executed: `
local claim = 'claim:' .. ARGV[1]
if redis.call('HGET', claim, 'token') ~= ARGV[2] then return 'fenced' end
redis.call('HSET', claim, 'executed', '1')
return 'noted'
`,
  inspectRunning: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local reply = { string.format('%.0f', now_ms) }
local members = redis.call('ZRANGE', 'queue:running', 0, -1, 'WITHSCORES')
for i = 1, #members, 2 do
  local id = members[i]
  local claim = redis.call('HMGET', 'claim:' .. id, 'statusAt', 'token', 'worker', 'host', 'user', 'attempt', 'until')
  local at, status = tonumber(claim[1] or '0'), ''
  if at > 9 then
    local around = redis.pcall('GETRANGE', 'job:' .. id, at - 9, at + 12)
    status = type(around) == 'string' and string.match(around, '^"status":"(%l+)"') or ''
  end
  for _, value in ipairs({ id, members[i + 1], status }) do reply[#reply + 1] = value end
  for field = 2, 7 do reply[#reply + 1] = claim[field] or '' end
end
return reply
`,
  lock: `
local key = 'lock:' .. ARGV[1]
local holder = redis.call('GET', key)
if holder and holder ~= ARGV[2] then return 'busy' end
redis.call('SET', key, ARGV[2], 'PX', ARGV[3])
return 'held'
`,
  nowhere: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function is_claimed(id)
  local claim = redis.call('HMGET', 'claim:' .. id, 'token', 'until')
  return claim[1] and claim[1] ~= '' and tonumber(claim[2] or '0') > now_ms
end
local lost = {}
for _, id in ipairs(ARGV) do
  local placed = is_claimed(id) or redis.call('HEXISTS', 'agent:dead-letter', id) == 1
  for _, queue in ipairs({ 'queue:pending', 'queue:running', 'queue:completed', 'queue:failed', 'agent:cancelled' }) do
    placed = placed or redis.call('ZSCORE', queue, id)
  end
  if not placed then lost[#lost + 1] = id end
end
return lost
`,
  park: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function park(id, reason_json, user_json)
  redis.call('ZREM', 'queue:pending', id)
  redis.call('ZREM', 'queue:running', id)
  redis.call('DEL', 'claim:' .. id)
  redis.call('HSET', 'agent:dead-letter', id, '{"reason":' .. reason_json
    .. ',"at":' .. string.format('%.0f', now_ms) .. (user_json and ',"userId":' .. user_json or '') .. '}')
end
local function restore(id)
  local job_key, claim_key = 'job:' .. id, 'claim:' .. id
  local claim = redis.call('HMGET', claim_key, 'inPlace', 'statusAt')
  if not claim[1] or redis.call('TYPE', job_key).ok ~= 'string' then return end
  local from = tonumber(claim[2]) - 9
  local changed = redis.call('GETRANGE', job_key, from, -1)
  local _, stop, kept = string.find(changed, '^"status":"running"(,"priority":%d,"created_at":"[^"]*"),'
    .. '"started_at":"[^"]*","completed_at":null,"worker_id":"[^"]*"')
  if stop then
    redis.call('SET', job_key, redis.call('GETRANGE', job_key, 0, from - 1) .. '"status":"pending"' .. kept
      .. ',"started_at":null,"completed_at":null,"worker_id":null' .. string.sub(changed, stop + 1))
  end
  redis.call('HDEL', claim_key, 'inPlace', 'statusAt')
end
local id = ARGV[1]
if redis.call('HGET', 'claim:' .. id, 'token') ~= ARGV[2] then return 'fenced' end
restore(id)
park(id, ARGV[3], ARGV[4])
return 'parked'
`,
  peek: `
local function look(id)
  local job_key = 'job:' .. id
  local size = redis.pcall('STRLEN', job_key)
  if type(size) ~= 'number' then return 'unreadable', 0 end
  if size == 0 then return redis.call('EXISTS', job_key) == 0 and 'gone' or 'unreadable', 0 end
  local head = redis.call('GETRANGE', job_key, 0, 1023)
  local _, open, own_id, user = string.find(head, '^{"id":"([^"\\\\]*)","user_id":"([^"\\\\]*)","workflow":{')
  if not open or own_id ~= id then return 'unsure', size end
  for _, window in ipairs({ 2048, 65536, 2097152 }) do
    local from = math.max(open - 1, size - window)
    local tail = redis.call('GETRANGE', job_key, from, -1)
    local candidates, at = {}, string.find(tail, '},"status":"', 1, true)
    while at and #candidates < 256 do
      candidates[#candidates + 1] = at
      at = string.find(tail, '},"status":"', at + 1, true)
    end
    for i = #candidates, math.max(1, #candidates - 32), -1 do
      local ok, fields = pcall(cjson.decode, '{' .. string.sub(tail, candidates[i] + 2))
      if ok and type(fields) == 'table' then
        fields.user_id = user
        return 'job', size, { fields = fields, workflow_start = open - 1, workflow_end = from + candidates[i] }
      end
    end
    if from == open - 1 then break end
  end
  return 'unsure', size
end
local kind, _, found = look(ARGV[1])
if kind ~= 'job' then return { kind } end
local job_key = 'job:' .. ARGV[1]
return { 'job', tostring(found.workflow_start), tostring(found.workflow_end),
  redis.call('GETRANGE', job_key, 0, found.workflow_start - 1),
  redis.call('GETRANGE', job_key, found.workflow_end, -1) }
`,
  prioritise: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function guard_holds(job_key, first)
  if redis.call('STRLEN', job_key) ~= tonumber(ARGV[first]) then return false end
  local around = redis.call('GETRANGE', job_key, 0, tonumber(ARGV[first + 1]) - 1)
    .. redis.call('GETRANGE', job_key, tonumber(ARGV[first + 2]), -1)
  return redis.sha1hex(around) == ARGV[first + 3]
end
local PIECE = 262144
local function apply_splices(job_key, first)
  if #ARGV < first then return end
  local from = tonumber(ARGV[first])
  local old = redis.call('GETRANGE', job_key, from, -1)
  local parts, at = {}, from
  for i = first, #ARGV, 3 do
    local start, text = tonumber(ARGV[i]), ARGV[i + 2]
    if string.find(text, '\\1', 1, true) then text = string.gsub(text, '\\1', '"' .. naive_date() .. 'Z"') end
    parts[#parts + 1] = string.sub(old, at - from + 1, start - from)
    parts[#parts + 1] = text
    at = start + tonumber(ARGV[i + 1])
  end
  parts[#parts + 1] = string.sub(old, at - from + 1)
  local new = table.concat(parts)
  if #new >= #old then
    redis.call('SETRANGE', job_key, from, new)
  elseif from <= PIECE then
    redis.call('SET', job_key, redis.call('GETRANGE', job_key, 0, from - 1) .. new)
  else
    local copy = 'claim:' .. '/rewrite'
    redis.call('SETRANGE', copy, from, new)
    for piece = 0, from - 1, PIECE do
      redis.call('SETRANGE', copy, piece, redis.call('GETRANGE', job_key, piece, math.min(piece + PIECE, from) - 1))
    end
    redis.call('RENAME', copy, job_key)
  end
end
local function publish_text(text, rest)
  redis.call('PUBLISH', 'queue:updates',
    '{"type":"job_updated","data":' .. text .. rest .. ',"timestamp":"' .. naive_date() .. '+00:00"}')
end
local function publish_job(job_key, workflow_start, workflow_end)
  if redis.call('PUBSUB', 'NUMSUB', 'queue:updates')[2] == 0 and redis.call('PUBSUB', 'NUMPAT') == 0 then return end
  local data
  if redis.call('STRLEN', job_key) <= 262144 then
    data = redis.call('GET', job_key)
  else
    data = redis.call('GETRANGE', job_key, 0, workflow_start - 1) .. '{}'
      .. redis.call('GETRANGE', job_key, workflow_end, -1)
  end
  publish_text(data, '')
end
local function is_claimed(id)
  local claim = redis.call('HMGET', 'claim:' .. id, 'token', 'until')
  return claim[1] and claim[1] ~= '' and tonumber(claim[2] or '0') > now_ms
end
local id, job_key = ARGV[1], 'job:' .. ARGV[1]
if redis.call('EXISTS', job_key) == 0 then return 'not-found' end
if is_claimed(id) then return 'running' end
if not guard_holds(job_key, 3) then return 'changed' end
if not redis.call('ZSCORE', 'queue:pending', id) then return 'nowhere' end
apply_splices(job_key, 7)
redis.call('ZADD', 'queue:pending', ARGV[2], id)
publish_job(job_key, tonumber(ARGV[4]), tonumber(ARGV[5]))
return 'done'
`,
  queueView: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function encode(list)
  return #list == 0 and '[]' or cjson.encode(list)
end
local function last(queue)
  return encode(redis.call('ZREVRANGE', queue, 0, tonumber(ARGV[5]) - 1, 'WITHSCORES'))
end

local counts = {}
for i, queue in ipairs({ 'queue:pending', 'queue:running', 'queue:completed', 'queue:failed', 'agent:cancelled' }) do
  counts[i] = redis.call('ZCARD', queue)
end
counts[6] = redis.call('HLEN', 'agent:dead-letter')

local first = tonumber(ARGV[2])
local parts = {
  '"counts":' .. encode(counts),
  '"pending":' .. encode(redis.call('ZRANGE', 'queue:pending', first, first + tonumber(ARGV[3]) - 1, 'WITHSCORES')),
  '"completed":' .. last('queue:completed'),
  '"failed":' .. last('queue:failed'),
  '"cancelled":' .. last('agent:cancelled'),
}
local running, running_ids = {}, {}
local members = redis.call('ZRANGE', 'queue:running', 0, tonumber(ARGV[4]) - 1, 'WITHSCORES')
for i = 1, #members, 2 do
  local id, status = members[i], ''
  local at = tonumber(redis.call('HGET', 'claim:' .. id, 'statusAt') or '0')
  if at > 9 then
    local around = redis.pcall('GETRANGE', 'job:' .. id, at - 9, at + 12)
    status = type(around) == 'string' and string.match(around, '^"status":"(%l+)"') or ''
  end
  for _, value in ipairs({ id, members[i + 1], status }) do running[#running + 1] = value end
  running_ids[#running_ids + 1] = id .. '\\n' .. status
end

local entries = redis.call('HSCAN', 'agent:dead-letter', '0', 'COUNT', 200)[2]
local dead, by_id = {}, {}
for i = 1, #entries, 2 do
  dead[#dead + 1] = entries[i]
  by_id[entries[i]] = entries[i + 1]
end
table.sort(dead)
local parked = {}
for i = 1, math.min(#dead, 200) do
  parked[#parked + 1] = dead[i]
  parked[#parked + 1] = by_id[dead[i]]
end
parts[#parts + 1] = '"dead":' .. encode(parked)
table.sort(running_ids)
local digest = string.sub(redis.sha1hex(table.concat(parts) .. table.concat(running_ids, '\\n')), 1, 16)
local now = string.format('%.0f', now_ms)
if digest == ARGV[1] then return { now, digest } end
return { now, digest, '{' .. table.concat(parts, ',') .. ',"running":' .. encode(running) .. '}' }
`,
  reinstate: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function publish_text(text, rest)
  redis.call('PUBLISH', 'queue:updates',
    '{"type":"job_updated","data":' .. text .. rest .. ',"timestamp":"' .. naive_date() .. '+00:00"}')
end
local function publish_job(job_key, workflow_start, workflow_end)
  if redis.call('PUBSUB', 'NUMSUB', 'queue:updates')[2] == 0 and redis.call('PUBSUB', 'NUMPAT') == 0 then return end
  local data
  if redis.call('STRLEN', job_key) <= 262144 then
    data = redis.call('GET', job_key)
  else
    data = redis.call('GETRANGE', job_key, 0, workflow_start - 1) .. '{}'
      .. redis.call('GETRANGE', job_key, workflow_end, -1)
  end
  publish_text(data, '')
end
local function user_of(id)
  local head = redis.pcall('GETRANGE', 'job:' .. id, 0, 127)
  if type(head) ~= 'string' then return '?' .. id end
  local user = string.match(head, '^{"id":"[^"\\\\]*","user_id":"([^"\\\\]*)"')
  if user then return user end
  head = redis.call('GETRANGE', 'job:' .. id, 0, 511)
  local before = string.match(head, '^(.-)"workflow"') or head
  return string.match(before, '"user_id"%s*:%s*"([^"\\\\]*)"') or '?' .. id
end
local function look(id)
  local job_key = 'job:' .. id
  local size = redis.pcall('STRLEN', job_key)
  if type(size) ~= 'number' then return 'unreadable', 0 end
  if size == 0 then return redis.call('EXISTS', job_key) == 0 and 'gone' or 'unreadable', 0 end
  local head = redis.call('GETRANGE', job_key, 0, 1023)
  local _, open, own_id, user = string.find(head, '^{"id":"([^"\\\\]*)","user_id":"([^"\\\\]*)","workflow":{')
  if not open or own_id ~= id then return 'unsure', size end
  for _, window in ipairs({ 2048, 65536, 2097152 }) do
    local from = math.max(open - 1, size - window)
    local tail = redis.call('GETRANGE', job_key, from, -1)
    local candidates, at = {}, string.find(tail, '},"status":"', 1, true)
    while at and #candidates < 256 do
      candidates[#candidates + 1] = at
      at = string.find(tail, '},"status":"', at + 1, true)
    end
    for i = #candidates, math.max(1, #candidates - 32), -1 do
      local ok, fields = pcall(cjson.decode, '{' .. string.sub(tail, candidates[i] + 2))
      if ok and type(fields) == 'table' then
        fields.user_id = user
        return 'job', size, { fields = fields, workflow_start = open - 1, workflow_end = from + candidates[i] }
      end
    end
    if from == open - 1 then break end
  end
  return 'unsure', size
end
local id, job_key, withdrawn = ARGV[1], 'job:' .. ARGV[1], 'withdrawn:' .. ARGV[1]
if redis.call('EXISTS', job_key) == 1 then return 'done' end
local score = redis.call('GET', withdrawn .. ':score')
if not score or redis.call('EXISTS', withdrawn) == 0 then return 'not-found' end
redis.call('RENAME', withdrawn, job_key)
redis.call('PERSIST', job_key)
redis.call('DEL', withdrawn .. ':score')
redis.call('SADD', 'user:' .. user_of(id) .. ':jobs', id)
local kind, _, found = look(id)
if score == '' then
  score = string.format('%.6f', (kind == 'job' and tonumber(found.fields.priority) or 2) * 1000000 + now_s)
end
redis.call('ZADD', 'queue:pending', score, id)
if kind == 'job' then publish_job(job_key, found.workflow_start, found.workflow_end) end
return 'done'
`,
  renew: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function bury_claim(id, token, status)
  local claim = 'claim:' .. id
  redis.call('DEL', claim)
  redis.call('HSET', claim, 'settled', token, 'status', status)
  redis.call('EXPIRE', claim, 3600)
  redis.call('ZREM', 'queue:running', id)
  redis.call('ZREM', 'queue:pending', id)
end
local lease_until = string.format('%.0f', now_ms + tonumber(ARGV[1]))

local function renew(id, token)
  local claim, job_key = 'claim:' .. id, 'job:' .. id
  local known = redis.call('HMGET', claim, 'token', 'statusAt', 'settled')
  if not known[1] and not known[3] then return 'missing' end
  if known[1] ~= token then return 'lost' end
  if redis.call('EXISTS', job_key) == 0 then
    bury_claim(id, token, 'gone')
    return 'gone'
  end
  redis.call('HSET', claim, 'until', lease_until)
  local at = tonumber(known[2] or '0')
  local status
  if at > 9 then
    status = string.match(redis.call('GETRANGE', job_key, at - 9, at + 12), '^"status":"(%l+)"')
  end
  if status == 'cancelled' then return 'cancelled' end
  if status == 'failed' or status == 'completed' then
    bury_claim(id, token, status)
    redis.call('ZADD', status == 'failed' and 'queue:failed' or 'queue:completed', 'NX', now_score, id)
    return 'ended'
  end
  local score = tonumber(redis.call('ZSCORE', 'queue:running', id) or '0')
  if now_s - score >= tonumber(ARGV[2]) then redis.call('ZADD', 'queue:running', now_score, id) end
  return status == 'running' and 'renewed' or 'unsure'
end

local words = {}
for i = 3, #ARGV, 2 do words[#words + 1] = renew(ARGV[i], ARGV[i + 1]) end
return words
`,
  requeue: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function guard_holds(job_key, first)
  if redis.call('STRLEN', job_key) ~= tonumber(ARGV[first]) then return false end
  local around = redis.call('GETRANGE', job_key, 0, tonumber(ARGV[first + 1]) - 1)
    .. redis.call('GETRANGE', job_key, tonumber(ARGV[first + 2]), -1)
  return redis.sha1hex(around) == ARGV[first + 3]
end
local PIECE = 262144
local function apply_splices(job_key, first)
  if #ARGV < first then return end
  local from = tonumber(ARGV[first])
  local old = redis.call('GETRANGE', job_key, from, -1)
  local parts, at = {}, from
  for i = first, #ARGV, 3 do
    local start, text = tonumber(ARGV[i]), ARGV[i + 2]
    if string.find(text, '\\1', 1, true) then text = string.gsub(text, '\\1', '"' .. naive_date() .. 'Z"') end
    parts[#parts + 1] = string.sub(old, at - from + 1, start - from)
    parts[#parts + 1] = text
    at = start + tonumber(ARGV[i + 1])
  end
  parts[#parts + 1] = string.sub(old, at - from + 1)
  local new = table.concat(parts)
  if #new >= #old then
    redis.call('SETRANGE', job_key, from, new)
  elseif from <= PIECE then
    redis.call('SET', job_key, redis.call('GETRANGE', job_key, 0, from - 1) .. new)
  else
    local copy = 'claim:' .. '/rewrite'
    redis.call('SETRANGE', copy, from, new)
    for piece = 0, from - 1, PIECE do
      redis.call('SETRANGE', copy, piece, redis.call('GETRANGE', job_key, piece, math.min(piece + PIECE, from) - 1))
    end
    redis.call('RENAME', copy, job_key)
  end
end
local function publish_text(text, rest)
  redis.call('PUBLISH', 'queue:updates',
    '{"type":"job_updated","data":' .. text .. rest .. ',"timestamp":"' .. naive_date() .. '+00:00"}')
end
local function publish_job(job_key, workflow_start, workflow_end)
  if redis.call('PUBSUB', 'NUMSUB', 'queue:updates')[2] == 0 and redis.call('PUBSUB', 'NUMPAT') == 0 then return end
  local data
  if redis.call('STRLEN', job_key) <= 262144 then
    data = redis.call('GET', job_key)
  else
    data = redis.call('GETRANGE', job_key, 0, workflow_start - 1) .. '{}'
      .. redis.call('GETRANGE', job_key, workflow_end, -1)
  end
  publish_text(data, '')
end
local function bury_claim(id, token, status)
  local claim = 'claim:' .. id
  redis.call('DEL', claim)
  redis.call('HSET', claim, 'settled', token, 'status', status)
  redis.call('EXPIRE', claim, 3600)
  redis.call('ZREM', 'queue:running', id)
  redis.call('ZREM', 'queue:pending', id)
end
local id, token = ARGV[1], ARGV[2]
local job_key, claim = 'job:' .. id, 'claim:' .. id
local known = redis.call('HMGET', claim, 'token', 'score', 'requeued')
if known[1] ~= token then return known[3] == token and 'requeued' or 'fenced' end
if redis.call('EXISTS', job_key) == 0 then
  bury_claim(id, token, 'gone')
  return 'gone'
end
if not guard_holds(job_key, 6) then return 'changed' end
apply_splices(job_key, 10)
redis.call('ZREM', 'queue:running', id)
redis.call('ZADD', 'queue:pending', known[2] or ARGV[3], id)
redis.call('HDEL', claim, 'inPlace', 'statusAt')
redis.call('HSET', claim, 'token', '', 'until', '0', 'requeued', token, 'reason', ARGV[4])
if ARGV[5] == '1' then redis.call('HINCRBY', claim, 'attempt', -1) end
redis.call('EXPIRE', claim, 604800)
publish_job(job_key, tonumber(ARGV[7]), tonumber(ARGV[8]))
return 'requeued'
`,
  restore: `
local function restore(id)
  local job_key, claim_key = 'job:' .. id, 'claim:' .. id
  local claim = redis.call('HMGET', claim_key, 'inPlace', 'statusAt')
  if not claim[1] or redis.call('TYPE', job_key).ok ~= 'string' then return end
  local from = tonumber(claim[2]) - 9
  local changed = redis.call('GETRANGE', job_key, from, -1)
  local _, stop, kept = string.find(changed, '^"status":"running"(,"priority":%d,"created_at":"[^"]*"),'
    .. '"started_at":"[^"]*","completed_at":null,"worker_id":"[^"]*"')
  if stop then
    redis.call('SET', job_key, redis.call('GETRANGE', job_key, 0, from - 1) .. '"status":"pending"' .. kept
      .. ',"started_at":null,"completed_at":null,"worker_id":null' .. string.sub(changed, stop + 1))
  end
  redis.call('HDEL', claim_key, 'inPlace', 'statusAt')
end
if redis.call('HGET', 'claim:' .. ARGV[1], 'token') ~= ARGV[2] then return 'fenced' end
restore(ARGV[1])
return 'restored'
`,
  revive: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function guard_holds(job_key, first)
  if redis.call('STRLEN', job_key) ~= tonumber(ARGV[first]) then return false end
  local around = redis.call('GETRANGE', job_key, 0, tonumber(ARGV[first + 1]) - 1)
    .. redis.call('GETRANGE', job_key, tonumber(ARGV[first + 2]), -1)
  return redis.sha1hex(around) == ARGV[first + 3]
end
local PIECE = 262144
local function apply_splices(job_key, first)
  if #ARGV < first then return end
  local from = tonumber(ARGV[first])
  local old = redis.call('GETRANGE', job_key, from, -1)
  local parts, at = {}, from
  for i = first, #ARGV, 3 do
    local start, text = tonumber(ARGV[i]), ARGV[i + 2]
    if string.find(text, '\\1', 1, true) then text = string.gsub(text, '\\1', '"' .. naive_date() .. 'Z"') end
    parts[#parts + 1] = string.sub(old, at - from + 1, start - from)
    parts[#parts + 1] = text
    at = start + tonumber(ARGV[i + 1])
  end
  parts[#parts + 1] = string.sub(old, at - from + 1)
  local new = table.concat(parts)
  if #new >= #old then
    redis.call('SETRANGE', job_key, from, new)
  elseif from <= PIECE then
    redis.call('SET', job_key, redis.call('GETRANGE', job_key, 0, from - 1) .. new)
  else
    local copy = 'claim:' .. '/rewrite'
    redis.call('SETRANGE', copy, from, new)
    for piece = 0, from - 1, PIECE do
      redis.call('SETRANGE', copy, piece, redis.call('GETRANGE', job_key, piece, math.min(piece + PIECE, from) - 1))
    end
    redis.call('RENAME', copy, job_key)
  end
end
local function publish_text(text, rest)
  redis.call('PUBLISH', 'queue:updates',
    '{"type":"job_updated","data":' .. text .. rest .. ',"timestamp":"' .. naive_date() .. '+00:00"}')
end
local function publish_job(job_key, workflow_start, workflow_end)
  if redis.call('PUBSUB', 'NUMSUB', 'queue:updates')[2] == 0 and redis.call('PUBSUB', 'NUMPAT') == 0 then return end
  local data
  if redis.call('STRLEN', job_key) <= 262144 then
    data = redis.call('GET', job_key)
  else
    data = redis.call('GETRANGE', job_key, 0, workflow_start - 1) .. '{}'
      .. redis.call('GETRANGE', job_key, workflow_end, -1)
  end
  publish_text(data, '')
end
local function is_claimed(id)
  local claim = redis.call('HMGET', 'claim:' .. id, 'token', 'until')
  return claim[1] and claim[1] ~= '' and tonumber(claim[2] or '0') > now_ms
end
local id, job_key, claim = ARGV[1], 'job:' .. ARGV[1], 'claim:' .. ARGV[1]
if redis.call('EXISTS', job_key) == 0 then return 'not-found' end
if is_claimed(id) then return 'running' end
if not guard_holds(job_key, 5) then return 'changed' end
if ARGV[4] == '1' and (redis.call('ZSCORE', 'queue:pending', id) or redis.call('ZSCORE', 'queue:running', id)) then
  return 'queued'
end
apply_splices(job_key, 9)
for _, queue in ipairs({ 'queue:running', 'queue:completed', 'queue:failed', 'agent:cancelled' }) do redis.call('ZREM', queue, id) end
redis.call('HDEL', 'agent:dead-letter', id)
redis.call('SADD', 'user:' .. ARGV[2] .. ':jobs', id)
redis.call('ZADD', 'queue:pending', ARGV[3], id)
redis.call('DEL', claim)
redis.call('HSET', claim, 'token', '', 'until', '0', 'attempt', '0')
redis.call('EXPIRE', claim, 604800)
publish_job(job_key, tonumber(ARGV[6]), tonumber(ARGV[7]))
return 'done'
`,
  settle: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function guard_holds(job_key, first)
  if redis.call('STRLEN', job_key) ~= tonumber(ARGV[first]) then return false end
  local around = redis.call('GETRANGE', job_key, 0, tonumber(ARGV[first + 1]) - 1)
    .. redis.call('GETRANGE', job_key, tonumber(ARGV[first + 2]), -1)
  return redis.sha1hex(around) == ARGV[first + 3]
end
local PIECE = 262144
local function apply_splices(job_key, first)
  if #ARGV < first then return end
  local from = tonumber(ARGV[first])
  local old = redis.call('GETRANGE', job_key, from, -1)
  local parts, at = {}, from
  for i = first, #ARGV, 3 do
    local start, text = tonumber(ARGV[i]), ARGV[i + 2]
    if string.find(text, '\\1', 1, true) then text = string.gsub(text, '\\1', '"' .. naive_date() .. 'Z"') end
    parts[#parts + 1] = string.sub(old, at - from + 1, start - from)
    parts[#parts + 1] = text
    at = start + tonumber(ARGV[i + 1])
  end
  parts[#parts + 1] = string.sub(old, at - from + 1)
  local new = table.concat(parts)
  if #new >= #old then
    redis.call('SETRANGE', job_key, from, new)
  elseif from <= PIECE then
    redis.call('SET', job_key, redis.call('GETRANGE', job_key, 0, from - 1) .. new)
  else
    local copy = 'claim:' .. '/rewrite'
    redis.call('SETRANGE', copy, from, new)
    for piece = 0, from - 1, PIECE do
      redis.call('SETRANGE', copy, piece, redis.call('GETRANGE', job_key, piece, math.min(piece + PIECE, from) - 1))
    end
    redis.call('RENAME', copy, job_key)
  end
end
local function publish_text(text, rest)
  redis.call('PUBLISH', 'queue:updates',
    '{"type":"job_updated","data":' .. text .. rest .. ',"timestamp":"' .. naive_date() .. '+00:00"}')
end
local function publish_job(job_key, workflow_start, workflow_end)
  if redis.call('PUBSUB', 'NUMSUB', 'queue:updates')[2] == 0 and redis.call('PUBSUB', 'NUMPAT') == 0 then return end
  local data
  if redis.call('STRLEN', job_key) <= 262144 then
    data = redis.call('GET', job_key)
  else
    data = redis.call('GETRANGE', job_key, 0, workflow_start - 1) .. '{}'
      .. redis.call('GETRANGE', job_key, workflow_end, -1)
  end
  publish_text(data, '')
end
local function bury_claim(id, token, status)
  local claim = 'claim:' .. id
  redis.call('DEL', claim)
  redis.call('HSET', claim, 'settled', token, 'status', status)
  redis.call('EXPIRE', claim, 3600)
  redis.call('ZREM', 'queue:running', id)
  redis.call('ZREM', 'queue:pending', id)
end
local id, token, status, user = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local job_key = 'job:' .. id
local claim = redis.call('HMGET', 'claim:' .. id, 'token', 'settled', 'status')
if claim[2] == token then
  if claim[3] == 'gone' then return { 'gone' } end
  return { 'settled', claim[3] }
end
local stored = claim[1] or claim[2]
if claim[1] ~= token and (stored or ARGV[6] ~= '1') then return { 'fenced' } end
if redis.call('EXISTS', job_key) == 0 then
  bury_claim(id, token, 'gone')
  return { 'gone' }
end
if not guard_holds(job_key, 7) then return { 'changed' } end
apply_splices(job_key, 11)
bury_claim(id, token, status)
if status == 'cancelled' then
  redis.call('ZADD', 'agent:cancelled', now_score, id)
  redis.call('ZREMRANGEBYRANK', 'agent:cancelled', 0, -1001)
else
  local ended = status == 'completed' and 'queue:completed' or 'queue:failed'
  if ARGV[5] == '1' then
    redis.call('ZADD', ended, now_score, id)
    if status == 'completed' then redis.pcall('INCR', 'user:' .. user .. ':completed') end
    local served = 'served:' .. today()
    redis.call('HINCRBY', served, user, 1)
    redis.call('EXPIRE', served, 172800)
  else
    redis.call('ZADD', ended, 'NX', now_score, id)
  end
end
publish_job(job_key, tonumber(ARGV[8]), tonumber(ARGV[9]))
return { 'settled', status }
`,
  start: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function guard_holds(job_key, first)
  if redis.call('STRLEN', job_key) ~= tonumber(ARGV[first]) then return false end
  local around = redis.call('GETRANGE', job_key, 0, tonumber(ARGV[first + 1]) - 1)
    .. redis.call('GETRANGE', job_key, tonumber(ARGV[first + 2]), -1)
  return redis.sha1hex(around) == ARGV[first + 3]
end
local PIECE = 262144
local function apply_splices(job_key, first)
  if #ARGV < first then return end
  local from = tonumber(ARGV[first])
  local old = redis.call('GETRANGE', job_key, from, -1)
  local parts, at = {}, from
  for i = first, #ARGV, 3 do
    local start, text = tonumber(ARGV[i]), ARGV[i + 2]
    if string.find(text, '\\1', 1, true) then text = string.gsub(text, '\\1', '"' .. naive_date() .. 'Z"') end
    parts[#parts + 1] = string.sub(old, at - from + 1, start - from)
    parts[#parts + 1] = text
    at = start + tonumber(ARGV[i + 1])
  end
  parts[#parts + 1] = string.sub(old, at - from + 1)
  local new = table.concat(parts)
  if #new >= #old then
    redis.call('SETRANGE', job_key, from, new)
  elseif from <= PIECE then
    redis.call('SET', job_key, redis.call('GETRANGE', job_key, 0, from - 1) .. new)
  else
    local copy = 'claim:' .. '/rewrite'
    redis.call('SETRANGE', copy, from, new)
    for piece = 0, from - 1, PIECE do
      redis.call('SETRANGE', copy, piece, redis.call('GETRANGE', job_key, piece, math.min(piece + PIECE, from) - 1))
    end
    redis.call('RENAME', copy, job_key)
  end
end
local function publish_text(text, rest)
  redis.call('PUBLISH', 'queue:updates',
    '{"type":"job_updated","data":' .. text .. rest .. ',"timestamp":"' .. naive_date() .. '+00:00"}')
end
local function publish_job(job_key, workflow_start, workflow_end)
  if redis.call('PUBSUB', 'NUMSUB', 'queue:updates')[2] == 0 and redis.call('PUBSUB', 'NUMPAT') == 0 then return end
  local data
  if redis.call('STRLEN', job_key) <= 262144 then
    data = redis.call('GET', job_key)
  else
    data = redis.call('GETRANGE', job_key, 0, workflow_start - 1) .. '{}'
      .. redis.call('GETRANGE', job_key, workflow_end, -1)
  end
  publish_text(data, '')
end
local function bury_claim(id, token, status)
  local claim = 'claim:' .. id
  redis.call('DEL', claim)
  redis.call('HSET', claim, 'settled', token, 'status', status)
  redis.call('EXPIRE', claim, 3600)
  redis.call('ZREM', 'queue:running', id)
  redis.call('ZREM', 'queue:pending', id)
end
local id, job_key, claim = ARGV[1], 'job:' .. ARGV[1], 'claim:' .. ARGV[1]
if redis.call('HGET', claim, 'token') ~= ARGV[2] then return { 'fenced' } end
if redis.call('EXISTS', job_key) == 0 then
  bury_claim(id, ARGV[2], 'gone')
  return { 'gone' }
end
if not guard_holds(job_key, 5) then return { 'changed' } end
apply_splices(job_key, 9)
redis.call('ZREM', 'queue:pending', id)
redis.call('ZADD', 'queue:running', now_score, id)
redis.call('HDEL', claim, 'inPlace')
redis.call('HSET', claim, 'user', ARGV[3], 'statusAt', ARGV[4])
publish_job(job_key, tonumber(ARGV[6]), tonumber(ARGV[7]))
return { 'started', naive_date() .. 'Z' }
`,
  status: `
local job_key = 'job:' .. ARGV[1]
if redis.call('EXISTS', job_key) == 0 then return 'gone' end
local at = tonumber(redis.call('HGET', 'claim:' .. ARGV[1], 'statusAt') or '0')
if at <= 9 then return 'unsure' end
local around = redis.pcall('GETRANGE', job_key, at - 9, at + 12)
return type(around) == 'string' and string.match(around, '^"status":"(%l+)"') or 'unsure'
`,
  summaries: `
local function look(id)
  local job_key = 'job:' .. id
  local size = redis.pcall('STRLEN', job_key)
  if type(size) ~= 'number' then return 'unreadable', 0 end
  if size == 0 then return redis.call('EXISTS', job_key) == 0 and 'gone' or 'unreadable', 0 end
  local head = redis.call('GETRANGE', job_key, 0, 1023)
  local _, open, own_id, user = string.find(head, '^{"id":"([^"\\\\]*)","user_id":"([^"\\\\]*)","workflow":{')
  if not open or own_id ~= id then return 'unsure', size end
  for _, window in ipairs({ 2048, 65536, 2097152 }) do
    local from = math.max(open - 1, size - window)
    local tail = redis.call('GETRANGE', job_key, from, -1)
    local candidates, at = {}, string.find(tail, '},"status":"', 1, true)
    while at and #candidates < 256 do
      candidates[#candidates + 1] = at
      at = string.find(tail, '},"status":"', at + 1, true)
    end
    for i = #candidates, math.max(1, #candidates - 32), -1 do
      local ok, fields = pcall(cjson.decode, '{' .. string.sub(tail, candidates[i] + 2))
      if ok and type(fields) == 'table' then
        fields.user_id = user
        return 'job', size, { fields = fields, workflow_start = open - 1, workflow_end = from + candidates[i] }
      end
    end
    if from == open - 1 then break end
  end
  return 'unsure', size
end
local function user_of(id)
  local head = redis.pcall('GETRANGE', 'job:' .. id, 0, 127)
  if type(head) ~= 'string' then return '?' .. id end
  local user = string.match(head, '^{"id":"[^"\\\\]*","user_id":"([^"\\\\]*)"')
  if user then return user end
  head = redis.call('GETRANGE', 'job:' .. id, 0, 511)
  local before = string.match(head, '^(.-)"workflow"') or head
  return string.match(before, '"user_id"%s*:%s*"([^"\\\\]*)"') or '?' .. id
end
local MAX_TYPES, MAX_MODELS, MAX_SEEN = 24, 6, 200
local SIZES = { 'width', 'height', 'length', 'steps', 'batch_size', 'num_frames', 'duration' }
local MAX_SIZES = 24
local EXTENSIONS = { '.safetensors"', '.gguf"', '.ckpt"', '.sft"', '.pth"', '.pt"', '.bin"', '.onnx"' }

local function as_list(items)
  return #items == 0 and '[]' or cjson.encode(items)
end
local function traits_of(text)
  local types, models, seen = {}, {}, {}
  local at = 1
  for _ = 1, MAX_SEEN do
    if #types == MAX_TYPES then break end
    local _, stop = string.find(text, 'class_type":', at, true)
    if not stop then break end
    local name = string.match(text, '^%s*"([^"\\\\]*)"', stop + 1)
    if name and #name <= 100 and not seen[name] then
      seen[name] = true
      types[#types + 1] = name
    end
    at = stop + 1
  end
  for _, extension in ipairs(EXTENSIONS) do
    at = 1
    for _ = 1, MAX_SEEN do
      if #models == MAX_MODELS then break end
      local from, stop = string.find(text, extension, at, true)
      if not from then break end
      local before = string.reverse(string.sub(text, math.max(1, from - 200), from - 1))
      local quote = string.find(before, '"', 1, true)
      local name = quote and string.sub(text, from - quote + 1, stop - 1)
      if name and not seen[name] then
        seen[name] = true
        models[#models + 1] = name
      end
      at = stop
    end
  end
  local sizes = {}
  for _, input in ipairs(SIZES) do
    at = 1
    for _ = 1, MAX_SIZES do
      if #sizes == MAX_SIZES then break end
      local from, stop = string.find(text, input .. '":', at, true)
      if not from then break end
      local number = string.match(text, '^%s*(%d+%.?%d*)', stop + 1)
      if number and #number <= 12 and string.sub(text, from - 1, from - 1) == '"' then sizes[#sizes + 1] = input .. '=' .. number end
      at = stop + 1
    end
  end
  return '[' .. as_list(types) .. ',' .. as_list(models) .. ',' .. as_list(sizes) .. ']'
end

local function plain(value, longest)
  if type(value) == 'string' then return string.sub(value, 1, longest) end
  if type(value) == 'number' then return value end
  return cjson.null
end

local all_traits, index_of, records = {}, {}, {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local kind, size, found = look(id)
  if kind == 'gone' then
    records[#records + 1] = 'null'
  else
    local fields, index = {}, cjson.null
    local user = user_of(id)
    if kind == 'job' then
      fields = found.fields
    elseif kind == 'unsure' and size <= 65536 then
      local ok, whole = pcall(cjson.decode, redis.call('GET', 'job:' .. id))
      if ok and type(whole) == 'table' and whole.id == id then
        kind, fields, user = 'job', whole, whole.user_id
      end
    end
    if ARGV[1] == '1' and kind ~= 'unreadable' then
      local traits = traits_of(redis.call('GETRANGE', 'job:' .. id, 0, size > 524288 and 65535 or 262143))
      if not index_of[traits] then
        all_traits[#all_traits + 1] = traits
        index_of[traits] = #all_traits - 1
      end
      index = index_of[traits]
    end
    local result = type(fields.result) == 'table' and fields.result or {}
    records[#records + 1] = cjson.encode({ kind, size, plain(user, 100), plain(fields.status, 20),
      plain(fields.priority, 20), plain(fields.created_at, 40), plain(fields.started_at, 40),
      plain(fields.completed_at, 40), plain(fields.worker_id, 100), plain(fields.error, 2000),
      plain(result.computed_from, 40), plain(result.computed_until, 40), index })
  end
end
return '{"traits":[' .. table.concat(all_traits, ',') .. '],"jobs":[' .. table.concat(records, ',') .. ']}'
`,
  survey: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function is_claimed(id)
  local claim = redis.call('HMGET', 'claim:' .. id, 'token', 'until')
  return claim[1] and claim[1] ~= '' and tonumber(claim[2] or '0') > now_ms
end
local found = {}
local function say(what, id)
  found[#found + 1] = what
  found[#found + 1] = id
end
for _, id in ipairs(redis.call('ZRANGE', 'queue:running', 0, -1)) do
  if is_claimed(id) then
    if redis.call('ZSCORE', 'queue:pending', id) then say('doubled', id) end
  else
    local token = redis.call('HGET', 'claim:' .. id, 'token')
    say(token and token ~= '' and 'expired' or 'unclaimed', id)
  end
end
for _, ended in ipairs({ 'queue:completed', 'queue:failed' }) do
  for _, id in ipairs(redis.call('ZINTER', 2, 'queue:pending', ended)) do say('ended', id) end
end
for _, id in ipairs(redis.call('ZINTER', 2, 'queue:completed', 'queue:failed')) do say('both', id) end
return found
`,
  takeOver: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function guard_holds(job_key, first)
  if redis.call('STRLEN', job_key) ~= tonumber(ARGV[first]) then return false end
  local around = redis.call('GETRANGE', job_key, 0, tonumber(ARGV[first + 1]) - 1)
    .. redis.call('GETRANGE', job_key, tonumber(ARGV[first + 2]), -1)
  return redis.sha1hex(around) == ARGV[first + 3]
end
local PIECE = 262144
local function apply_splices(job_key, first)
  if #ARGV < first then return end
  local from = tonumber(ARGV[first])
  local old = redis.call('GETRANGE', job_key, from, -1)
  local parts, at = {}, from
  for i = first, #ARGV, 3 do
    local start, text = tonumber(ARGV[i]), ARGV[i + 2]
    if string.find(text, '\\1', 1, true) then text = string.gsub(text, '\\1', '"' .. naive_date() .. 'Z"') end
    parts[#parts + 1] = string.sub(old, at - from + 1, start - from)
    parts[#parts + 1] = text
    at = start + tonumber(ARGV[i + 1])
  end
  parts[#parts + 1] = string.sub(old, at - from + 1)
  local new = table.concat(parts)
  if #new >= #old then
    redis.call('SETRANGE', job_key, from, new)
  elseif from <= PIECE then
    redis.call('SET', job_key, redis.call('GETRANGE', job_key, 0, from - 1) .. new)
  else
    local copy = 'claim:' .. '/rewrite'
    redis.call('SETRANGE', copy, from, new)
    for piece = 0, from - 1, PIECE do
      redis.call('SETRANGE', copy, piece, redis.call('GETRANGE', job_key, piece, math.min(piece + PIECE, from) - 1))
    end
    redis.call('RENAME', copy, job_key)
  end
end
local id, new_token, job_key, claim = ARGV[1], ARGV[3], 'job:' .. ARGV[1], 'claim:' .. ARGV[1]
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
redis.call('ZREM', 'queue:pending', id)
redis.call('ZADD', 'queue:running', now_score, id)
return taken()
`,
  tidy: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function guard_holds(job_key, first)
  if redis.call('STRLEN', job_key) ~= tonumber(ARGV[first]) then return false end
  local around = redis.call('GETRANGE', job_key, 0, tonumber(ARGV[first + 1]) - 1)
    .. redis.call('GETRANGE', job_key, tonumber(ARGV[first + 2]), -1)
  return redis.sha1hex(around) == ARGV[first + 3]
end
local function is_claimed(id)
  local claim = redis.call('HMGET', 'claim:' .. id, 'token', 'until')
  return claim[1] and claim[1] ~= '' and tonumber(claim[2] or '0') > now_ms
end
local id, status, job_key = ARGV[1], ARGV[2], 'job:' .. ARGV[1]
if is_claimed(id) then return 'running' end
if status == 'missing' then
  if redis.call('EXISTS', job_key) == 1 then return 'changed' end
  local placed = false
  for _, queue in ipairs({ 'queue:pending', 'queue:running', 'queue:completed', 'queue:failed' }) do
    placed = placed or redis.call('ZSCORE', queue, id)
  end
  if not placed then return 'changed' end
  local reason = '{"reason":"its job key is missing","at":' .. string.format('%.0f', now_ms) .. '}'
  redis.call('HSET', 'agent:dead-letter', id, reason)
elseif not guard_holds(job_key, 5) then
  return 'changed'
end
local places = { completed = 'queue:completed', failed = 'queue:failed', cancelled = 'agent:cancelled' }
local place = places[status]
local left = redis.call('ZREM', 'queue:pending', id) + redis.call('ZREM', 'queue:running', id)
for _, queue in ipairs({ 'queue:completed', 'queue:failed' }) do
  if queue ~= place then redis.call('ZREM', queue, id) end
end
if place then
  local ended = tonumber(ARGV[4])
  local score = ended and ended <= now_s and ARGV[4] or now_score
  local added = redis.call('ZADD', place, 'NX', score, id)
  if status == 'completed' and added == 1 and left > 0 then
    redis.pcall('INCR', 'user:' .. ARGV[3] .. ':completed')
  end
  if status == 'cancelled' then redis.call('ZREMRANGEBYRANK', place, 0, -1001) end
end
redis.call('DEL', 'claim:' .. id)
return 'done'
`,
  untwin: `
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
local now_score = string.format('%d.%06d', now_s, now_us)
local function civil()
  local z = floor(now_s / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function today()
  return string.format('%04d-%02d-%02d', civil())
end
local date_text
local function naive_date()
  if not date_text then
    local year, month, day = civil()
    local rest = now_s % 86400
    date_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      floor(rest / 3600), floor(rest / 60) % 60, rest % 60)
    if now_us > 0 then date_text = date_text .. string.format('.%06d', now_us) end
  end
  return date_text
end
local function is_claimed(id)
  local claim = redis.call('HMGET', 'claim:' .. id, 'token', 'until')
  return claim[1] and claim[1] ~= '' and tonumber(claim[2] or '0') > now_ms
end
local id = ARGV[1]
if not is_claimed(id) or not redis.call('ZSCORE', 'queue:running', id) then return 'changed' end
return redis.call('ZREM', 'queue:pending', id) == 1 and 'done' or 'changed'
`,
  writeIfRevision: `
local present = redis.call('GET', ARGV[1])
if present == ARGV[3] then return { 'ok' } end
local revision = ''
if present then
  local ok, document = pcall(cjson.decode, present)
  if ok and type(document) == 'table' and type(document.revision) == 'number' then
    revision = string.format('%.0f', document.revision)
  end
end
if revision ~= ARGV[2] then return { 'conflict', present or '' } end
redis.call('SET', ARGV[1], ARGV[3])
return { 'ok' }
`,
} as const;
