-- Redis TIME is the only clock that crosses machines.
local floor = math.floor
local time = redis.call('TIME')
local now_s, now_us = tonumber(time[1]), tonumber(time[2])
local now_ms = now_s * 1000 + floor(now_us / 1000)
-- As a zset score; a string, because Lua prints numbers with 14 digits only.
local now_score = string.format('%d.%06d', now_s, now_us)

-- Year, month and day of now (UTC), by the usual days-to-civil arithmetic: the sandbox has no os.date.
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

-- Now as pydantic prints it, without the zone (contract 1.2): six fraction digits, none at all when zero.
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
