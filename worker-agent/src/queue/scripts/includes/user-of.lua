-- Who submitted a job, out of the first bytes of its text: the platform's own layout, else any user_id member that
-- stands before the workflow, else the job counts as a user of its own.
local function user_of(id)
  local head = redis.pcall('GETRANGE', PREFIX.job .. id, 0, 127)
  if type(head) ~= 'string' then return '?' .. id end
  local user = string.match(head, '^{"id":"[^"\\]*","user_id":"([^"\\]*)"')
  if user then return user end
  head = redis.call('GETRANGE', PREFIX.job .. id, 0, 511)
  local before = string.match(head, '^(.-)"workflow"') or head
  return string.match(before, '"user_id"%s*:%s*"([^"\\]*)"') or '?' .. id
end
