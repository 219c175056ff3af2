'use strict';
// A stand-in for oktell.js, its public functions [P 6]. A page script that is loaded after standin.js:
// window.oktell is the client.

(() => {
  const { Client, md5, cp1251, after, isID } = window.standin;
  const STATUS = {
    ready: { userstateid: 1, oncallcenter: false, onccmanual: false, onredirect: false },
    readyCC: { userstateid: 1, oncallcenter: true, onccmanual: false, onredirect: false },
    readyCCManual: { userstateid: 1, oncallcenter: true, onccmanual: true, onredirect: false },
    break: { userstateid: 2, oncallcenter: true, onredirect: false },
    dnd: { userstateid: 3, oncallcenter: false, onredirect: false },
    redirect: { userstateid: 3, oncallcenter: false },
  };
  const named = (n) => (isID(n) ? { userid: n } : { number: n });
  const result = (ok, errorCode) => (ok ? { result: true } : { result: false, errorCode });

  class Oktell extends Client {
    // --- calls [P 6.4]

    getState() { return this.state === 'backcall' ? 'call' : this.state; }

    getAbonents() { return Object.values(this.parties).map((p) => ({ ...p })); }

    getHoldInfo() {
      if (!this.held) return { hasHold: false };
      return this.held.conferenceId ? { hasHold: true, isConference: true } : { hasHold: true, isConference: false, abonent: { ...this.held } };
    }

    getMyInfo() { return { ...this.info }; }

    getUsers() { return this.users; }

    getNumbers() { return this.numbers; }

    dial(body, done) {
      if (!['ready', 'talk'].includes(this.state)) return done(result(false, 2103));
      return this.ask('pbxautocallstart', body, (r) => done(result(r.result, 2107)));
    }

    call(number, sequence, done) {
      const order = typeof sequence === 'string' ? sequence : 'user';
      return this.dial({ sequence: order, number: number.toString() }, [sequence, done].find((f) => typeof f === 'function') || (() => {}));
    }

    intercom(number, done) { this.dial({ sequence: 'user', intercom: true, number }, done); }

    // answer succeeds when the phone is answered within three seconds.
    answer(done) {
      if (!['ring', 'backring'].includes(this.state)) return done(result(false, 2901));
      this.ask('pbxanswercall');
      const end = Date.now() + 3000;
      const look = () => {
        const there = ['talk', 'call'].includes(this.state);
        if (there || Date.now() > end) done(result(there, 2902));
        else after(50, look);
      };
      return look();
    }

    endCall(number) {
      const me = number && [this.info.number, this.info.userid].includes(number);
      if (number && !me && !this.is(number)) return;
      if (number && this.held && (me || !this.roomID)) this.ask('pbxmakeflash', { mode: 'abort' });
      else if (number && this.roomID && this.state === 'talk') this.leaveConference([number]);
      else if (['talk', 'call'].includes(this.state) || (!number && this.held)) this.ask('pbxabortcall');
      else if (this.state === 'backcall') this.ask('pbxautocallabort');
      else if (['ring', 'backring'].includes(this.state)) this.ask('pbxdeclinecall');
    }

    hold() { if (this.state === 'talk' || this.held) this.ask('pbxmakeflash', { mode: 'switch' }); }

    toggle(done) {
      if (this.held) this.ask('pbxmakeflash', { mode: 'switch' });
      done(result(this.held, 2402));
    }

    commutate() { if (this.state === 'talk' && this.held) this.endCall(); }

    transfer(to, done) {
      if (this.state !== 'talk') return done(result(false, 2303));
      if (this.held && this.is(to, [this.held])) this.endCall();
      else this.ask('pbxmaketransfer', { transferto: to });
      return done(result(true));
    }

    // --- conferences, listening in [P 6.5]

    conferenceId() { return this.roomID; }

    async conference(numbers, done) {
      const list = [].concat(numbers || []);
      if (this.state === 'ready' && list.length) {
        const id = 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
        const conference = { id, room: 77, name: '', description: '', accessmode: 'free', isselector: false, record: true, recordrights: 'selected', everyonecaninvite: true, canvieweachother: true };
        const r = await this.call1('createnewconference', { conference, competitors: [{ userlogin: this.info.login }, ...list.map(named)] });
        return done({ result: Boolean(r.result), errorCode: r.result ? 0 : 2204 });
      }
      if (this.roomID) return this.invite(list, done);
      this.built = () => (list.length ? this.invite(list, done) : done({ result: true }));
      after(2000, () => { if (this.built) done({ result: false, errorCode: 2202 }); this.built = null; });
      return this.ask('buildconferencefromcommutation', {});
    }

    async invite(list, done) {
      const fromHold = list.find((n) => this.is(n, [this.held]));
      const others = list.filter((n) => n !== fromHold);
      if (fromHold) {
        if (!(await this.call1('checkcanconnecttogathertoconference')).canconnecttogather) return done({ result: false, errorCode: 2206 });
        this.ask('connecttogathertoconference');
        if (!others.length) return done({ result: true });
      }
      const r = await this.call1('invitetoconference', { conferenceid: this.roomID, competitors: others.map(named) });
      return done({ result: Boolean(r.result) });
    }

    async leaveConference(numbers) {
      const conferenceid = this.roomID;
      const { competitorlist } = await this.call1('getconferencecompetitors', { conferenceid });
      for (const m of competitorlist.filter((c) => numbers.includes(c.number) || numbers.includes(c.userid))) {
        if (m.userid === this.info.userid) this.ask('exitconference', { conferenceid });
        else this.ask('confdisconnectcompetitor', { conferenceid, competitor: { competitorid: m.competitorid } });
      }
    }

    ghost(target, mode, done) {
      const id = this.users[target]?.id || this.numbers[target]?.userid;
      const answer = (ok, errorCode) => this.readConference(() => done({ result: Boolean(ok), errorCode: ok ? 0 : errorCode }));
      if (!id) return answer(false, 2504);
      if (this.state === 'ready') return this.ask('attachasghost', { ghostedid: id }, (r) => answer(r.result, r.error === 52710 ? 2505 : 2502));
      if (!this.room.isghost || !this.is(this.info.userid)) return answer(false, 2506);
      const party = this.is(id);
      if (!party) return answer(false, 2507);
      if (!party.isConferenceGhostMajor && mode !== 'conference') {
        const competitor = { competitorid: party.guid, ghosthelp: mode === 'help' };
        return this.ask('confsetvoiceparams', { conferenceid: this.roomID, competitor }, (r) => answer(r.result, 2502));
      }
      return this.ask('confsetghostmode', { conferenceid: this.roomID, ghostmode: mode }, (r) => answer(r.result, 2502));
    }

    ghostListen(target, done) { this.ghost(target, 'monitor', done); }

    ghostHelp(target, done) { this.ghost(target, 'help', done); }

    ghostConference(target, done) { this.ghost(target, 'conference', done); }

    getPhoneActions(number) {
      const mine = this.users[this.numbers[number]?.userid]?.controlledByMe;
      return this.state === 'ready' && this.numbers[number]?.state === 5 && mine ? ['ghostListen', 'ghostHelp', 'ghostConference'] : [];
    }

    // --- states and queue [P 5.8] [P 6.3]

    keepState(s) {
      const before = [this.user.state, this.user.status].join();
      const was = this.user;
      const ready = s.oncallcenter ? (s.onccmanual ? 'readyCCManual' : 'readyCC') : 'ready';
      const plain = { 1: [ready, ready], 2: ['break', 'break'], 3: ['dnd', 'dnd'], 5: ['busy', ready], 6: ['busy', ready], 7: ['noPhone', 'noPhone'] };
      const [state, status] = plain[s.userstateid] || ['disconnected', 'disconnected'];
      this.user = { ...s, state, status };
      if (state === 'busy' && s.onlunch && s.ontask) this.user.state = 'busyBreak';
      if (state === 'busy' && s.onlunch && !s.ontask) this.user.status = 'break';
      if (s.onredirect) this.user.status = 'redirect';
      if (was.oncallcenter !== s.oncallcenter) this.trigger('callCenterStateChange', s.oncallcenter);
      if (before !== [this.user.state, this.user.status].join()) this.trigger('userStateChange', this.user.state, this.user.status);
      if (this.connected && was.userstateid !== s.userstateid) {
        if (![5, 7].includes(s.userstateid)) this.read();
        after(400, () => this.read());
      }
    }

    getUserState() { return this.user.state; }

    getUserStatus() { return this.user.status; }

    inCallCenter() { return this.user.oncallcenter; }

    getBreakReasons() { return { ...this.breaks }; }

    getCurrentBreakReason() { return this.user.status === 'break' ? this.user.lunchreasonid : null; }

    async setUserStatus(status, reason, done) {
      if (status === 'redirect' && !this.info.redirectNumber) return done(result(false, 4003));
      const body = { ...STATUS[status] };
      if (status === 'break') body.lunchreasonid = Number(reason);
      for (const key of ['oncallcenter', 'onccmanual']) if (body[key] === this.user[key]) delete body[key];
      let r = await this.call1('setuserstate', body);
      if (r.result && status === 'redirect') r = await this.call1('setuserstate', { onredirect: true });
      if (r.result) this.keepState(r);
      return done(result(r.result));
    }

    getQueue(done = () => {}) {
      this.ask('getcurrentqueue', {}, (r) => {
        const now = Object.fromEntries(r.queue.map((q) => this.party(q)).map((p) => [p.key, p]));
        const old = this.queue;
        this.queue = now;
        for (const key of Object.keys(now)) if (!old[key]) this.trigger('queueAbonentEnter', now[key]);
        for (const key of Object.keys(old)) if (!now[key]) this.trigger('queueAbonentLeave', old[key]);
        if (Object.keys(now).join() !== Object.keys(old).join()) this.trigger('queueChange', Object.values(now));
        done({ result: true, queue: Object.values(now) });
      });
    }

    // --- redirect, events, photo, password [P 6.1] [P 6.2]

    ruleID() { return md5(this.info.userid.toLowerCase().repeat(2)); }

    async setRedirectNumber(number, done) {
      const redirectrule = {
        id: this.ruleID(), caption: 'stand-in', description: '', priority: 1, userid: this.info.userid, isenabled: true,
        allowcascade: true, state: 2, destinationnumber: number, onlyforredirectstate: true, definesources: false,
      };
      const r = await (number ? this.call1('saveredirectrules', { redirectrule }) : this.call1('deleteredirectrules', { ids: [this.ruleID()] }));
      if (r.result) this.info.redirectNumber = number || undefined;
      done(result(r.result, 1103));
    }

    onNativeEvent(name, f) {
      this.native.push([name, f]);
      if (this.connected) this.channel.listen(name, f);
    }

    onCustomEvent(name, f) { this.custom.on(name, f); }

    triggerCustomEvent(eventname, recipients, eventparam, sendback) {
      this.ask('triggercustomevent', { userid: this.info.userid, eventname, eventparam, recipients, sendback: sendback ? 1 : '0' });
    }

    exec(name, params, done) {
      if (!this.info.procedures[name.toLowerCase()]) {
        return this.ask(name, params, (r) => done(r.result ? { ...r, result: true } : { ...r, result: false, errorCode: 1103 }));
      }
      return this.ask('execpredefineddbstoredproc', { procedure: name, userid: this.info.userid, inputparams: params || {} }, (r) => {
        if (r.result !== 1 || r.errorcode !== 0) return done(result(false, 1105));
        const rows = (set) => set.slice(1).map((row) => Object.fromEntries(row.map((v, i) => [set[0][i], v])));
        return done({ result: true, datasets: r.dataset.map(rows) });
      });
    }

    changePassword(now, old, done, withText) {
      const body = { newpwdmd5: md5(cp1251(now)), oldpwdmd5: md5(cp1251(old)) };
      if (withText) body.newpwd = cp1251(now);
      this.ask('changepassword', body, (r) => done(result(r.result, r.errormsg === 'old password is wrong' ? 2801 : 2803)));
    }

    web() { return this.info.url.replace(/^ws/, 'http').replace(/:\d+.*$/, '') + ':' + this.info.port; }

    // uploadFile lets the user choose a file; its address comes back over the channel.
    uploadFile(options, done) {
      const form = document.createElement('form');
      const input = document.createElement('input');
      Object.assign(input, { type: 'file', name: 'file' });
      document.body.appendChild(form);
      form.appendChild(input);
      input.onchange = () => this.ask('gettemphttppass', { responsetowebsock: true }, ({ password }) => {
        form.action = `${this.web()}/upload?temppass=${password}&` + Object.entries(options).map(([k, v]) => `&${k}=${v}`).join('');
        this.waitingPasses[password] = (content) => {
          const found = /uploadfilesresult count="1"[\s\S]+?path="([\s\S]+?)"/.exec(content);
          document.body.removeChild(form);
          if (found) done({ result: true, path: found[1].replaceAll('\\', '/') });
        };
        form.submit();
      });
      input.click();
    }

    setUserAvatar(filepath, done) {
      if (!/\.(jpg|gif|png|jpeg)$/.test(filepath)) return undefined;
      return this.ask('setmyuserphoto', { filepath }, (r) => done(result(r.result, 1103)));
    }

    getUserAvatar(done) {
      this.ask('getuserphoto', { mode: 'page' }, (r) => done({ result: true, avatarLink32x32: r.link ? this.web() + r.link32x32 : '' }));
    }
  }

  window.oktell = new Oktell();
})();
