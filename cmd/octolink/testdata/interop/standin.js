'use strict';
// A stand-in for oktell.js, its telephone: the same questions at the same times and the same table of
// states as the protocol reference has them. It keeps the day of calls itself tested where no real
// client is at hand. A page script; standin-api.js goes on with it.

(() => {
  const KEY = '___oktellsessionid';
  const ZERO = '00000000-0000-0000-0000-000000000000';
  const GONE = ['Exited', 'MisInviteBusy', 'MisInviteNotRespond', 'MisInviteTimeout', 'MisInviteStop', 'MisInviteAbort', 'MisInviteRefuse'];
  const LOGIN_ERRORS = {
    'Service not available': 1215, 'Wrong login/pass combination': 1202,
    'Bad request. Session does not exist': 1212, 'Bad request. Invalid session user': 1212,
  };
  const isID = (s) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(s);
  const after = (ms, f) => setTimeout(f, ms);

  // cp1251 is the text as one character per Windows-1251 byte [P 5.2].
  const cp1251 = (text) => [...text].map((c) => {
    const n = c.charCodeAt(0);
    if (n < 128) return c;
    if (n === 0x401) return '\xa8';
    if (n === 0x451) return '\xb8';
    return n > 1024 ? String.fromCharCode(n - 848) : '';
  }).join('');

  function md5(text) {
    const bytes = [...text].map((c) => c.charCodeAt(0));
    const bits = bytes.length * 8;
    bytes.push(0x80);
    while (bytes.length % 64 !== 56) bytes.push(0);
    for (let i = 0; i < 8; i++) bytes.push(i < 4 ? (bits >>> (8 * i)) & 255 : 0);
    const turns = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    const sum = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
    for (let at = 0; at < bytes.length; at += 64) {
      const word = (i) => bytes[at + 4 * i] | bytes[at + 4 * i + 1] << 8 | bytes[at + 4 * i + 2] << 16 | bytes[at + 4 * i + 3] << 24;
      let [a, b, c, d] = sum;
      for (let i = 0; i < 64; i++) {
        const round = i >> 4;
        const mix = [(b & c) | (~b & d), (d & b) | (~d & c), b ^ c ^ d, c ^ (b | ~d)][round];
        const w = word([i, 5 * i + 1, 3 * i + 5, 7 * i][round] % 16);
        const x = (a + mix + Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) + w) | 0;
        const n = turns[round][i % 4];
        [a, d, c, b] = [d, c, b, (b + (x << n | x >>> (32 - n))) | 0];
      }
      [a, b, c, d].forEach((v, i) => { sum[i] = (sum[i] + v) | 0; });
    }
    return sum.map((v) => [0, 8, 16, 24].map((n) => ((v >>> n) & 255).toString(16).padStart(2, '0')).join('')).join('');
  }

  class Emitter {
    constructor() { this.handlers = {}; }

    on(name, f) { (this.handlers[name] ||= []).push(f); }

    trigger(name, ...args) { for (const f of this.handlers[name] || []) f(...args); }
  }

  // A Channel asks and is told.
  class Channel {
    constructor(url, opened, closed) {
      this.waiting = {};
      this.events = {};
      this.ws = new WebSocket(url, 'json');
      this.ws.onopen = () => this.ask('ping', {}, opened);
      this.ws.onclose = closed;
      this.ws.onmessage = ({ data }) => {
        const [name, body] = JSON.parse(data);
        for (const f of this.events[name] || []) f(body);
        const f = this.waiting[body.qid];
        delete this.waiting[body.qid];
        if (f) f({ result: 1, ...body });
      };
    }

    get open() { return this.ws.readyState === 1; }

    ask(name, body, f) {
      const qid = Math.random().toString();
      if (f) this.waiting[qid] = f;
      this.ws.send(JSON.stringify([name, { ...body, qid }]));
    }

    listen(name, f) {
      if (this.events[name]) this.events[name].push(f);
      else {
        this.events[name] = [f];
        this.ask('subscribeevent', { eventmethod: [name] });
      }
    }
  }

  class Client extends Emitter {
    constructor() {
      super();
      Object.assign(this, { version: 'stand-in', custom: new Emitter(), native: [], info: {}, users: {}, numbers: {}, breaks: {}, waitingPasses: {} });
      Object.assign(this, { parties: {}, queue: {}, state: 'disconnected', line: {}, held: null, roomID: null, user: {} });
    }

    // --- the connection [P 5.1]

    connect({ url, login, password, callback = () => {}, expires, queueInterval = 5000 }) {
      const session = password === undefined ? localStorage.getItem(KEY) : undefined;
      const fail = (errorCode) => {
        this.trigger('connectError', { result: false, errorCode });
        callback({ result: false, errorCode });
      };
      if (!session && password === undefined) return fail(1213);
      this.info = { login, url };
      const hashes = session ? { sessionid: session } : { Password: md5(cp1251(password)), password: md5(cp1251(password.toLowerCase())) };
      this.channel = new Channel(url, () => this.ask('login', { ...hashes, showid: 1, usewebrtc: false, expires }, (r) => {
        if (r.error || r.errormsg) {
          if ([1202, 1212].includes(LOGIN_ERRORS[r.errormsg])) this.forgetSession();
          this.refused = true;
          fail(LOGIN_ERRORS[r.errormsg] || 1000);
          this.channel.ws.close();
        } else this.enter(r, queueInterval, callback);
      }), () => this.closed());
      return true;
    }

    ask(name, body, f) {
      if (this.channel.open) this.channel.ask(name, { userlogin: this.info.login, ...body }, f);
    }

    call1(name, body) { return new Promise((done) => { this.ask(name, body, done); }); }

    async enter(r, queueInterval, callback) {
      Object.assign(this.info, { userid: r.userid, sessionId: r.sessionid });
      localStorage.setItem(KEY, r.sessionid);
      document.cookie = `${KEY}=${r.sessionid}`;
      this.timer = setInterval(() => this.getQueue(), queueInterval);
      this.getQueue();
      this.channel.listen('customevent', (e) => this.custom.trigger(e.eventname, e.eventparam));
      this.channel.listen('userstatechanged', (e) => this.keepState(e));
      const { version, alloweddbstoredprocs } = await this.call1('getversion', { showalloweddbstoredprocs: 1 });
      Object.assign(this.info, { dated: version.dated, procedures: alloweddbstoredprocs, port: version.webserverport });
      const me = await this.call1('getmyuserinfo');
      Object.assign(this.info, { number: me.mainpbxnumber, username: me.username, hasline: me.hasline });
      for (const b of (await this.call1('cc_getlunchtypes')).items) this.breaks[b.id.toString()] = b;
      this.keepState(await this.call1('getuserstate'));
      for (const rule of (await this.call1('getredirectrules')).redirectrules) {
        if (rule.id.replaceAll('-', '').toLowerCase() === this.ruleID()) this.info.redirectNumber = rule.destinationnumber;
      }
      for (const n of (await this.call1('getpbxnumbers', { mode: 'full' })).numbers) this.numbers[n.number] = n;
      this.channel.listen('pbxnumberstatechanged', (e) => e.numbers.forEach((n) => { this.numbers[n.num].state = n.numstateid; }));
      for (const u of (await this.call1('getallusernumbers', { fillsubordinates: true })).users) {
        this.users[u.id] = { id: u.id, name: u.name, number: u.main || undefined, numbers: u.nums, controlledByMe: u.sub };
      }
      await this.call1('getalluserphotolink', { mode: 'page' });
      await new Promise((done) => { this.read(done); });
      this.listenToPhone();
      this.connected = true;
      callback({ result: true });
      for (const [name, f] of this.native) this.channel.listen(name, f);
      this.trigger('connect');
    }

    forgetSession() {
      localStorage.removeItem(KEY);
      document.cookie = `${KEY}=; expires=${new Date(0).toUTCString()}`;
    }

    closed() {
      clearInterval(this.timer);
      this.connected = false;
      if (!this.refused) this.trigger('disconnect', { code: 12 });
    }

    disconnect(silent, keepSession) {
      if (keepSession) this.channel.ws.close();
      else {
        this.forgetSession();
        this.ask('logout');
      }
      this.become('disconnected');
      this.read(); // the real one asks once more after its log-out
    }

    // --- when the line is read again [P 5.7]

    listenToPhone() {
      const listen = (name, f) => this.channel.listen(name, f);
      const later = (ms) => () => after(ms, () => this.read());
      listen('linestatechanged', later(500));
      listen('flashstatechanged', later(500));
      listen('confcompositionchanged', ({ eventinfo: e }) => {
        if (e.conferenceid !== this.roomID) return;
        this.gather(e.competitorlist);
        this.read();
      });
      listen('confcompetitorstatechanged', () => {});
      listen('phoneevent_acmcallstarted', () => { this.auto = true; this.read(); });
      listen('phoneevent_acmcallstopped', later(700));
      listen('phoneevent_ringstarted', () => this.read());
      listen('phoneevent_ringstopped', () => this.read());
      listen('phoneevent_ivrstarted', () => {});
      listen('phoneevent_commstarted', (e) => {
        if (!e.isconference) return later(700)();
        this.enterConference(e.confid);
        return this.readConference(() => this.read(() => {
          this.built?.({ result: true });
          this.built = null;
        }));
      });
      listen('phoneevent_commstopped', () => { this.stopped = true; later(700)(); });
      listen('httpresponsecopy', (e) => e.response === '200 OK' && this.waitingPasses[e.password]?.(e.content));
    }

    read(done = () => {}) {
      this.ask('getextendedlineinfo', {}, (line) => {
        if (!line.result || !line.abonent) return done();
        const was = { state: this.state, parties: this.getAbonents() };
        this.keepHold(line.isflashing && line.flashed);
        if (line.abonent.conferenceid) {
          this.enterConference(line.abonent.conferenceid);
          return this.readConference(() => { this.judge(line, was); done(); });
        }
        this.keepParty({ ...line.abonent, chainid: line.chainid });
        this.enterConference(null);
        this.judge(line, was);
        return done();
      });
    }

    // judge is the table of the phone's states; the first line that fits counts [P 5.6].
    judge(line, was) {
      const a = line.abonent;
      if (this.auto && !a.isautocall && was.state === 'ready') return this.become('backring', was);
      if (a.isautocall) { this.auto = false; return this.become('backcall', was); }
      if (a.isringing) return this.become(a.direction === 'acm_callback' || was.state === 'backring' ? 'backring' : 'ring', was);
      if ((!this.auto && (a.iscommutated || a.iswaitinginflash || a.isconference)) ||
        (line.linestatestr === 'lsCommutated' && a.isivr && !a.iswaitingforanswer)) {
        const again = this.stopped;
        this.stopped = false;
        return this.become('talk', was, again);
      }
      if (a.extline || a.number) { this.auto = false; return this.become('call', was); }
      if (line.linestatestr === 'lsDisconnected') return this.become('disconnected', was);
      if (line.linestatestr === 'lsReserved') return undefined;
      this.auto = this.stopped = false;
      return this.become('ready', was);
    }

    become(state, was = { parties: [] }, again = false) {
      if (state === this.state && !again) return;
      const old = this.getState();
      const before = this.state;
      this.state = state;
      if (state === 'ready' || state === 'disconnected') {
        this.parties = {};
        this.enterConference(null);
        this.trigger('abonentsChange', []);
      }
      this.trigger('stateChange', this.getState(), old);
      const names = { ring: 'ring', backring: 'backRing', call: 'call', backcall: 'call', talk: 'talk', ready: 'ready' };
      const now = this.getAbonents();
      if (names[before]) this.trigger(names[before] + 'Stop', was.parties);
      if (names[state]) this.trigger(names[state] + 'Start', now.length ? now : was.parties);
    }

    // --- parties [P 5.5]

    party(d) {
      const key = d.competitorid || d.number || d.userid || d.callerid || (d.chainid !== ZERO && d.chainid);
      if (!key) return null;
      return {
        key, guid: d.competitorid || d.userid, isIvr: d.isivr, chainId: d.chainid, isExternal: Boolean(d.isextline),
        phone: d.number ? d.number.toString() : d.callerid || undefined,
        name: d.simplename || d.username || d.name || d.caption || d.userlogin || d.number || d.ivrname,
        isUser: Boolean(d.userid), user: { id: d.userid || undefined, name: d.username || undefined, login: d.userlogin || undefined },
        isConferenceCompetitor: Boolean(d.competitorid), isConferenceCreator: (d.competitorid && d.iscreator) || undefined,
        isConferenceGhostMajor: (d.competitorid && d.isghostmajor) || undefined,
      };
    }

    keepParty(d) {
      const before = Object.keys(this.parties);
      const p = this.party(d);
      if (!p && (d.isivr || this.auto)) return;
      this.parties = p ? { [p.key]: p } : {};
      if (before.join() !== Object.keys(this.parties).join()) this.trigger('abonentsChange', this.getAbonents());
    }

    keepHold(d) {
      const old = this.held;
      const now = d ? { ...this.party(d), conferenceId: d.conferenceid } : null;
      if (old?.key === now?.key && old?.conferenceId === now?.conferenceId) return;
      this.held = now;
      if (old) this.trigger('holdAbonentLeave', old);
      if (now) this.trigger('holdAbonentEnter', now);
      this.trigger('holdStateChange', this.getHoldInfo());
    }

    is(target, parties = Object.values(this.parties)) {
      return parties.find((p) => p && [p.guid, p.user.id, p.phone].includes(target));
    }

    // --- conferences [P 6.5]

    enterConference(id) {
      if (id === this.roomID) return;
      if (this.roomID) this.ask('confhandleevent', { conferenceid: this.roomID, eventtype: 'competitors', handle: false });
      this.roomID = id;
      this.room = {};
      if (id) this.ask('confhandleevent', { conferenceid: id, eventtype: 'competitors', handle: true });
    }

    readConference(done) {
      this.ask('getconferenceinfo', { conferenceid: this.roomID || false }, (r) => {
        this.gather(r.competitors);
        this.room = r.conference;
        done();
      });
    }

    gather(list) {
      const shown = (m) => !this.room?.isghost || m.isghost || m.userid === this.info.userid || m.number === this.info.number;
      const now = Object.fromEntries(list.filter((m) => !GONE.includes(m.confstatestr) && shown(m)).map((m) => [m.competitorid, this.party(m)]));
      const old = this.parties;
      this.parties = now;
      if (this.state === 'talk') {
        for (const key of Object.keys(now)) if (!old[key]) this.trigger('conferenceAbonentEnter', now[key]);
        for (const key of Object.keys(old)) if (!now[key] && old[key].isConferenceCompetitor) this.trigger('conferenceAbonentLeave', old[key]);
      }
      this.trigger('abonentsChange', this.getAbonents());
    }
  }

  window.standin = { Client, md5, cp1251, after, isID };
})();
