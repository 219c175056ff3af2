'use strict';
// Log-in, sessions, tabs and the end of them [P 10.1] [P 5.2] [P 5.3].

const assert = require('node:assert/strict');
const { Person, same, until, happens } = require('./stage.js');

const scenes = {
  async 'a wrong password is refused'({ stage }) {
    const stranger = stage.tab('alice');
    const answer = await stranger.connect({ login: 'alice', password: 'wrong' });
    same([answer.result, answer.errorCode], [false, 1202]);
  },

  async 'a password with Cyrillic letters'({ stage }) {
    const dmitry = await stage.tab('dmitry').logIn('Пароль1');
    dmitry.client.disconnect();
    await happens('dmitry: disconnect', () => dmitry.seen('disconnect').length);
  },

  async 'nothing to log in with'({ stage }) {
    const answer = await stage.tab('alice').connect({ login: 'alice' });
    same([answer.result, answer.errorCode], [false, 1213]);
  },

  async 'everything is there after the log-in'({ alice, boris, vera }) {
    assert.equal(alice.client.getState(), 'ready');
    await alice.userIs('ready', 'ready');
    const { number, username, hasline, sessionId, userid } = alice.me;
    same([number, username, hasline, Boolean(sessionId)], ['300', 'Alice Ivanova', true, true]);
    const users = alice.client.getUsers();
    same(Object.values(users).map((u) => u.number).sort(), ['300', '301', '302', '303']);
    same([users[boris.me.userid].controlledByMe, users[vera.me.userid].controlledByMe], [true, false]);
    const numbers = alice.client.getNumbers();
    assert.equal(numbers['300'].userid, userid);
    assert.equal(numbers['300'].department, 'Sales');
    await until('the numbers of those who are there', () => ['300', '301', '302', '303'].map((n) => numbers[n].state), [1, 1, 1, 0]);
  },

  async 'a second tab needs no password'({ alice, tab }) {
    assert.equal(tab.me.userid, alice.me.userid);
    assert.equal(tab.me.sessionId, alice.me.sessionId);
    await tab.userIs('ready', 'ready');
  },

  async 'a session of another login is not taken'({ stage, alice }) {
    const other = stage.tab('boris', alice.person.twin());
    const answer = await other.connect({ login: 'boris' });
    same([answer.result, answer.errorCode], [false, 1212]);
  },

  async 'a tab is closed and opened again, the others stay'({ tab, alice }) {
    tab.client.disconnect(false, true); // keeps the session
    await happens('the tab: disconnect', () => tab.seen('disconnect').length);
    assert.equal(alice.seen('disconnect').length, 0);
    await alice.userIs('ready', 'ready');
    tab.forget();
    tab.reload();
    const again = await tab.connect({ login: 'alice' });
    assert.equal(again.result, true, JSON.stringify(again));
    await tab.is('ready');
  },
};

const last = {
  async 'the log-out ends all tabs and the session'({ stage, alice, tab, boris }) {
    const copy = alice.person.twin();
    alice.client.disconnect();
    await happens('alice: disconnect', () => alice.seen('disconnect').length);
    await happens('the tab: disconnect', () => tab.seen('disconnect').length);
    assert.equal(alice.client.getState(), 'disconnected');
    await until('300 is not there', () => boris.client.getNumbers()['300'].state, 0);
    assert.equal(alice.person.readCookies(), '');
    const answer = await stage.tab('alice', copy).connect({ login: 'alice' });
    same([answer.result, answer.errorCode], [false, 1212]);
    const fresh = await stage.tab('alice', new Person()).logIn('demo');
    fresh.client.disconnect();
    await happens('alice: disconnect', () => fresh.seen('disconnect').length);
  },
};

module.exports = { scenes, last };
