// A call back after a missed call.
//
// A caller gave up in the queue: who looks after him is told, and calls him back as soon as he can. The
// telephone of the colleague rings first; when he lifts it, the caller's does.
//
// Started by a queue, "abandoned". Asks contacts.find.

import { whoIs } from "./lib/customer";

/** Who calls back those whom nobody looks after. */
const ANYBODY = "alice";

/** Nobody is called back twice within so many seconds. */
const ONCE_IN = 10 * 60;

/** How often, and how many seconds apart, a colleague who is not free is tried. */
const TRIES = 3;
const PAUSE = 120;

export default function missed(start: Start) {
  const phone = start.from;
  if (!phone || !due(phone)) return "not due";
  const customer = whoIs(phone);
  const colleague = customer?.responsible || ANYBODY;
  const who = customer ? `${customer.name}, ${phone}` : phone;
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries > 0) sleep(PAUSE);
    if (!schedule.open("mon-sun 8-21", "Europe/Moscow")) return "too late in the day";
    if (calledBack(colleague, phone, who)) return `called back by ${colleague}`;
  }
  kv.set(phone, undefined); // the next time counts again
  return `${colleague} was never free`;
}

/** Notes that somebody is called back now. False: he was a short time ago. */
function due(phone: string): boolean {
  const last = kv.get(phone);
  if (typeof last === "number" && now() - last < ONCE_IN * 1000) return false;
  kv.set(phone, now());
  return true;
}

function calledBack(colleague: string, phone: string, who: string): boolean {
  try {
    notify(colleague, `You missed a call: ${who}. Your telephone rings to call back.`);
  } catch (e) {
    log("no note for", colleague, String(e));
  }
  try {
    callback(colleague, phone);
    return true;
  } catch (e) {
    log(colleague, "is not free", String(e));
    return false;
  }
}
