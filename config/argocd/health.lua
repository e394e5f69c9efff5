-- The health of a ClientCredential, AuthorizationServer or ClusterAuthorizationServer, read from
-- its conditions.
-- A value that is missing or has another type counts as an empty table.
local function table_of(value)
  if type(value) == "table" then
    return value
  end
  return {}
end

local function health(status, message)
  if type(message) ~= "string" then
    message = ""
  end
  return {status = status, message = message}
end

local metadata, spec, status = table_of(obj.metadata), table_of(obj.spec), table_of(obj.status)

if metadata.deletionTimestamp ~= nil then
  return health("Progressing", "it is being deleted")
end
if status.observedGeneration == nil or status.observedGeneration ~= metadata.generation then
  return health("Progressing", "the operator has not seen this spec yet")
end

-- The conditions by type: Ready, and all other conditions that are True.
local conditions = {}
for _, item in ipairs(table_of(status.conditions)) do
  local condition = table_of(item)
  if condition.type == "Ready" or (condition.type ~= nil and condition.status == "True") then
    conditions[condition.type] = condition
  end
end
local ready = table_of(conditions.Ready)

if spec.suspend == true then
  return health("Suspended", ready.message)
end
if conditions.Stalled ~= nil then
  return health("Degraded", conditions.Stalled.message)
end
if conditions.Reconciling ~= nil then
  return health("Progressing", conditions.Reconciling.message)
end
if ready.status ~= "True" then
  return health("Progressing", ready.message)
end
if conditions.RenewalFailing ~= nil then
  return health("Healthy", conditions.RenewalFailing.message)
end
if conditions.LifetimeUnknown ~= nil then
  return health("Healthy", conditions.LifetimeUnknown.message)
end
return health("Healthy", ready.message)
