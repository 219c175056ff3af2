// Routing to the responsible, with a fall-back queue.
//
// A caller is led to the person who looks after him. When the address book does not know him, or that
// person does not take the call, the sales queue gets him.
//
// Asks contacts.find, shows contacts.contact. Rings the queue 700.

import { whoIs } from "./lib/customer";

const SALES = "700";

export default function incoming(call: Call) {
  const customer = whoIs(call.from);
  if (customer) {
    call.tag("customer", customer.name);
    if (customer.responsible && reached(call, customer.responsible, customer.name)) return;
  }
  call.play("Thank you for calling. The next free colleague takes your call.");
  call.queue(SALES);
}

/** Rings the responsible, and says whether he has talked with the caller. */
function reached(call: Call, responsible: string, name: string): boolean {
  tell(responsible, `${name} is calling, ${call.from}`);
  const talk = call.dial(responsible, { timeout: 20 });
  call.tag("responsible", talk.answered ? responsible : `${responsible}: ${talk.reason}`);
  return talk.answered;
}

/** Shows a note at a user's screens. One who has none open misses the note, not the call. */
function tell(user: string, text: string) {
  try {
    notify(user, text);
  } catch (e) {
    log("no note for", user, String(e));
  }
}
