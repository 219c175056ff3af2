// What one user's page knows: his state, his phone, the directory, his queue, his calls. It is kept
// true by the events of the protocol, and read again where an event only says that something changed.

import { Phone, Ready, Talk } from './phone.js';

const events = ['userstatechanged', 'pbxnumberstatechanged', 'linestatechanged', 'flashstatechanged',
  'confcompositionchanged', 'confcompetitorstatechanged', 'usertextmessagereceived', 'phoneevent'];

// How long after an event the line is read again, in ms; undefined: at once.
const readAfter = {
  linestatechanged: 500, flashstatechanged: 500, phoneevent_acmcallstarted: 0, phoneevent_acmcallstopped: 700,
  phoneevent_ringstarted: 0, phoneevent_ringstopped: 0, phoneevent_commstarted: 700, phoneevent_commstopped: 700,
};

const queuePeriod = 5000;
const journalLength = 8;
const busy = 5;
const noPhone = 7;

export class Desk {
  /** A Desk asks through call(name, fields) and tells changed(what) when something is new. */
  constructor(call, changed) {
    this.call = call;
    this.changed = changed;
    this.timers = new Set();
    this.me = { login: '', id: '', name: '', number: '' };
    this.user = { userstateid: 0 };
    this.phone = new Phone();
    this.people = [];
    this.breaks = [];
    this.queue = [];
    this.members = [];
    this.journal = [];
  }

  /** start reads everything, after a login. */
  async start(me) {
    Object.assign(this.me, me);
    await this.call('subscribeevent', { eventmethod: events });
    await this.call('getversion', { showalloweddbstoredprocs: 1 });
    const info = await this.call('getmyuserinfo');
    this.me.name = info.username;
    this.me.number = info.mainpbxnumber;
    this.changed('me');
    await Promise.all([this.readState(), this.readBreaks(), this.readPeople(), this.readLine(), this.readQueue(), this.readJournal()]);
    this.poll = setInterval(() => this.soft(this.readQueue()), queuePeriod);
  }

  /** stop ends what start began; nothing is read any more. */
  stop() {
    clearInterval(this.poll);
    this.timers.forEach(clearTimeout);
    this.timers.clear();
  }

  async readState() {
    this.takeState(await this.call('getuserstate'));
  }

  takeState(f) {
    const before = this.user.userstateid;
    this.user = f;
    this.changed('user');
    if (f.userstateid === before) return;
    if (f.userstateid === noPhone) this.phone.apply({ abonent: {}, linestatestr: 'lsDisconnected' });
    else if (f.userstateid !== busy) this.later(0);
    this.later(400);
  }

  async readBreaks() {
    this.breaks = (await this.call('cc_getlunchtypes')).items || [];
    this.changed('breaks');
  }

  async readPeople() {
    const [numbers, users, photos] = await Promise.all([this.call('getpbxnumbers', { mode: 'full' }),
      this.call('getallusernumbers', { fillsubordinates: true }), this.call('getalluserphotolink', { mode: 'page' })]);
    const byID = new Map((users.users || []).map((u) => [u.id, u]));
    const photoOf = new Map((photos.links || []).map((p) => [p.id, p]));
    this.people = (numbers.numbers || [])
      .filter((n) => !n.userid || !byID.has(n.userid) || byID.get(n.userid).main === n.number)
      .map((n) => ({ ...n, name: (byID.get(n.userid) || {}).name || n.caption, photo: (photoOf.get(n.userid) || {}).link96x96 }));
    const mine = photoOf.get(this.me.id);
    this.me.photo = mine && mine.link96x96;
    this.changed('people');
    this.changed('me');
  }

  // Readings of the line never overlap: an older answer must not come after a newer one.
  async readLine() {
    if (this.reading) {
      this.readAgain = true;
      return this.reading;
    }
    this.reading = this.readLineNow().finally(() => { this.reading = null; });
    await this.reading;
    if (this.readAgain) {
      this.readAgain = false;
      await this.readLine();
    }
    return undefined;
  }

  async readLineNow() {
    const line = await this.call('getextendedlineinfo');
    const conference = line.abonent && line.abonent.conferenceid;
    if (conference) await this.readConference(conference);
    else this.members = [];
    const before = this.phone.state;
    this.phone.apply(line);
    this.changed('phone');
    if (before !== this.phone.state && (before === Talk || this.phone.state === Ready)) this.callEnded();
  }

  // The journal's entry is closed about when the call ends; a second look makes sure.
  callEnded() {
    this.soft(this.readJournal());
    this.after(1500, () => this.readJournal());
  }

  async readConference(id) {
    if (id !== this.phone.conference) {
      await this.call('confhandleevent', { conferenceid: id, eventtype: 'competitors', handle: true });
    }
    this.members = (await this.call('getconferenceinfo', { conferenceid: id })).competitors || [];
  }

  async readQueue() {
    this.queue = (await this.call('getcurrentqueue')).queue || [];
    this.changed('queue');
  }

  async readJournal() {
    const { data } = await this.call('getpbxcalljournal', { filter: { login: this.me.login, limit: journalLength } });
    this.journal = data || [];
    this.changed('journal');
  }

  /** event takes one event of the protocol. */
  event(name, f) {
    if (name === 'userstatechanged') this.ownState(f);
    else if (name === 'pbxnumberstatechanged') this.numbers(f.numbers || []);
    else if (name === 'confcompositionchanged') this.composition(f.eventinfo || {});
    else if (name === 'phoneevent_acmcallstarted') this.phone.autocallStarted();
    if (name in readAfter) this.later(readAfter[name]);
    if (name.startsWith('phoneevent_')) this.soft(this.readQueue());
  }

  ownState(f) {
    if (!f.userid || f.userid === this.me.id) this.takeState(f);
  }

  numbers(list) {
    for (const n of list) {
      const person = this.people.find((p) => String(p.number) === String(n.num));
      if (person) person.state = n.numstateid;
    }
    this.changed('people');
  }

  composition(info) {
    if (info.conferenceid !== this.phone.conference) return;
    this.members = info.competitorlist || [];
    this.later(0);
  }

  later(ms) {
    this.after(ms, () => this.readLine());
  }

  after(ms, read) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.soft(read());
    }, ms);
    this.timers.add(timer);
  }

  // soft lets a reading fail in silence: the connection is gone then, and the next login reads all anew.
  soft(promise) {
    promise.catch(() => {});
  }
}
