// A login that outlives its connections: reload, second tab, lost network.

import { Channel, Refused } from './channel.js';
import { passwordForms } from './md5.js';

const key = 'octolink.session';
const firstWait = 500;
const longestWait = 10000;

// passing says that the same session may well be let in a moment later.
function passing(err) {
  return [429, 503, 50025].includes(err.code) || err.message === 'Service not available';
}

/** A Session tells its owner: up, down (trying again in so many ms), out (log in again, and why), event, frame. */
export class Session {
  constructor(owner) {
    this.owner = owner;
    this.channel = null;
    this.secure = location.protocol === 'https:';
    this.tries = 0;
  }

  /** stored is what a reload or another tab finds: {login, sessionid}, or null. */
  stored() {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  }

  /** login connects with a password and throws when that does not work out. */
  async login(login, password) {
    await this.connect({ userlogin: login, ...passwordForms(password) });
  }

  /** resume connects with the stored session, again and again until it works or the server says no. */
  async resume() {
    clearTimeout(this.timer);
    const stored = this.stored();
    if (!stored) {
      this.owner.out('');
      return;
    }
    try {
      await this.connect({ userlogin: stored.login, sessionid: stored.sessionid });
    } catch (err) {
      if (err instanceof Refused && !passing(err)) this.forget(err.message);
      else this.retry();
    }
  }

  async connect(credentials) {
    const url = `${this.secure ? 'wss' : 'ws'}://${this.secureHost || location.host}/`;
    const channel = new Channel(url, {
      onEvent: (name, fields) => this.owner.event(name, fields),
      onFrame: (way, name, fields) => this.owner.frame(way, name, fields),
      onClose: (code, reason) => this.lost(channel, code, reason),
    });
    try {
      if (await channel.open()) {
        await this.redirected(channel, credentials);
        return;
      }
      const answer = await channel.call('login', { ...credentials, showid: 1, usewebrtc: false });
      this.up(channel, credentials.userlogin, answer);
    } catch (err) {
      channel.close();
      throw err;
    }
  }

  // The server wants TLS: the port of the address is replaced by 443.
  async redirected(channel, credentials) {
    channel.close();
    if (this.secure) throw new Error('the server sends us round in circles');
    this.secure = true;
    this.secureHost = location.hostname;
    await this.connect(credentials);
  }

  up(channel, login, answer) {
    this.channel = channel;
    this.tries = 0;
    const known = this.stored();
    const sessionid = answer.sessionid || (known && known.sessionid);
    localStorage.setItem(key, JSON.stringify({ login: answer.userlogin || login, sessionid }));
    this.owner.up({ login: answer.userlogin || login, id: answer.userid });
  }

  lost(channel, code, reason) {
    if (channel !== this.channel) return;
    this.channel = null;
    if (!this.stored()) this.owner.out('');
    else if (code === 1008) this.owner.out(reason); // this tab is not wanted; the others keep the session
    else this.retry(code === 1000 ? 0 : undefined);
  }

  retry(wait = Math.min(longestWait, firstWait * 2 ** this.tries) * (0.75 + Math.random() / 2)) {
    this.tries++;
    this.owner.down(wait);
    this.timer = setTimeout(() => this.resume(), wait);
  }

  forget(why) {
    localStorage.removeItem(key);
    this.owner.out(why);
  }

  /** call sends a request over the present connection. */
  call(name, fields) {
    if (!this.channel) return Promise.reject(new Error('connection lost'));
    return this.channel.call(name, fields);
  }

  /** logout ends the session in all its tabs; the server closes the connections. */
  async logout() {
    localStorage.removeItem(key);
    const { channel } = this;
    try {
      await this.call('logout');
    } catch {
      // The session may be gone already; what counts is that this tab forgets it.
    }
    if (channel) channel.close();
  }
}
