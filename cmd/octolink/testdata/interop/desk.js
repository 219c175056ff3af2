'use strict';
// What an operator does beside calls: states, breaks, queues, redirect, photo, password [P 10.7]
// [P 10.8] [P 5.8].

const assert = require('node:assert/strict');
const zlib = require('node:zlib');
const { same, until, happens } = require('./stage.js');
const { CLIENT } = require('./calls.js');

const WAITING = '79031112233';

// picture is a small PNG, made here.
function picture(width, height) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const head = Buffer.alloc(4);
    const sum = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([head, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8); // eight bits of red, green and blue
  const rows = Buffer.alloc(height * (1 + 3 * width), 0x7f);
  for (let y = 0; y < height; y++) rows[y * (1 + 3 * width)] = 0;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header), chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc32(bytes) {
  let sum = ~0;
  for (const b of bytes) {
    sum ^= b;
    for (let i = 0; i < 8; i++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

const scenes = {
  async 'call-centre and break'({ alice, tab, boris }) {
    same(Object.keys(alice.client.getBreakReasons()), ['1', '4']);
    await alice.must('setUserStatus', 'readyCC', null);
    await alice.userIs('readyCC', 'readyCC');
    await tab.userIs('readyCC', 'readyCC');
    assert.equal(alice.client.inCallCenter(), true);
    await alice.must('setUserStatus', 'break', 4);
    await alice.userIs('break', 'break');
    await tab.userIs('break', 'break');
    same([alice.client.getCurrentBreakReason(), tab.client.getCurrentBreakReason()], [4, 4]);
    await until('the number on a break', () => boris.client.getNumbers()['300'].state, 2);
    await alice.must('setUserStatus', 'readyCCManual', null);
    await alice.userIs('readyCCManual', 'readyCCManual');
    await alice.must('setUserStatus', 'ready', null);
    await alice.userIs('ready', 'ready');
    same(alice.seen('callCenterStateChange').map(([on]) => on).slice(-2), [true, false]);
  },

  async 'do not disturb'({ stage, alice }) {
    await alice.must('setUserStatus', 'dnd', null);
    await alice.userIs('dnd', 'dnd');
    await stage.ring(CLIENT, '300').catch(() => {}); // refused, or heard as a busy tone
    await alice.must('setUserStatus', 'ready', null);
    await alice.userIs('ready', 'ready');
    same(alice.states, [], 'the phone did not ring');
  },

  async 'busy without a call, as after-call work'({ alice }) {
    await alice.must('exec', 'setuserstate', { userstateid: 5 });
    await alice.userIs('busy', 'ready');
    await alice.must('exec', 'setuserstate', { userstateid: 1 });
    await alice.userIs('ready', 'ready');
  },

  async 'a caller waits in the queue, is offered and taken'({ stage, alice }) {
    await stage.ring(WAITING, '700');
    await happens('the caller is shown', () => alice.seen('queueAbonentEnter').some(([a]) => a.phone === WAITING));
    const shown = await alice.must('getQueue');
    same(shown.queue.map((a) => a.phone), [WAITING]);
    await alice.must('setUserStatus', 'readyCC', null);
    await alice.is('ring', WAITING);
    await alice.must('answer');
    await alice.is('talk', WAITING);
    await happens('the caller has left the queue', () => alice.seen('queueAbonentLeave').some(([a]) => a.phone === WAITING));
    await alice.userIs('busy', 'readyCC');
    await alice.must('setUserStatus', 'break', 1); // after this call
    await alice.userIs('busyBreak', 'readyCC');
    await stage.hangup(WAITING);
    await alice.is('ready');
    await alice.userIs('break', 'break');
    await alice.must('setUserStatus', 'ready', null);
    await alice.userIs('ready', 'ready');
  },

  async 'a break during a call of his own begins after it'({ stage, alice }) {
    await stage.ring(CLIENT, '300');
    await alice.is('ring');
    await alice.must('answer');
    await alice.is('talk');
    await alice.must('setUserStatus', 'break', 4);
    await alice.userIs('busy', 'break');
    alice.client.endCall();
    await alice.userIs('break', 'break');
    await alice.must('setUserStatus', 'ready', null);
    await alice.userIs('ready', 'ready');
  },

  async 'redirect'({ stage, alice, vera }) {
    await alice.must('setRedirectNumber', '302');
    await alice.must('setUserStatus', 'redirect', null);
    await alice.userIs('dnd', 'redirect');
    alice.forget();
    await stage.ring(CLIENT, '300');
    await vera.is('ring', CLIENT);
    vera.client.endCall();
    await vera.is('ready');
    same(alice.states, []);
    await alice.must('setUserStatus', 'ready', null);
    await alice.userIs('ready', 'ready');
    await alice.must('setRedirectNumber', '');
  },

  async 'an event of a client reaches the others'({ alice, boris, vera }) {
    const got = [];
    for (const one of [boris, vera]) one.client.onCustomEvent('lunch', (what) => got.push([one.name, what]));
    alice.client.triggerCustomEvent('lunch', false, { at: '13:00' });
    await until('everybody hears it', () => got.map(([name, what]) => name + what.at).sort(), ['boris13:00', 'vera13:00']);
    got.length = 0;
    alice.client.triggerCustomEvent('lunch', [vera.me.userid], { at: '14:00' });
    await until('vera hears it', () => got.map(([name, what]) => name + what.at), ['vera14:00']);
  },

  async 'a query of the installation'({ alice, boris }) {
    const answer = await alice.must('exec', 'Colleagues', { '@department': 'Sales' });
    same(answer.datasets.map((rows) => rows.map((r) => r.login)), [['alice', 'boris']]);
    const refused = await boris.ask('exec', 'Colleagues', {});
    assert.equal(refused.result, false);
  },

  async 'a photo is uploaded and used'({ alice }) {
    alice.person.file = { name: 'me.png', type: 'image/png', bytes: picture(200, 100) };
    const { path } = await alice.must('uploadFile', { storagemode: 'temp', pathmode: 'relative' });
    await alice.must('setUserAvatar', path);
    const { avatarLink32x32 } = await alice.must('getUserAvatar');
    const shown = await fetch(avatarLink32x32);
    same([shown.status, /^image\//.test(shown.headers.get('content-type'))], [200, true]);
  },

  async 'the password'({ alice }) {
    const wrong = await new Promise((done) => { alice.client.changePassword('new', 'not it', done); });
    same([wrong.result, wrong.errorCode], [false, 2801]);
    const right = await new Promise((done) => { alice.client.changePassword('Новый1', 'demo', done); });
    assert.equal(right.result, true);
    const back = await new Promise((done) => { alice.client.changePassword('demo', 'Новый1', done, true); });
    assert.equal(back.result, true);
  },

  async 'methods by name, as other programs use them'({ alice }) {
    const pass = await alice.must('exec', 'gettemphttppass', null);
    assert.match(pass.password, /^\w{32}$/);
    const journal = await alice.must('exec', 'getpbxcalljournal', { filter: { showcallcenter: true } });
    assert.ok(journal.data.length > 0);
    const own = await alice.must('exec', 'getpbxcalljournal', { filter: { idchain: journal.data[0].chainid, showcallcenter: true } });
    assert.ok(own.data.every((row) => row.chainid === journal.data[0].chainid));
    for (const method of ['entercallcenter', 'exitcallcenter', 'getchaincontent']) await alice.ask('exec', method, {});
    const unknown = await alice.ask('exec', 'nosuchmethod', {});
    same([unknown.result, unknown.errorCode], [false, 1103]);
  },
};

module.exports = { scenes };
