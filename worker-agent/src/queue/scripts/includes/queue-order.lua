-- Chooses the next waiting id. `filter` holds: passed_over (set of ids), held (set of users or nil),
-- only (one user or nil). Every function returns id, score (as text), user; nothing when none fits.

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

-- fifo and priority: the lowest score (contract 1.5).
local function first_waiting(filter)
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
local function least_served(filter, count_of)
  local best, best_score, best_user, best_count
  local counts = {}
  each_pending(function(id, score)
    if filter.passed_over[id] then return false end
    local user = user_of(id)
    if counts[user] or (filter.held and filter.held[user]) then return false end
    local count = count_of(user)
    counts[user] = count
    if not best or count < best_count then
      best, best_score, best_user, best_count = id, score, user, count
    end
    return best_count <= 0
  end)
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
