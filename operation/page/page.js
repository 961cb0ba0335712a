// SPDX-License-Identifier: Apache-2.0
// Shows the snapshot of the node that has sent this page, every two seconds. Texts of others get into the page as text
// nodes and attributes only, never as markup.
"use strict";

const period = 2000;
const most_points = 40;
const most_on_map = 24;
const svg_names = "http://www.w3.org/2000/svg";

const reasons = {
  "unknown-worker": "no worker has the address",
  "hop-budget": "went in circles",
  "refused": "not meant for who sent it",
  "link-down": "the link was not up",
  "congested": "a queue was full, or its reader stalled",
  "too-large": "too large for the link",
  "bad-route": "a route that cannot be followed",
  "worker-failed": "the worker died while handling it",
  "service-error": "the service answered with an error",
  "node-stopping": "the node was stopping",
  "unreachable": "the peer cannot be connected to",
  "dial-refused": "this node does not connect to that peer for others",
  "stream-broken": "part of a stream that was broken before",
};

const refusals = {
  "wrong-preamble": "a connection that does not speak the protocol",
  "frame-too-large": "a frame that is longer than max-frame",
  "malformed-frame": "bytes that are no message",
  "too-many-hops": "a route with too many hops",
  "name-too-long": "an address that is too long",
  "handshake-timeout": "a peer that said nothing after it had connected",
  "frame-timeout": "a frame that did not end in time",
  "write-timeout": "a peer that reads nothing",
  "too-many-connections": "a connection over max-connections",
  "out-of-descriptors": "a connection for which the process has no descriptor",
  "foreign-user": "another user of this host at the control socket",
  "bad-request": "a request at the control socket that is none",
  "bad-fragment": "a part of a message that contradicts the others",
  "stale-fragment": "a part of a message that came too late, or again",
  "incomplete-message": "a message of which parts never came",
  "foreign-source": "a datagram from somebody else than the link's peer",
  "own-source": "a datagram that names this node as its sender",
  "over-budget": "a datagram or part for which there was no memory",
  "bad-upgrade": "an HTTP request or response that makes no WebSocket",
  "websocket-violation": "frames against the rules of WebSocket",
  "tls-failed": "a TLS handshake that failed, or a certificate that is not trusted",
  "malformed-report": "a report that does not decode",
  "malformed-trace": "a trace context that is none, or too long to pass on",
};

const by_id = id => document.getElementById(id);
const histories = new Map();
let last = null;

function element(name, text, classes) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (classes) e.className = classes;
  return e;
}

function drawing(name, attributes, text) {
  const e = document.createElementNS(svg_names, name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  if (text !== undefined) e.textContent = text;
  return e;
}

function size(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; ++i) n /= 1024;
  return `${i === 0 ? n : n.toFixed(1)} ${units[i]}`;
}

