test("a mark after the talk", (t) => {
  t.phone("elena", { answers: 4, talks: 90 });
  const run = t.call("survey", { from: "79161234567", to: "703", keys: ["5"] });
  t.equal(run.tags, { mark: "5" });
  t.equal(run.events, [{ name: "rated", data: { call: "call-1", phone: "79161234567", user: "elena", mark: 5 } }]);
  t.equal(run.said.at(-1), "Thank you.");
  t.equal(run.ended, "hangup");
});

test("who gives no mark is let go", (t) => {
  t.phone("elena", { answers: 4 });
  const run = t.call("survey", { keys: ["9", ""] });
  t.equal(run.tags, {});
  t.equal(run.events, []);
  t.equal(run.ended, "hangup");
});

test("the queue helps when Elena is not there", (t) => {
  t.queue("700", { answers: 60, user: "vera" });
  const run = t.call("survey", { keys: ["4"] });
  t.equal(run.events[0]?.data.user, "vera");
});

test("nobody is there", (t) => {
  const run = t.call("survey");
  t.equal(run.said.length, 1);
  t.equal(run.ended, "hangup");
});

test("the colleague says what it was about", (t) => {
  t.provider("billing", { note: { id: "1" } });
  t.form("crm.card", (user, params) => ({ button: "save", values: { subject: "Invoice", comment: `${user} for ${params.phone}` } }));
  const run = t.start("review", { kind: "event", event: "rated", data: { phone: "79161234567", user: "elena", mark: 5 } });
  t.equal(run.shown.length, 1);
  t.equal(run.asked, [
    { method: "billing.note", user: "", params: { phone: "79161234567", text: "mark 5 for elena, Invoice: elena for 79161234567" } },
  ]);
});

test("the mark is kept without a form", (t) => {
  t.provider("billing", { note: { id: "1" } });
  const rated = { kind: "event", event: "rated", data: { phone: "1", user: "elena", mark: 2 } };
  t.form("crm.card", t.closed());
  t.equal(t.start("review", rated).returned, "mark 2 for elena");
  t.form("crm.card", t.never());
  t.equal(t.start("review", rated).returned, "mark 2 for elena");
  t.screen("elena", false);
  t.equal(t.start("review", rated).returned, "mark 2 for elena");
});

test("an event without its data is refused", (t) => {
  t.match(t.start("review", { kind: "event", event: "rated", data: "5" }).reason, /tells phone, user and mark/);
});
