const ANNA = { found: true, name: "Anna Sidorova", responsible: "boris" };
const GAVE_UP = { kind: "queue", on: "abandoned", queue: "700", call: "call-1", from: "79161234567" };

test("the responsible calls back", (t) => {
  t.provider("contacts", { find: ANNA });
  const run = t.start("missed", GAVE_UP);
  t.equal(run.callbacks, [{ user: "boris", number: "79161234567" }]);
  t.match(run.notes[0]?.text ?? "", /Anna Sidorova, 79161234567/);
  t.equal(run.returned, "called back by boris");
});

test("somebody calls back whom nobody looks after", (t) => {
  t.provider("contacts", { find: { found: false } });
  t.equal(t.start("missed", GAVE_UP).callbacks, [{ user: "alice", number: "79161234567" }]);
});

test("nobody is called back twice within ten minutes", (t) => {
  t.provider("contacts", { find: ANNA });
  t.equal(t.start("missed", GAVE_UP).callbacks.length, 1);
  t.equal(t.start("missed", GAVE_UP).returned, "not due");
  t.now("2026-01-12T12:10:01Z");
  t.equal(t.start("missed", GAVE_UP).callbacks.length, 1);
});

test("who is busy is tried again, two minutes apart", (t) => {
  t.provider("contacts", { find: ANNA });
  t.phone("boris", { busy: true });
  const run = t.start("missed", GAVE_UP);
  t.equal(run.returned, "boris was never free");
  t.equal(run.took, 240);
  t.equal(t.kept("missed", "79161234567"), undefined);
});

test("nobody is called back at night", (t) => {
  t.now("2026-01-12T23:30:00+03:00");
  t.provider("contacts", { find: ANNA });
  t.equal(t.start("missed", GAVE_UP).callbacks, []);
});
