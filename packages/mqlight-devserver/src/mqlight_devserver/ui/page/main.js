// Asks the server what goes on, and shows it, as long as somebody looks.

import { setText } from "./dom.js";
import { Flow } from "./flow.js";
import { duration } from "./format.js";
import { Meter } from "./meter.js";
import { makeTables } from "./tables.js";
import { makeTotals } from "./totals.js";

const INTERVAL = 700; // ms
const PATIENCE = 8000; // ms
const TOLD_FOR = 10000; // ms

const meter = new Meter();
const status = document.getElementById("status");
const uptime = document.getElementById("uptime");
const pause = document.getElementById("pause");
const showTotals = makeTotals(document.getElementById("totals"));
const showTables = makeTables();
const flow = new Flow(document.getElementById("flow"));

let paused = false;
let timer = null;
let asking = false;
let restartedAt = -TOLD_FOR;
let times = new Map();

/** Add to a state what it does not say itself: rates, keys and times of day. */
function complete(state) {
  const restarted = meter.begin(state.uptime);
  if (restarted) times.clear();
  const { received, delivered } = state.totals;
  state.meters = {
    received: meter.read("received", received),
    delivered: meter.read("delivered", delivered),
  };
  for (const one of state.topics) one.meter = meter.read(`t ${one.topic}`, one.messages);
  for (const one of state.destinations) {
    one.key = destinationKey(one.pattern, one.share, one.client);
    one.meter = meter.read(`d ${one.key}`, one.delivered);
  }
  for (const one of state.clients) {
    one.sentMeter = meter.read(`s ${one.client}`, one.sent);
    one.receivedMeter = meter.read(`r ${one.client}`, one.received);
    for (const link of one.publishes) {
      link.meter = meter.read(`p ${one.client} ${link.topic}`, link.messages);
    }
    for (const link of one.subscribes) {
      link.key = destinationKey(link.pattern, link.share, one.client);
      link.meter = meter.read(`c ${one.client} ${link.key}`, link.messages);
    }
  }
  meter.end();
  const known = times;
  times = new Map();
  for (const one of state.messages) {
    one.at = known.get(one.number) ?? Date.now() - one.ago * 1000;
    times.set(one.number, one.at);
  }
  return restarted;
}

const destinationKey = (pattern, share, client) =>
  JSON.stringify(share === null ? [pattern, null, client] : [pattern, share]);

function tell(state, text) {
  status.dataset.state = state;
  setText(status, text);
  document.body.classList.toggle("stale", state === "lost");
}

/** The state of the server; null if it cannot be had. */
async function ask() {
  try {
    const response = await fetch("state", { signal: AbortSignal.timeout(PATIENCE) });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function show(state) {
  if (complete(state)) restartedAt = performance.now();
  const recently = performance.now() - restartedAt < TOLD_FOR;
  tell("live", recently ? "Live, the server has restarted" : "Live");
  setText(uptime, duration(state.uptime));
  showTotals(state);
  flow.show(state);
  showTables(state);
}

async function look() {
  clearTimeout(timer);
  if (asking || paused || document.hidden) return;
  asking = true;
  const state = await ask();
  asking = false;
  timer = setTimeout(look, INTERVAL);
  if (paused) return;
  if (state === null) tell("lost", "Connection lost, retrying");
  else show(state);
}

pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  if (paused) tell("paused", "Paused");
  look();
});
document.addEventListener("visibilitychange", look);
look();
