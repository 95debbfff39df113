-- Reads a job's small fields without its workflow. In the platform's layout the workflow is the third member and
-- status the next; `},"status":"` may also stand inside a workflow or a metadata object, so each candidate is proved:
-- from there to the end the text must be the rest of one JSON object, which nothing cut inside a nested one can be.
--
-- Returns kind ('job' | 'gone' | 'unreadable' | 'unsure'), size, and for a job a table: fields (decoded, without
-- workflow), workflow_start, workflow_end (zero-based, end exclusive).
local function look(id)
  local job_key = PREFIX.job .. id
  local size = redis.pcall('STRLEN', job_key)
  if type(size) ~= 'number' then return 'unreadable', 0 end
  if size == 0 then return redis.call('EXISTS', job_key) == 0 and 'gone' or 'unreadable', 0 end
  local head = redis.call('GETRANGE', job_key, 0, 1023)
  local _, open, own_id, user = string.find(head, '^{"id":"([^"\\]*)","user_id":"([^"\\]*)","workflow":{')
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
