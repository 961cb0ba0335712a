-- Collects readings of sensors and says what they come to. A reading is JSON, {"sensor": "kitchen", "celsius": 21.5}; the text
-- "summary" asks for least, most and mean of each sensor, and "alerts" for those that were too warm.
local keep = options.duration("forget-after", 3600) -- seconds without a reading after which a sensor is forgotten
local most = options.number("most-sensors", 1000)
local warm = options.number("alert-above", 40)

local sensors, known, alerts = {}, 0, {}

local function forget_old(now)
  for name, s in pairs(sensors) do
    if now - s.last > keep then
      sensors[name] = nil
      known = known - 1
    end
  end
end

local function take(name, celsius, now)
  local s = sensors[name]
  if not s then
    if known >= most then return nil, "there are " .. most .. " sensors already" end
    s = {n = 0, sum = 0, least = celsius, most = celsius}
    sensors[name], known = s, known + 1
  end
  s.n, s.sum, s.last = s.n + 1, s.sum + celsius, now
  s.least, s.most = math.min(s.least, celsius), math.max(s.most, celsius)
  if celsius > warm then
    count("alerts")
    table.insert(alerts, {sensor = name, celsius = celsius})
    if #alerts > 100 then table.remove(alerts, 1) end
  end
  return true
end

local function summary()
  local out, n, sum = {}, 0, 0
  for name, s in pairs(sensors) do
    out[name] = {readings = s.n, least = s.least, most = s.most, mean = s.sum / s.n}
    n, sum = n + s.n, sum + s.sum
  end
  return {sensors = out, readings = n, mean = n > 0 and sum / n or json.null}
end

function on_start(state)
  if state then sensors, known, alerts = state.sensors, state.known, state.alerts end
  every(60, function() forget_old(os.time()) end)
end

function on_reload()
  return {sensors = sensors, known = known, alerts = json.array(alerts)}
end

function on_message(m)
  if m.text == "summary" then return m:reply(summary()) end
  if m.text == "alerts" then return m:reply(json.array(alerts)) end
  local r, why = m:json()
  if type(r) ~= "table" or type(r.sensor) ~= "string" or type(r.celsius) ~= "number" then
    return m:fail(why or 'a reading is {"sensor": NAME, "celsius": NUMBER}')
  end
  if #r.sensor > 64 or not utf8.len(r.sensor) or not (r.celsius > -274 and r.celsius < 10000) then
    return m:fail("a sensor has a name of at most 64 bytes, and no such temperature")
  end
  local ok, full = take(r.sensor, r.celsius, os.time())
  if not ok then return m:fail(full) end
  count("readings")
  m:reply("noted")
end
