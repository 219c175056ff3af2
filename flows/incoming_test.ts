const ANNA = { found: true, id: "1", name: "Anna Sidorova", company: "Horns and Hooves", responsible: "alice" };

test("the responsible gets the call", (t) => {
  t.provider("contacts", { find: (params) => (params.phone === "79161234567" ? ANNA : { found: false }) });
  t.phone("alice", { answers: 5, talks: 60 });
  const run = t.call("incoming", { from: "79161234567", to: "701", fallback: "queue:700" });
  t.equal(run.outcome, "returned");
  t.equal(run.ended, "hangup", "when the talk is over, the call is");
  t.equal(run.rang, ["alice"]);
  t.equal(run.queued, []);
  t.equal(run.tags, { customer: "Anna Sidorova", responsible: "alice" });
  t.equal(run.notes, [{ user: "alice", text: "Anna Sidorova is calling, 79161234567" }]);
  t.equal(run.took, 65);
});

test("the queue gets whom the responsible does not take", (t) => {
  t.provider("contacts", { find: ANNA });
  t.phone("alice", { busy: true });
  t.queue("700", { answers: 30, user: "boris", talks: 120 });
  const run = t.call("incoming", { to: "701" });
  t.equal(run.rang, ["alice"]);
  t.equal(run.queued, ["700"]);
  t.equal(run.tags.responsible, "alice: busy");
});

test("the queue gets whom nobody knows", (t) => {
  t.provider("contacts", { find: { found: false } });
  t.queue("700", { answers: 3 });
  const run = t.call("incoming", { from: "70000000000", to: "701" });
  t.equal(run.rang, []);
  t.equal(run.queued, ["700"]);
  t.equal(run.tags, {});
});

test("a CRM that does not answer costs three seconds and no call", (t) => {
  t.provider("contacts", { find: t.never() });
  t.queue("700", { answers: 0, talks: 10 });
  const run = t.call("incoming");
  t.equal(run.queued, ["700"]);
  t.match(run.logged[0] ?? "", /address book does not answer/);
  t.equal(run.steps[0]?.name, "crm.contacts.find");
});

test("a CRM that is not there costs no call", (t) => {
  t.queue("700", { answers: 0 });
  t.equal(t.call("incoming").queued, ["700"]);
});

test("a responsible without a screen is rung nevertheless", (t) => {
  t.provider("contacts", { find: ANNA });
  t.screen("alice", false);
  t.phone("alice", { answers: 1 });
  t.equal(t.call("incoming").tags.responsible, "alice");
});

test("nobody is in the queue: the number's rule", (t) => {
  t.provider("contacts", { find: { found: false } });
  t.queue("700", { unknown: true });
  t.equal(t.call("incoming", { fallback: "user:alice" }).ended, "fallback user:alice");
});

test("a caller who hangs up while it rings", (t) => {
  t.provider("contacts", { find: ANNA });
  const run = t.call("incoming", { hangsUpAfter: 8 });
  t.equal(run.outcome, "hung up");
  t.equal(run.steps.at(-1)?.name, "call.dial");
});
