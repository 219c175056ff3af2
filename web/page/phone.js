// What a phone does, computed from getextendedlineinfo exactly as the protocol's clients compute it.

export const Disconnected = 'disconnected';
export const Ready = 'ready';
export const Backcall = 'backcall'; // a callback dials the destination; clients show it as a call
export const Call = 'call';
export const Ring = 'ring';
export const Backring = 'backring';
export const Talk = 'talk';

const shownName = ['simplename', 'username', 'name', 'caption', 'userlogin', 'number', 'ivrname'];

/** nameOf is the text to show for a party: the first of its names that is not empty. */
export function nameOf(party) {
  if (!party) return '';
  const field = shownName.find((f) => party[f]);
  return String((field && party[field]) || party.callerid || '');
}

/** A Phone follows one user's line. */
export class Phone {
  constructor() {
    this.state = Disconnected;
    this.party = null; // the other side
    this.held = null; // whom the user put on hold
    this.conference = ''; // id of the conference he is in
    this.waits = false; // he is on somebody's hold
    this.since = 0; // start of the talk, in ms of Date.now()
    this.autoFlag = false;
  }

  /** autocallStarted remembers the event phoneevent_acmcallstarted. */
  autocallStarted() {
    this.autoFlag = true;
  }

  /** apply takes one answer of getextendedlineinfo. One without `abonent` changes nothing. */
  apply(line, now = Date.now()) {
    const a = line.abonent;
    if (!a) return;
    this.held = line.isflashing && line.flashed && heldKey(line.flashed) ? line.flashed : null;
    this.conference = a.conferenceid || '';
    this.waits = Boolean(a.iswaitinginflash);
    const before = this.state;
    this.state = this.next(line, a);
    if (this.state === Talk) this.since = now - 1000 * (Number(line.timertalklensec) || 0);
    this.party = this.partyOf(line, a, before);
  }

  // The rows of the table, first match wins. Those for web phones are not ours.
  next(line, a) {
    if (this.autoFlag && !a.isautocall && this.state === Ready) return Backring;
    if (a.isautocall) return this.unflag(Backcall);
    if (a.isringing) {
      return a.direction === 'acm_callback' || this.state === Backring ? Backring : Ring;
    }
    if (this.talks(line, a)) return Talk;
    if (a.extline || a.number) return this.unflag(Call);
    if (line.linestatestr === 'lsDisconnected') {
      this.held = null;
      return Disconnected;
    }
    return line.linestatestr === 'lsReserved' ? this.state : this.unflag(Ready);
  }

  talks(line, a) {
    const connected = a.iscommutated || a.iswaitinginflash || a.isconference;
    if (!this.autoFlag && connected) return true;
    return line.linestatestr === 'lsCommutated' && Boolean(a.isivr) && !a.iswaitingforanswer;
  }

  unflag(state) {
    this.autoFlag = false;
    return state;
  }

  partyOf(line, a, before) {
    if (this.state === Ready || this.state === Disconnected) return null;
    const party = { ...a, chainid: line.chainid, callerid: a.callerid || line.calledid || '' };
    if (nameOf(party) || !this.autoFlag) return party;
    return before === this.state ? this.party : party;
  }
}

function heldKey(h) {
  return h.conferenceid || h.userid || h.number;
}
