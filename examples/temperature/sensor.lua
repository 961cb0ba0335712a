-- Stands for a thermometer: sends a reading to the collector now and then, sooner when that fails. Options: `to`, the route to the collector; `every`; `celsius`.
local to = options.text("to", "/service/collector")
local period = options.duration("every", 10)
local celsius = options.number("celsius", 20)

local function read()
  local noted, why = request(to, {sensor = service.node, celsius = celsius}, 5)
  count(noted and "sent" or "lost")
  if not noted then log.warning(why) end
  after(noted and period or math.min(period, 1), read)
end

function on_start()
  after(0, read)
end

function on_message(m)                             -- a number sets the temperature; anything asks for it
  celsius = tonumber(m.text) or celsius
  m:reply(tostring(celsius))
end
