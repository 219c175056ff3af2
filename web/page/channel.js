// One WebSocket that speaks the protocol: requests with their answers, and events.

const answerTime = 20000;
const openTime = 10000;

/** A Refused is an answer with result 0. */
export class Refused extends Error {
  constructor(name, fields) {
    super(fields.errormsg || `${name} failed`);
    this.code = fields.error || fields.errorcode || 0;
  }
}

/** A Channel is one connection. It is used once. */
export class Channel {
  constructor(url, { onEvent, onClose, onFrame }) {
    this.waiting = new Map();
    this.onEvent = onEvent;
    this.onClose = onClose;
    this.onFrame = onFrame || (() => {});
    this.socket = new WebSocket(url, 'json');
    this.socket.onmessage = (m) => this.receive(m.data);
    this.socket.onclose = (e) => this.closed(e.code, e.reason);
    this.opened = new Promise((resolve, reject) => {
      this.socket.onopen = resolve;
      this.failOpen = reject;
    });
    this.openTimer = setTimeout(() => this.socket.close(), openTime);
  }

  /** open waits for the connection and for the answer to a first ping; true means: come back over TLS. */
  async open() {
    await this.opened;
    clearTimeout(this.openTimer);
    const { name } = await this.exchange('ping', {});
    return name === 'websocketredirect';
  }

  /** call sends a request and gives the fields of its answer; it throws Refused when that is a failure. */
  async call(name, fields = {}) {
    const answer = await this.exchange(name, fields);
    const f = answer.fields;
    if (f.result === 0 || f.error || (name === 'login' && f.errormsg)) throw new Refused(name, f);
    return f;
  }

  exchange(name, fields) {
    const qid = String(Math.random());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.settle(qid, (w) => w.reject(new Error('no answer'))), answerTime);
      this.waiting.set(qid, { resolve, reject, timer });
      this.send(name, { ...fields, qid });
    });
  }

  send(name, fields) {
    this.onFrame('out', name, fields);
    this.socket.send(JSON.stringify([name, fields]));
  }

  receive(text) {
    const [name, fields] = JSON.parse(text);
    this.onFrame('in', name, fields);
    if (fields.qid && this.waiting.has(fields.qid)) {
      this.settle(fields.qid, (w) => w.resolve({ name, fields }));
    } else if (name === 'ping') {
      this.send('pong', fields);
    } else {
      this.onEvent(name, fields);
    }
  }

  settle(qid, how) {
    const waiter = this.waiting.get(qid);
    if (!waiter) return;
    this.waiting.delete(qid);
    clearTimeout(waiter.timer);
    how(waiter);
  }

  closed(code, reason) {
    clearTimeout(this.openTimer);
    const gone = new Error('connection lost');
    this.failOpen(gone);
    this.opened.catch(() => {}); // whoever waits in open has heard of it
    for (const qid of [...this.waiting.keys()]) this.settle(qid, (w) => w.reject(gone));
    this.onClose(code, reason);
  }

  close() {
    this.socket.close();
  }
}
