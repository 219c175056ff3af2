'use strict';
// Calls between two parties [P 10.2] [P 10.3] [P 10.5].

const assert = require('node:assert/strict');
const { same, until, happens } = require('./stage.js');

const CLIENT = '79161234567';

// talk is a client's call that alice has answered.
async function talk({ stage, alice }, from = CLIENT) {
  await stage.ring(from, '300');
  await alice.is('ring', from);
  await alice.must('answer');
  await alice.is('talk', from);
}

async function over({ stage, alice }, from = CLIENT) {
  await stage.hangup(from);
  await alice.is('ready');
}

const scenes = {
  async 'an incoming call rings, is answered and ends in both tabs'(day) {
    const { stage, alice, tab, boris } = day;
    await talk(day);
    await tab.is('talk', CLIENT);
    const [party] = alice.client.getAbonents();
    assert.equal(party.isExternal, true);
    assert.ok(party.chainId, 'the call has a chain');
    const chains = ['ringStart', 'talkStart'].map((event) => alice.seen(event)[0][0][0].chainId);
    same(chains, [party.chainId, party.chainId], 'ring and talk are one call');
    await alice.userIs('busy', 'ready');
    await until('300 is busy for others', () => boris.client.getNumbers()['300'].state, 5);
    await over(day);
    await tab.is('ready');
    await alice.userIs('ready', 'ready');
    await until('300 is free for others', () => boris.client.getNumbers()['300'].state, 1);
    alice.passed('ring', 'talk', 'ready');
    tab.passed('ring', 'talk', 'ready');
  },

  async 'the other tab answers'({ stage, alice, tab }) {
    await stage.ring(CLIENT, '300');
    await tab.is('ring', CLIENT);
    await tab.must('answer');
    await alice.is('talk', CLIENT);
    alice.client.endCall();
    await Promise.all([alice.is('ready'), tab.is('ready')]);
    alice.passed('ring', 'talk', 'ready');
  },

  async 'a page that is loaded again during a talk shows the talk'(day) {
    const { alice, tab } = day;
    await talk(day);
    tab.client.disconnect(false, true);
    await happens('the tab: disconnect', () => tab.seen('disconnect').length);
    tab.reload();
    const again = await tab.connect({ login: 'alice' });
    same([again.result, tab.client.getState()], [true, 'talk']);
    await tab.is('talk', CLIENT);
    await alice.is('talk', CLIENT);
    tab.client.endCall();
    await Promise.all([alice.is('ready'), tab.is('ready')]);
  },

  async 'an incoming call is rejected'({ stage, alice }) {
    await stage.ring(CLIENT, '300');
    await alice.is('ring', CLIENT);
    alice.client.endCall();
    await alice.is('ready');
    alice.passed('ring', 'ready');
  },

  async 'a caller gives up'({ stage, alice }) {
    await stage.ring(CLIENT, '300');
    await alice.is('ring');
    await stage.hangup(CLIENT);
    await alice.is('ready');
    alice.passed('ring', 'ready');
  },

  async 'a colleague calls'({ stage, alice, boris }) {
    await boris.must('call', '300');
    await boris.is('backring');
    await stage.liftHandset('301');
    await boris.is('call', '300');
    await alice.is('ring', '301');
    const [party] = alice.client.getAbonents();
    same([party.isUser, party.user.id, party.user.login, party.isExternal], [true, boris.me.userid, 'boris', false]);
    assert.equal(party.name, boris.me.username);
    await alice.must('answer');
    await boris.is('talk', '300');
    boris.client.endCall('300');
    await Promise.all([alice.is('ready'), boris.is('ready')]);
    boris.passed('backring', 'call', 'talk', 'ready');
    alice.passed('ring', 'talk', 'ready');
  },

  async 'click to call, by the number'({ stage, alice }) {
    await alice.must('call', '79160000000');
    await alice.is('backring');
    await stage.liftHandset('300');
    await alice.is('talk', '79160000000');
    assert.equal(alice.client.getAbonents()[0].isExternal, true);
    alice.client.endCall();
    await alice.is('ready');
    alice.passed('backring', 'call', 'talk', 'ready');
  },

  async 'click to call, by the id of a user, given up while his own phone rings'({ alice, boris }) {
    await alice.must('call', boris.me.userid);
    await alice.is('backring');
    alice.client.endCall();
    await alice.is('ready');
    alice.passed('backring', 'ready');
  },

  async 'click to call, given up while the other phone rings'({ stage, alice, boris }) {
    await alice.must('call', '301');
    await alice.is('backring');
    await stage.liftHandset('300');
    await alice.is('call', '301');
    await boris.is('ring', '300');
    alice.client.endCall();
    await Promise.all([alice.is('ready'), boris.is('ready')]);
    alice.passed('backring', 'call', 'ready');
    boris.passed('ring', 'ready');
  },

  async 'click to call, the other side first'({ stage, alice }) {
    await alice.must('call', '79160000000', 'abonent');
    await alice.is('backring');
    await stage.liftHandset('300');
    await alice.is('talk', '79160000000');
    alice.client.endCall();
    await alice.is('ready');
    alice.passed('call', 'backring', 'talk', 'ready');
  },

  async 'a number that nobody may dial is refused'({ alice }) {
    const answer = await alice.ask('call', 'nobody');
    same([answer.result, answer.errorCode], [false, 2107]);
    assert.equal(alice.client.getState(), 'ready');
  },

  async 'an intercom call is answered by the other phone itself'({ stage, alice, vera }) {
    await alice.must('intercom', '302');
    await alice.is('backring');
    await stage.liftHandset('300');
    await Promise.all([alice.is('talk', '302'), vera.is('talk', '300')]);
    alice.client.endCall();
    await Promise.all([alice.is('ready'), vera.is('ready')]);
  },

  async 'a blind transfer'(day) {
    const { stage, alice, boris } = day;
    await talk(day);
    await alice.must('transfer', '301');
    await alice.is('ready');
    await boris.is('ring', CLIENT);
    assert.equal(boris.client.getAbonents()[0].isExternal, true);
    await boris.must('answer');
    await boris.is('talk', CLIENT);
    await stage.hangup(CLIENT);
    await boris.is('ready');
    alice.passed('ring', 'talk', 'ready');
    boris.passed('ring', 'talk', 'ready');
  },

  async 'what may be done with a busy subordinate is shown'({ stage, alice, boris }) {
    await stage.ring(CLIENT, '301');
    await boris.is('ring', CLIENT);
    await boris.must('answer');
    await boris.is('talk');
    await happens('a subordinate who talks may be listened to', () => alice.client.getPhoneActions('301').includes('ghostListen'));
    boris.client.endCall();
    await boris.is('ready');
  },
};

module.exports = { scenes, talk, over, CLIENT };
