'use strict';
// A day of calls through the public functions of a client: node day.js ws://HOST:PORT/ SCRIPT…, the
// scripts of the client's page in their order. Tells each scene as a line "ok …" or "not ok …"; exit
// code 1 when one failed. The variable SCENE plays only those with that text in their names.

const { Stage } = require('./stage.js');
const session = require('./session.js');

const [url, ...files] = process.argv.slice(2);
const only = process.env.SCENE || '';

const parts = [session, require('./calls.js'), require('./hold.js'), require('./together.js'), require('./desk.js')];

async function morning(stage) {
  const alice = await stage.tab('alice').logIn('demo');
  const boris = await stage.tab('boris').logIn('demo');
  const vera = await stage.tab('vera').logIn('demo');
  const tab = stage.tab('alice', alice.person); // her second one, by the session
  const second = await tab.connect({ login: 'alice' });
  if (!second.result) throw new Error(`the second tab: ${JSON.stringify(second)}`);
  return { stage, alice, tab, boris, vera };
}

async function play(day, name, scene) {
  for (const one of [day.alice, day.tab, day.boris, day.vera]) one.forget();
  day.stage.faults.length = 0;
  try {
    await scene(day);
    if (day.stage.faults.length) throw new Error(`the client itself failed: ${day.stage.faults[0].stack}`);
    console.log(`ok ${name}`);
    return true;
  } catch (err) {
    console.log(`not ok ${name}\n  ${String(err.message).replaceAll('\n', '\n  ')}`);
    return false;
  }
}

async function main() {
  const stage = new Stage(url, files);
  process.on('uncaughtException', (err) => stage.faults.push(err));
  const day = await morning(stage);
  console.log(`client ${day.alice.client.version}`);
  const scenes = parts.flatMap((part) => Object.entries(part.scenes)).filter(([name]) => name.includes(only));
  for (const [name, scene] of [...scenes, ...Object.entries(session.last)]) {
    // A scene that failed leaves telephones anyhow; what comes after it would tell nothing.
    if (!await play(day, name, scene)) process.exit(1);
  }
  console.log(`${scenes.length + Object.keys(session.last).length} scenes`);
  process.exit(0);
}

main().catch((err) => {
  console.log(`not ok the morning\n  ${err.stack}`);
  process.exit(1);
});
