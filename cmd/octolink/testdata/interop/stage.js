'use strict';
// The stage of the day: clients whose events are written down, outside parties, and what a step
// waits for.

const assert = require('node:assert/strict');
const { Person, WebSocket } = require('./browser.js');

const PATIENCE = 6000; // milliseconds; a client re-reads its line up to 700 ms after an event

// same compares values of which some were made in a tab: its lists are not of our own kind.
function same(got, want, what) {
  assert.deepEqual(got === undefined ? got : JSON.parse(JSON.stringify(got)), want, what);
}

// until waits for what the test says it shall be, and fails with what it is.
async function until(what, see, want) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const got = see();
    try {
      same(got, want);
      return;
    } catch (err) {
      if (Date.now() > end) throw new Error(`${what}: ${err.message}`);
    }
    await pause();
  }
}

const pause = () => new Promise((r) => { setTimeout(r, 10); });

const happens = (what, see) => until(what, () => Boolean(see()), true);

// A Tab is a client in a browser tab. It writes down every event of the API in `log`.
class Tab {
  constructor(stage, name, person) {
    this.name = name;
    this.person = person;
    this.stage = stage;
    this.log = [];
    this.reload();
  }

  // reload is F5: a new client in the same browser.
  reload() {
    this.client = this.person.open(this.stage.files).oktell;
    const events = ['connect', 'connectError', 'disconnect', 'stateChange', 'holdStateChange', 'holdAbonentEnter',
      'holdAbonentLeave', 'abonentsChange', 'userStateChange', 'callCenterStateChange', 'queueChange', 'queueAbonentEnter',
      'queueAbonentLeave', 'conferenceAbonentEnter', 'conferenceAbonentLeave', 'ringStart', 'ringStop', 'backRingStart',
      'callStart', 'talkStart', 'talkStop'];
    for (const event of events) {
      this.client.on(event, (...args) => this.log.push({ event, args }));
    }
    // Web panels of some years fail over a party without a number, and their page with them.
    this.client.on('abonentsChange', (list) => {
      if (!list.every((a) => a.phone)) this.stage.faults.push(new Error(`${this.name}: a party without a number: ${JSON.stringify(list)}`));
    });
  }

  // connect resolves with what the client's callback of connect is given.
  connect(options) {
    return new Promise((resolve) => {
      this.client.connect({ url: this.stage.url, queueInterval: 250, expires: 3600, ...options, callback: resolve });
    });
  }

  async logIn(password) {
    const result = await this.connect({ login: this.name, password });
    assert.equal(result.result, true, `${this.name} logs in: ${JSON.stringify(result)}`);
    await happens(`${this.name}: connect`, () => this.seen('connect').length);
    return this;
  }

  // ask calls a function of the API whose last argument is a callback.
  ask(name, ...args) {
    return new Promise((resolve) => { this.client[name](...args, resolve); });
  }

  async must(name, ...args) {
    const answer = await this.ask(name, ...args);
    assert.equal(answer.result, true, `${this.name}: ${name}(${args.join(', ')}): ${JSON.stringify(answer)}`);
    return answer;
  }

  get me() { return this.client.getMyInfo(); }

  get hold() { return this.client.getHoldInfo(); }

  seen(event) { return this.log.filter((e) => e.event === event).map((e) => e.args); }

  // states are those that the telephone went through since the last forget.
  get states() { return this.seen('stateChange').map(([now]) => now); }

  forget() { this.log.length = 0; }

  // is waits for the state of the telephone, with the number of the other side.
  async is(state, phone) {
    await until(`${this.name} is ${state}`, () => this.client.getState(), state);
    if (phone) {
      await until(`${this.name}'s other side`, () => this.client.getAbonents().map((a) => a.phone), [phone]);
    }
  }

  // holds waits for who is on hold; false for nobody.
  holds(phone) {
    return until(`${this.name}'s hold`, () => (this.hold.hasHold ? this.hold.abonent?.phone : false), phone);
  }

  // meets waits for the participants of the conference, in any order.
  meets(...phones) {
    return until(`${this.name}'s conference`, () => this.client.getAbonents().map((a) => a.phone).sort(), phones.sort());
  }

  userIs(state, status) {
    return until(`${this.name}'s user state`, () => [this.client.getUserState(), this.client.getUserStatus()], [state, status]);
  }

  // passed checks all states of the telephone since the last forget, and forgets.
  passed(...states) {
    same(this.states, states, `${this.name}: the states of the telephone`);
    this.forget();
  }
}

class Stage {
  constructor(url, files) {
    this.url = url;
    this.files = files;
    this.faults = [];
    WebSocket.failed = (err) => this.faults.push(err);
  }

  tab(name, person = new Person()) { return new Tab(this, name, person); }

  // sim gives an order to the simulator of telephones.
  async sim(order, body) {
    const answer = await fetch(this.url.replace(/^ws/, 'http').replace(/\/*$/, '/sim/') + order, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`sim ${order} ${JSON.stringify(body)}: ${answer.status} ${await answer.text()}`);
  }

  ring(from, to) { return this.sim('ring', { from, to }); }

  // liftHandset answers a phone by hand, as its owner does, once it rings: a callback is announced
  // before that.
  async liftHandset(number) {
    const end = Date.now() + PATIENCE;
    for (;;) {
      try {
        await this.sim('answer', { number });
        return;
      } catch (err) {
        if (Date.now() > end) throw err;
      }
      await pause();
    }
  }

  hangup(number) { return this.sim('hangup', { number }); }
}

module.exports = { Stage, Person, same, until, happens };
