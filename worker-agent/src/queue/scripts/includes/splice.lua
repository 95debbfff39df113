-- Replaces byte ranges of a job's text. From ARGV[first] on, triples: start, length, new text; in ascending order.
-- A byte 1 in a new text stands for now as a JSON string (contract 1.2); JSON itself never holds that byte.
local PIECE = 262144
local function apply_splices(job_key, first)
  if #ARGV < first then return end
  local from = tonumber(ARGV[first])
  local old = redis.call('GETRANGE', job_key, from, -1)
  local parts, at = {}, from
  for i = first, #ARGV, 3 do
    local start, text = tonumber(ARGV[i]), ARGV[i + 2]
    if string.find(text, '\1', 1, true) then text = string.gsub(text, '\1', '"' .. naive_date() .. 'Z"') end
    parts[#parts + 1] = string.sub(old, at - from + 1, start - from)
    parts[#parts + 1] = text
    at = start + tonumber(ARGV[i + 1])
  end
  parts[#parts + 1] = string.sub(old, at - from + 1)
  local new = table.concat(parts)
  if #new >= #old then
    -- Touches the end only; the bytes before stay where they are in memory.
    redis.call('SETRANGE', job_key, from, new)
  elseif from <= PIECE then
    redis.call('SET', job_key, redis.call('GETRANGE', job_key, 0, from - 1) .. new)
  else
    -- A large text that gets shorter moves piece by piece: one string of 10 MB through Lua would hold up Redis for
    -- several times as long. The end goes first, so that the memory is taken at once.
    local copy = PREFIX.claim .. '/rewrite'
    redis.call('SETRANGE', copy, from, new)
    for piece = 0, from - 1, PIECE do
      redis.call('SETRANGE', copy, piece, redis.call('GETRANGE', job_key, piece, math.min(piece + PIECE, from) - 1))
    end
    redis.call('RENAME', copy, job_key)
  end
end
