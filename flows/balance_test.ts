const ACCOUNT = { found: true, account: "100200", amount: 1250.5, currency: "roubles" };
const NONE = { found: false, account: "", amount: 0, currency: "" };

test("a known caller hears the balance at once", (t) => {
  t.provider("billing", { balance: (params) => (params.phone ? ACCOUNT : NONE) });
  const run = t.call("balance", { keys: ["", ""] });
  t.equal(run.said[0], "On your account are 1250.50 roubles.");
  t.equal(run.said.at(-1), "Goodbye.");
  t.equal(run.ended, "hangup");
  t.equal(run.tags, { account: "100200" });
});

test("once more, and then a colleague", (t) => {
  t.provider("billing", { balance: ACCOUNT });
  t.queue("700", { answers: 10 });
  const run = t.call("balance", { keys: ["1", "2"] });
  t.equal(run.said.filter((text) => text.includes("1250.50")).length, 2);
  t.equal(run.queued, ["700"]);
});

test("an unknown caller types the account", (t) => {
  t.provider("billing", { balance: (params) => (params.account === "100300" ? { ...ACCOUNT, account: "100300", amount: -40 } : NONE) });
  const run = t.call("balance", { keys: ["999#", "100300#"] });
  t.ok(run.said.includes("There is no such account."));
  t.ok(run.said.includes("You owe us 40.00 roubles."));
  t.equal(run.tags, { account: "100300" });
});

test("who types nothing three times gets a colleague", (t) => {
  t.provider("billing", { balance: NONE });
  t.queue("700", { answers: 1 });
  const run = t.call("balance");
  t.equal(run.asked.length, 1);
  t.equal(run.queued, ["700"]);
});

test("accounts that fail lead to a colleague", (t) => {
  t.provider("billing", { balance: t.failure(503, "closed for the night") });
  t.queue("700", { answers: 1 });
  const run = t.call("balance");
  t.match(run.said[0] ?? "", /cannot be reached/);
  t.equal(run.queued, ["700"]);
});

test("as a service", (t) => {
  t.provider("billing", { balance: (params) => (params.phone === "79161234567" ? ACCOUNT : NONE) });
  t.equal(t.start("account", { kind: "service", params: ["79161234567"] }).returned, "1250.50 roubles");
  t.equal(t.start("account", { kind: "service", params: ["1"] }).returned, "");
  t.match(t.start("account", { kind: "service" }).reason, /first parameter/);
});
