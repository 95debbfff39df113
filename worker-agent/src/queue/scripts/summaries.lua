-- What a list shows of jobs, without their workflows. Read-only.
--
-- Keys    job:{id}
-- ARGV    1 '1' to look for the workflows' traits (they never change: ask once for each job)  2… job ids
-- Output  one JSON text {"traits":[[[class types],[models],[sizes]],…],"jobs":[record,…]}, a record for each id in order:
--         null (no such job), or [kind, size, user, status, priority, created, started, completed, worker, error,
--         computed from, computed until (as our result tells them), index into traits or null]. kind: 'job' | 'unsure' (read the whole text) | 'unreadable'.
--         Equal traits are sent once: a workshop's jobs come from a handful of templates.
-- Events  none
--@include look
--@include user-of
local MAX_TYPES, MAX_MODELS, MAX_SEEN = 24, 6, 200
-- Inputs that decide how much there is to compute; 'name=number' for each that is a plain number.
local SIZES = { 'width', 'height', 'length', 'steps', 'batch_size', 'num_frames', 'duration' }
local MAX_SIZES = 24
local EXTENSIONS = { '.safetensors"', '.gguf"', '.ckpt"', '.sft"', '.pth"', '.pt"', '.bin"', '.onnx"' }

local function as_list(items)
  return #items == 0 and '[]' or cjson.encode(items)
end

-- Plain searches only: a pattern tried at each byte of 90 KB times 200 jobs would hold up Redis.
local function traits_of(text)
  local types, models, seen = {}, {}, {}
  local at = 1
  for _ = 1, MAX_SEEN do
    if #types == MAX_TYPES then break end
    local _, stop = string.find(text, 'class_type":', at, true)
    if not stop then break end
    local name = string.match(text, '^%s*"([^"\\]*)"', stop + 1)
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
      -- Without its first quote: a plain search stops at each byte that starts the needle.
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
      local ok, whole = pcall(cjson.decode, redis.call('GET', PREFIX.job .. id))
      if ok and type(whole) == 'table' and whole.id == id then
        kind, fields, user = 'job', whole, whole.user_id
      end
    end
    if ARGV[1] == '1' and kind ~= 'unreadable' then
      local traits = traits_of(redis.call('GETRANGE', PREFIX.job .. id, 0, size > 524288 and 65535 or 262143))
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
