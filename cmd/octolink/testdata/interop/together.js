'use strict';
// Conferences and supervision [P 10.6] [P 6.5].

const assert = require('node:assert/strict');
const { same, until, happens } = require('./stage.js');
const { consult } = require('./hold.js');
const { CLIENT } = require('./calls.js');

// colleagues is a talk of alice and boris.
async function colleagues({ stage, alice, boris }) {
  await alice.must('call', '301');
  await alice.is('backring');
  await stage.liftHandset('300');
  await boris.is('ring', '300');
  await boris.must('answer');
  await alice.is('talk', '301');
}

const scenes = {
  async 'a talk becomes a conference, a third is invited and put out'(day) {
    const { alice, boris, vera } = day;
    await colleagues(day);
    alice.forget();
    await alice.must('conference', '302');
    await vera.is('ring');
    await happens('the invited one is shown', () => alice.seen('conferenceAbonentEnter').some(([a]) => a.phone === '302'));
    await vera.must('answer');
    await alice.meets('300', '301', '302');
    await boris.meets('300', '301', '302');
    await vera.meets('300', '301', '302');
    const own = alice.client.getAbonents().find((a) => a.phone === '300');
    same([own.isConferenceCreator, own.isConferenceCompetitor], [true, true]);
    alice.client.endCall('302');
    await vera.is('ready');
    await alice.meets('300', '301');
    await happens('the one who left is told', () => alice.seen('conferenceAbonentLeave').some(([a]) => a.phone === '302'));
    alice.client.endCall('300');
    await Promise.all([alice.is('ready'), boris.is('ready')]);
    assert.ok(!alice.client.conferenceId(), 'no conference is left');
  },

  async 'an invitation that is declined'(day) {
    const { alice, boris, vera } = day;
    await colleagues(day);
    await alice.must('conference', '302');
    await vera.is('ring');
    vera.client.endCall();
    await vera.is('ready');
    await alice.meets('300', '301');
    alice.client.endCall('300');
    await Promise.all([alice.is('ready'), boris.is('ready')]);
  },

  async 'a new conference'({ alice, boris, vera }) {
    await alice.must('conference', ['301', vera.me.userid]);
    for (const one of [alice, boris, vera]) {
      await happens(`${one.name} is called`, () => ['ring', 'backring'].includes(one.client.getState()));
      await one.must('answer');
      await one.is('talk');
    }
    await alice.meets('300', '301', '302');
    boris.client.endCall('301');
    await boris.is('ready');
    await alice.meets('300', '302');
    alice.client.endCall('300');
    await Promise.all([alice.is('ready'), vera.is('ready')]);
  },

  async 'the party on hold joins the conference'(day) {
    const { stage, alice, boris } = day;
    await consult(day);
    await alice.must('conference', CLIENT);
    await alice.holds(false);
    await alice.meets('300', '301', CLIENT);
    await boris.meets('300', '301', CLIENT);
    await stage.hangup(CLIENT);
    await alice.meets('300', '301');
    alice.client.endCall('300');
    await Promise.all([alice.is('ready'), boris.is('ready')]);
  },

  async 'a supervisor listens in and helps'({ stage, alice, boris }) {
    await stage.ring(CLIENT, '301');
    await boris.is('ring', CLIENT);
    await boris.must('answer');
    await boris.is('talk', CLIENT);
    boris.forget();
    await until('301 is busy', () => alice.client.getNumbers()['301'].state, 5);
    await alice.must('ghostListen', '301');
    await alice.is('talk');
    await happens('whom she listens to is shown', () => alice.client.getAbonents().some((a) => a.phone === '301' && a.isConferenceGhostMajor));
    await alice.must('ghostHelp', '301');
    await alice.must('ghostConference', '301');
    await alice.must('ghostListen', '301');
    alice.client.endCall();
    await alice.is('ready');
    await boris.is('talk', CLIENT);
    boris.passed();
    boris.client.endCall();
    await boris.is('ready');
  },

  async 'nobody else may listen in'({ stage, alice, boris }) {
    await stage.ring(CLIENT, '300');
    await alice.is('ring', CLIENT);
    await alice.must('answer');
    await alice.is('talk', CLIENT);
    const answer = await boris.ask('ghostListen', '300');
    same([answer.result, answer.errorCode], [false, 2505]);
    alice.client.endCall();
    await alice.is('ready');
  },
};

module.exports = { scenes };
