-- Compare-and-set on a job's text. The caller read the text, knows where its workflow stands, and passes at
-- ARGV[first]: length, workflow start, workflow end, sha1 of all bytes outside the workflow. Only those bytes are
-- ever replaced, so a 10 MB workflow is neither read nor moved here.
local function guard_holds(job_key, first)
  if redis.call('STRLEN', job_key) ~= tonumber(ARGV[first]) then return false end
  local around = redis.call('GETRANGE', job_key, 0, tonumber(ARGV[first + 1]) - 1)
    .. redis.call('GETRANGE', job_key, tonumber(ARGV[first + 2]), -1)
  return redis.sha1hex(around) == ARGV[first + 3]
end
