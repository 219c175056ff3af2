'use strict';
// Hold, consultation, toggle, attended transfer [P 10.4].

const { same, until } = require('./stage.js');
const { talk, over, CLIENT } = require('./calls.js');

// consult is alice's question to boris while her client waits.
async function consult(day) {
  await talk(day);
  await day.alice.must('call', '301');
  await day.alice.is('call', '301');
  await day.alice.holds(CLIENT);
  await day.boris.is('ring', '300');
  await day.boris.must('answer');
  await day.alice.is('talk', '301');
}

const scenes = {
  async 'a call is put on hold and taken back'(day) {
    const { alice, tab } = day;
    await talk(day);
    alice.forget();
    alice.client.hold();
    await alice.is('ready');
    await alice.holds(CLIENT);
    await tab.holds(CLIENT);
    same(alice.client.getAbonents(), [], 'nobody is at the dial tone');
    alice.client.hold();
    await alice.is('talk', CLIENT);
    await alice.holds(false);
    same(alice.states, ['ready', 'talk']);
    same(alice.seen('holdStateChange').map(([h]) => h.hasHold), [true, false]);
    await over(day);
  },

  async 'a consultation, toggled, ends with the two others connected'(day) {
    const { stage, alice, boris } = day;
    await consult(day);
    alice.forget();
    await alice.must('toggle');
    await alice.is('talk', CLIENT);
    await alice.holds('301');
    await boris.is('talk', '300'); // on hold is talk for the client
    await until('the change of the sides is told', () => [alice.seen('holdAbonentLeave').length, alice.seen('holdAbonentEnter').length], [1, 1]);
    await until('the end and the beginning of talks are told', () => [alice.seen('talkStop').length > 0, alice.seen('talkStart').length > 0], [true, true]);
    await alice.must('toggle');
    await alice.is('talk', '301');
    await alice.holds(CLIENT);
    alice.client.commutate();
    await alice.is('ready');
    await alice.holds(false);
    await boris.is('talk', CLIENT);
    await stage.hangup(CLIENT);
    await boris.is('ready');
  },

  async 'a consultation from the dial tone'(day) {
    const { alice, boris } = day;
    await talk(day);
    alice.client.hold();
    await alice.is('ready');
    await alice.must('call', '301');
    await alice.is('call', '301');
    await boris.is('ring', '300');
    await boris.must('answer');
    await alice.is('talk', '301');
    await alice.holds(CLIENT);
    boris.client.endCall();
    await boris.is('ready');
    await alice.holds(CLIENT);
    alice.client.hold();
    await alice.is('talk', CLIENT);
    await over(day);
  },

  async 'a transfer to the party on hold'(day) {
    const { stage, alice, boris } = day;
    await consult(day);
    await alice.must('transfer', CLIENT);
    await alice.is('ready');
    await boris.is('talk', CLIENT);
    await stage.hangup(CLIENT);
    await boris.is('ready');
  },

  async 'a transfer of the present party brings the one on hold back'(day) {
    const { alice, boris, vera } = day;
    await consult(day);
    await alice.must('transfer', '302');
    await alice.is('talk', CLIENT);
    await alice.holds(false);
    await vera.is('ring', '301');
    vera.client.endCall();
    await Promise.all([vera.is('ready'), boris.is('ready')]);
    await over(day);
  },

  async 'the consulted party is dropped'(day) {
    const { alice, boris } = day;
    await consult(day);
    alice.client.endCall('301');
    await alice.is('talk', CLIENT);
    await alice.holds(false);
    await boris.is('ready');
    await over(day);
  },

  async 'a consultation that is declined leaves the dial tone'(day) {
    const { alice, boris } = day;
    await talk(day);
    await alice.must('call', '301');
    await boris.is('ring', '300');
    boris.client.endCall();
    await boris.is('ready');
    await alice.is('ready');
    await alice.holds(CLIENT);
    alice.client.hold();
    await alice.is('talk', CLIENT);
    await over(day);
  },

  async 'the party on hold hangs up'(day) {
    const { stage, alice, boris } = day;
    await consult(day);
    const lost = [];
    alice.client.onNativeEvent('flashstatechanged', (e) => lost.push(e.flashtypeid));
    await stage.hangup(CLIENT);
    await alice.holds(false);
    await alice.is('talk', '301');
    await until('the kind of the change', () => lost, [4]);
    alice.client.endCall();
    await Promise.all([alice.is('ready'), boris.is('ready')]);
  },
};

module.exports = { scenes, consult };
