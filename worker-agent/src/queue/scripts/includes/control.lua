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
