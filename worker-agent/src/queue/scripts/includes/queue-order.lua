-- Chooses the next waiting id. `filter` holds: passed_over (set of ids), held (set of users or nil),
-- only (one user or nil), limit (see line_limits, or nil). Every function returns id, score (as text), user; nothing
-- when none fits.

-- Walks queue:pending in score order; `visit` returns true to stop.
local function each_pending(visit)
  local from, page = 0, 1
  while true do
    local slice = redis.call('ZRANGE', KEY.pending, from, from + page - 1, 'WITHSCORES')
    for i = 1, #slice, 2 do
      if visit(slice[i], slice[i + 1]) then return end
    end
    if #slice < page * 2 then return end
    from, page = from + page, page == 1 and 31 or 512
  end
end

-- When jobs of a user were started, the latest first; without those that wait again.
local function starts_of(user)
  local starts = {}
  local known = redis.call('ZREVRANGE', PREFIX.starts .. user, 0, -1, 'WITHSCORES')
  for i = 1, #known, 2 do
    if not redis.call('ZSCORE', KEY.pending, known[i]) then starts[#starts + 1] = tonumber(known[i + 1]) end
  end
  return starts
end

-- fifo and priority with limits: the earliest place in line. A user's first jobs, as many as the limit says, stand in
-- line: each at its score, but not before the start of that job of theirs which let it in. Without anybody in line the
-- first of those behind it.
local function first_in_line(filter)
  local ranks, starts = {}, {}
  local best, best_score, best_user, best_place
  local behind, behind_score, behind_user
  each_pending(function(id, score)
    local place = tonumber(score)
    -- Nobody's place is before their score.
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
      -- One step of priority is worth 1,000,000 s (contract 1.4).
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

-- fifo and priority: the lowest score (contract 1.5).
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

-- The first job of the user with the smallest count; ties go to the user met first in score order.
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

-- round_robin: the platform's order (contract 1.5), which counts completed jobs of all time. A job that has been
-- executed is counted although its end is not written yet: its worker claims again meanwhile.
local function completion_counter()
  local executed = {}
  for _, id in ipairs(redis.call('ZRANGE', KEY.running, 0, -1)) do
    if redis.call('HGET', PREFIX.claim .. id, 'executed') then
      local user = user_of(id)
      executed[user] = (executed[user] or 0) + 1
    end
  end
  return function(user)
    local count = redis.pcall('GET', PREFIX.user .. user .. ':completed')
    return (type(count) == 'string' and tonumber(count) or 0) + (executed[user] or 0)
  end
end

-- fair: running now plus settled today (UTC).
local function load_counter()
  local running = running_by_user()
  local served = PREFIX.served .. today()
  return function(user)
    return (running[user] or 0) + (tonumber(redis.call('HGET', served, user) or '0') or 0)
  end
end

local function next_waiting(mode, filter)
  if mode == 'round_robin' then return least_served(filter, completion_counter()) end
  if mode == 'fair' then return least_served(filter, load_counter()) end
  return first_waiting(filter)
end