function duration(ms) {
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

const state_class = state => state === "up" ? "good" : state === "down" ? "bad" : "wait";

/// columns: [heading, class, row => cell text or element]
function table(id, columns, rows, none) {
  const t = by_id(id);
  t.replaceChildren();
  if (rows.length === 0) {
    t.append(element("caption", none));
    return;
  }
  const head = t.createTHead().insertRow();
  for (const [title, classes] of columns) {
    const th = element("th", title, classes);
    th.scope = "col";
    head.append(th);
  }
  const body = t.createTBody();
  for (const row of rows) {
    const tr = body.insertRow();
    for (const [, classes, of] of columns) {
      const cell = of(row);
      const td = element("td", undefined, classes);
      td.append(cell instanceof Node ? cell : String(cell ?? ""));
      tr.append(td);
    }
  }
}

const state_cell = row => element("span", row.state, state_class(row.state));
/// Nodes at the other ends of links, by the link's name, as traces have told.
const nodes_behind = new Map();
const node_of = l => l.node || nodes_behind.get(l.worker_address) || "";
/// What people know a link by: its name in the configuration, and the node at its other end.
const link_title = l => l.name && node_of(l) && l.name !== node_of(l) ? `${l.name} (${node_of(l)})` : l.name || node_of(l) || l.peer;

/// The hop behind a link is at its other end, if it is the next one that there is: others do not tell.
function learn_nodes(t) {
  for (const h of t.hops) {
    const next = t.hops.find(other => other.number === h.number + 1);
    if (next?.node && next.node !== h.node && last?.links.some(l => `0#${l.worker_address}` === h.address) && h.node === last.name)
      nodes_behind.set(h.address.slice(2), next.node);
  }
}

const link_key = l => `${l.transport} ${l.worker_address}`;

/// Bytes a second since the last snapshot, with those before.
function remember(now, seconds) {
  const seen = new Set();
  for (const l of now.links) {
    const key = link_key(l);
    seen.add(key);
    const h = histories.get(key) ?? {before: undefined, points: []};
    const total = l.bytes_in + l.bytes_out;
    if (h.before !== undefined && seconds > 0) h.points.push(Math.max(0, (total - h.before) / seconds));
    h.points.splice(0, Math.max(0, h.points.length - most_points));
    h.before = total;
    histories.set(key, h);
  }
  for (const key of histories.keys()) if (!seen.has(key)) histories.delete(key);
}

function rate(l) {
  const points = histories.get(link_key(l))?.points ?? [];
  return points.length ? points[points.length - 1] : 0;
}

function sparkline(l) {
  const points = histories.get(link_key(l))?.points ?? [];
  const most = Math.max(1, ...points);
  const svg = drawing("svg", {class: "spark", viewBox: "0 0 90 20", role: "img", "aria-label": `${size(Math.round(rate(l)))} a second now`});
  const step = 90 / (most_points - 1);
  svg.append(drawing("polyline", {points: points.map((p, i) => `${(i * step).toFixed(1)},${(19 - 18 * p / most).toFixed(1)}`).join(" ")}));
  return svg;
}

function draw_map(s) {
  const map = by_id("map");
  const width = map.clientWidth || 600, height = map.clientHeight || 288;
  map.setAttribute("viewBox", `0 0 ${width} ${height}`);
  map.replaceChildren();
  const shown = s.links.slice(0, most_on_map);
  const centre = [width / 2, height / 2];
  shown.forEach((l, i) => {
    const angle = 2 * Math.PI * i / shown.length - Math.PI / 2;
    const x = centre[0] + Math.cos(angle) * (width / 2 - 110), y = centre[1] + Math.sin(angle) * (height / 2 - 34);
    map.append(drawing("line", {x1: centre[0], y1: centre[1], x2: x, y2: y, class: l.state === "up" ? "good" : "wait"}));
    map.append(drawing("circle", {cx: x, cy: y, r: 8}));
    map.append(drawing("text", {x, y: y - 13, "text-anchor": "middle"}, link_title(l).slice(0, 30)));
    map.append(drawing("text", {x, y: y + 22, "text-anchor": "middle", class: "soft"}, `${l.transport} ${l.state}, ${size(Math.round(rate(l)))}/s`));
  });
  map.append(drawing("circle", {cx: centre[0], cy: centre[1], r: 14}));
  map.append(drawing("text", {x: centre[0], y: centre[1] + 30, "text-anchor": "middle"}, s.name.slice(0, 40)));
  if (s.links.length > shown.length)
    map.append(drawing("text", {x: 8, y: 16, class: "soft"}, `and ${s.links.length - shown.length} more links`));
}

function figures(s, before, seconds) {
  const messages = before && seconds > 0 ? Math.max(0, Math.round((s.messages - before.messages) / seconds)) : 0;
  const all = [
    [messages, "messages a second"], [s.messages, "messages in all"], [`${s.connections} of ${s.max_connections}`, "connections"],
    [s.workers, "workers"], [`${size(s.memory_used)} of ${size(s.memory_limit)}`, "messages in memory"],
  ];
  by_id("figures").replaceChildren(...all.map(([value, what]) => {
    const d = element("div");
    d.append(element("b", value), element("span", what));
    return d;
  }));
}

function drops(s) {
  const lines = [];
  for (const [why, n] of Object.entries(s.dropped)) lines.push(`${n} × dropped, ${why}: ${reasons[why] ?? why}`);
  for (const [why, n] of Object.entries(s.refused)) lines.push(`${n} × refused, ${why}: ${refusals[why] ?? why}`);
  for (const w of s.overdue) lines.push(`${w.address} has not returned from a call for ${duration(w.busy_ms)}`);
  by_id("drops").replaceChildren(...(lines.length ? lines : ["nothing"]).map(l => element("li", l)));
}

/// What people look for; `/show` has the rest.
function item_text(i) {
  const skipped = new Set(["kind", "name", "state", "flow_control_id", "worker", "worker_address", "forwarding_route", "connection", "their_change_history", "since_ms"]);
  const shown = Object.entries(i).filter(([key, value]) => !skipped.has(key) && value !== "" && value !== "0");
  return shown.map(([key, value]) => `${key.replaceAll("_", " ")} ${value.length > 90 ? value.slice(0, 88) + "…" : value}`).join(", ");
}

function health(s) {
  const of_relays = new Set(s.items.filter(i => i.kind === "relay").map(i => i.connection)); // which say it of themselves
  const missing = [...s.listeners, ...s.links.filter(l => l.lasting && !of_relays.has(l.worker_address)), ...s.items.filter(i => i.state)].filter(x => x.state !== "up");
  const h = by_id("health");
  h.textContent = missing.length === 0 ? "ready" : `${missing.length} not up`;
  h.className = missing.length === 0 ? "good" : "bad";
}

function show(s, seconds) {
  document.title = `${s.name}: ockam-node`;
  by_id("name").textContent = s.name;
  by_id("about").textContent = `ockam-node ${s.version}, pid ${s.pid}, up for ${duration(s.uptime_ms)}`;
  remember(s, seconds);
  health(s);
  figures(s, last, seconds);
  draw_map(s);
  table("link-table", [
    ["Transport", "", l => l.transport], ["Name", "text", l => l.name ?? ""], ["Peer", "text", l => node_of(l) ? `${node_of(l)} (${l.peer})` : l.peer], ["State", "", state_cell],
    ["Traffic", "", sparkline], ["In", "number", l => size(l.bytes_in)], ["Out", "number", l => size(l.bytes_out)],
    ["Waiting", "number", l => size(l.queued_bytes)], ["Dropped", "number", l => l.dropped], ["Last error", "text", l => l.last_error ?? ""],
  ], s.links, "no links");
  table("item-table", [["Kind", "", i => i.kind], ["Name", "", i => i.name], ["State", "", i => i.state ? state_cell(i) : ""], ["", "text", item_text]],
    s.items, "none");
  table("service-table", [
    ["Address", "", w => w.address], ["Type", "", w => w.behavior ? `${w.type} (${w.behavior})` : w.type], ["Messages", "number", w => w.messages_in],
    ["Failed", "number", w => w.failed], ["Waiting", "number", w => w.queued], ["Median", "number", w => `${w.p50_ms.toFixed(3)} ms`],
    ["p99", "number", w => `${w.p99_ms.toFixed(3)} ms`], ["Restarts", "number", w => w.restarts],
  ], s.services, "no services");
  table("listener-table", [
    ["Transport", "", l => l.transport], ["Name", "", l => l.name], ["Listens at", "", l => l.socket_address], ["State", "", state_cell],
    ["Open", "number", l => l.connections ?? ""], ["Accepted", "number", l => l.accepted ?? ""], ["Refused", "number", l => l.refused ?? ""],
    ["Last error", "text", l => l.last_error ?? ""],
  ], s.listeners, "no listeners");
  drops(s);
  suggest_routes(s);
}

/// Hops from above to below, each with a bar as long as its round trip.
function draw_trace(t) {
  const picture = by_id("trace-picture");
  const row = 38, left = 14, width = picture.parentElement.clientWidth - 32 || 600;
  const bars = Math.max(60, Math.min(260, width * 0.3)), bars_at = width - bars - 70;
  const hops = t.hops.map(h => ({...h, state: ""}));
  if (t.outcome === "died") hops.push({number: "", address: t.address, node: t.node, type: t.reason, round_trip_us: 0, state: "bad"});
  picture.toggleAttribute("hidden", hops.length === 0);
  picture.setAttribute("viewBox", `0 0 ${width} ${Math.max(1, hops.length) * row}`);
  picture.setAttribute("height", hops.length * row);
  picture.replaceChildren();
  const most = Math.max(1, ...hops.map(h => h.round_trip_us));
  hops.forEach((h, i) => {
    const y = i * row + row / 2;
    if (i > 0) picture.append(drawing("line", {x1: left, y1: y - row + 7, x2: left, y2: y - 7}));
    picture.append(drawing("circle", {cx: left, cy: y, r: 6, class: h.state}));
    picture.append(drawing("text", {x: left + 16, y: y - 2}, `${h.address}`.slice(0, Math.max(8, Math.floor((bars_at - 40) / 7)))));
    picture.append(drawing("text", {x: left + 16, y: y + 13, class: "soft"}, [h.node, h.type].filter(Boolean).join(", ").slice(0, 48)));
    if (h.round_trip_us > 0) {
      picture.append(drawing("rect", {x: bars_at, y: y - 6, width: Math.max(2, bars * h.round_trip_us / most), height: 12, rx: 3}));
      picture.append(drawing("text", {x: width - 66, y: y + 4, class: "soft"}, `${(h.round_trip_us / 1000).toFixed(3)} ms`));
    }
  });
}

function show_trace(t) {
  const words = {
    answered: `answered after ${(t.round_trip_us / 1000).toFixed(3)} ms`,
    arrived: "arrived; the last worker does not reply",
    died: `died at ${t.address}${t.node ? ` on ${t.node}` : ""}: ${reasons[t.reason] ?? t.reason}`,
    silent: "nothing more was heard of the message; nodes of other implementations do not tell",
  };
  const o = by_id("trace-outcome");
  o.textContent = words[t.outcome] ?? t.outcome;
  o.className = t.outcome === "answered" || t.outcome === "arrived" ? "good" : t.outcome === "died" ? "bad" : "wait";
  draw_trace(t);
  table("trace-table", [
    ["Hop", "number", h => h.number], ["Address", "text", h => h.address], ["Node", "", h => h.node], ["Type", "", h => h.type],
    ["To there and back", "number", h => `${(h.round_trip_us / 1000).toFixed(3)} ms`], ["In that node", "number", h => `${(h.held_us / 1000).toFixed(3)} ms`],
  ], t.hops, "no hop has told of the message");
}

async function trace(event) {
  event.preventDefault();
  const o = by_id("trace-outcome");
  by_id("trace-go").disabled = true;
  o.textContent = "under way …";
  o.className = "wait";
  try {
    const answer = await fetch("trace", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({route: by_id("trace-route").value.trim()})});
    if (!answer.ok) throw new Error((await answer.text()).trim() || answer.statusText);
    const told = await answer.json();
    learn_nodes(told);
    show_trace(told);
  } catch (e) {
    o.textContent = e.message;
    o.className = "bad";
    by_id("trace-picture").toggleAttribute("hidden", true);
    by_id("trace-table").replaceChildren();
  }
  by_id("trace-go").disabled = false;
}

/// Routes that this node can tell of itself.
function suggest_routes(s) {
  const routes = [...s.links.filter(l => l.state === "up").map(l => `/worker/${l.worker_address}/service/echo`), ...s.services.map(w => `/service/${w.address}`)];
  const list = by_id("trace-routes");
  if (list.children.length !== Math.min(routes.length, 50))
    list.replaceChildren(...routes.slice(0, 50).map(r => Object.assign(document.createElement("option"), {value: r})));
}

let last_time = 0;

async function refresh() {
  try {
    const answer = await fetch("show", {cache: "no-store"});
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    const s = await answer.json();
    const now = performance.now();
    show(s, last ? (now - last_time) / 1000 : 0);
    last = s;
    last_time = now;
  } catch (e) {
    const h = by_id("health");
    h.textContent = `no answer: ${e.message}`;
    h.className = "bad";
  }
  setTimeout(refresh, document.hidden ? 5 * period : period);
}

by_id("trace-form").addEventListener("submit", trace);
refresh();
