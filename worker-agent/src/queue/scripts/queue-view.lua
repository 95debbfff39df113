-- The queues at one moment: counts, ids and scores. Read-only.
--
-- Keys    the platform's queues, agent:cancelled, agent:dead-letter, job:{id}, claim:{id}
-- ARGV    1 digest that the caller knows, or empty  2 first waiting place listed (0-based)  3 waiting ids listed
--         4 running ids listed  5 last ids listed of completed, of failed and of cancelled each
-- Output  {now ms, digest} when the caller's digest still holds, else {now ms, digest, JSON text}:
--         {"counts":[pending,running,completed,failed,cancelled,dead],"pending":[id,score,…],
--         "running":[id,score,status or "",…],"completed":[id,score,…],"failed":[…],"cancelled":[…],
--         "dead":[id,entry,…]}. Scores are texts with full precision. The digest covers all but the running scores,
--         which agents refresh (contract 1.8).
-- Events  none
--@include time
local function encode(list)
  return #list == 0 and '[]' or cjson.encode(list)
end
local function last(queue)
  return encode(redis.call('ZREVRANGE', queue, 0, tonumber(ARGV[5]) - 1, 'WITHSCORES'))
end

local counts = {}
for i, queue in ipairs({ KEY.pending, KEY.running, KEY.completed, KEY.failed, KEY.cancelled }) do
  counts[i] = redis.call('ZCARD', queue)
end
counts[6] = redis.call('HLEN', KEY.deadLetter)

local first = tonumber(ARGV[2])
local parts = {
  '"counts":' .. encode(counts),
  '"pending":' .. encode(redis.call('ZRANGE', KEY.pending, first, first + tonumber(ARGV[3]) - 1, 'WITHSCORES')),
  '"completed":' .. last(KEY.completed),
  '"failed":' .. last(KEY.failed),
  '"cancelled":' .. last(KEY.cancelled),
}

-- A cancelled job shows in its text before it leaves the queue.
local running, running_ids = {}, {}
local members = redis.call('ZRANGE', KEY.running, 0, tonumber(ARGV[4]) - 1, 'WITHSCORES')
for i = 1, #members, 2 do
  local id, status = members[i], ''
  local at = tonumber(redis.call('HGET', PREFIX.claim .. id, 'statusAt') or '0')
  if at > 9 then
    local around = redis.pcall('GETRANGE', PREFIX.job .. id, at - 9, at + 12)
    status = type(around) == 'string' and string.match(around, '^"status":"(%l+)"') or ''
  end
  for _, value in ipairs({ id, members[i + 1], status }) do running[#running + 1] = value end
  running_ids[#running_ids + 1] = id .. '\n' .. status
end

local entries = redis.call('HSCAN', KEY.deadLetter, '0', 'COUNT', 200)[2]
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
local digest = string.sub(redis.sha1hex(table.concat(parts) .. table.concat(running_ids, '\n')), 1, 16)
local now = string.format('%.0f', now_ms)
if digest == ARGV[1] then return { now, digest } end
return { now, digest, '{' .. table.concat(parts, ',') .. ',"running":' .. encode(running) .. '}' }
