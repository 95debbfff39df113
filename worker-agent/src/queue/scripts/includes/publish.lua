-- Publishes job_updated with the full job (contract 1.6), built from what stands in Redis so that nothing is
-- uploaded. Above 256 KB the published copy alone has an empty workflow.
local function publish_text(text, rest)
  redis.call('PUBLISH', CHANNEL.updates,
    '{"type":"job_updated","data":' .. text .. rest .. ',"timestamp":"' .. naive_date() .. '+00:00"}')
end

-- Nothing is built when nobody listens.
local function publish_job(job_key, workflow_start, workflow_end)
  if redis.call('PUBSUB', 'NUMSUB', CHANNEL.updates)[2] == 0 and redis.call('PUBSUB', 'NUMPAT') == 0 then return end
  local data
  if redis.call('STRLEN', job_key) <= 262144 then
    data = redis.call('GET', job_key)
  else
    data = redis.call('GETRANGE', job_key, 0, workflow_start - 1) .. '{}'
      .. redis.call('GETRANGE', job_key, workflow_end, -1)
  end
  publish_text(data, '')
end
