-- Compare-and-set of a JSON document by its member `revision` (agent:control, agent:host:{id}:desired).
--
-- Keys    the one in ARGV
-- ARGV    1 key  2 revision that the writer saw; empty for none yet  3 new document
-- Output  {'ok'} also when the same document was written by a call sent before | {'conflict', present document or ''}
-- Events  none
local present = redis.call('GET', ARGV[1])
if present == ARGV[3] then return { 'ok' } end
local revision = ''
if present then
  local ok, document = pcall(cjson.decode, present)
  -- A document that cannot be read counts as none: the host must be able to write over it.
  if ok and type(document) == 'table' and type(document.revision) == 'number' then
    revision = string.format('%.0f', document.revision)
  end
end
if revision ~= ARGV[2] then return { 'conflict', present or '' } end
redis.call('SET', ARGV[1], ARGV[3])
return { 'ok' }
