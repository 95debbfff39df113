-- What the host ordered for the whole queue (agent:control). A control that cannot be read counts as none.
local function read_control()
  local raw = redis.pcall('GET', KEY.control)
  if type(raw) ~= 'string' then return {} end
  local ok, control = pcall(cjson.decode, raw)
  return ok and type(control) == 'table' and control or {}
end

-- Clears nextTurn after it was served. cjson prints an empty list as {}, so heldUsers is printed by hand.
local function clear_next_turn(control)
  local users = {}
  for _, user in ipairs(type(control.heldUsers) == 'table' and control.heldUsers or {}) do
    users[#users + 1] = cjson.encode(user)
  end
  control.nextTurn = cjson.null
  control.revision = (tonumber(control.revision) or 0) + 1
  control.heldUsers = nil
  local rest = cjson.encode(control)
  redis.call('SET', KEY.control, string.sub(rest, 1, -2) .. ',"heldUsers":[' .. table.concat(users, ',') .. ']}')
end

-- Jobs that run now, by user.
local function running_by_user()
  local running = {}
  for _, id in ipairs(redis.call('ZRANGE', KEY.running, 0, -1)) do
    local user = redis.call('HGET', PREFIX.claim .. id, 'user')
    if not user or user == '' then user = user_of(id) end
    running[user] = (running[user] or 0) + 1
  end
  return running
end

-- How many waiting jobs of a user stand in line (contract/desired.ts), as a function that answers nil for no limit; nil
-- when there are no limits at all.
local function line_limits(control)
  local caps = type(control.lineCaps) == 'table' and control.lineCaps or {}
  local own = type(caps.users) == 'table' and caps.users or {}
  local everybody = tonumber(caps.everybody)
  if not everybody and not next(own) then return nil end
  return function(user) return tonumber(own[user]) or everybody end
end

-- Users whose waiting jobs are passed over now, as a set: those held, and those who run as many jobs as their cap
-- allows. nil when there are none, so that a queue without orders pays nothing for them.
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
