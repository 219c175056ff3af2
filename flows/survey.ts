// A survey after the call.
//
// The caller talks with a colleague. When that one has hung up, the caller gives a mark; an event tells
// it to the flow "review", which has the colleague say what it was about. That is a run of its own: the
// caller may hang up, the form stays.
//
// Rings elena, or the queue 700.

const SUPPORT = "elena";
const SALES = "700";

export default function survey(call: Call) {
  let talk = call.dial(SUPPORT, { timeout: 25 });
  if (!talk.answered) talk = call.queue(SALES, { timeout: 300 });
  if (!talk.answered) {
    call.play("Nobody is free. Please call again later.");
    call.hangup();
    return;
  }
  const mark = call.menu("How did we do? Please press a key from 1, badly, to 5, very well.", { choices: "12345", tries: 2, timeout: 8 });
  if (mark) {
    call.tag("mark", mark);
    events.emit("rated", { call: call.id, phone: call.from, user: talk.user, mark: Number(mark) });
    call.play("Thank you.");
  }
  call.hangup();
}
