'use strict';
// A WebSocket client with the face that browsers give it, over Node's own http: RFC 6455, text
// frames, no extensions.

const crypto = require('node:crypto');
const http = require('node:http');
const https = require('node:https');

const ACCEPT = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const OP = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

class WebSocket {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSING = 2;
  static CLOSED = 3;

  // failed takes what the page's own handlers throw: a browser reports it and goes on.
  static failed = (err) => { throw err; };

  constructor(url, protocols = []) {
    this.url = new URL(url).href;
    this.protocol = '';
    this.readyState = WebSocket.CONNECTING;
    this.onopen = this.onmessage = this.onerror = this.onclose = null;
    this.unread = Buffer.alloc(0);
    this.parts = [];
    this.closing = { code: 1006, reason: '' };
    this.connect([].concat(protocols));
  }

  connect(protocols) {
    const key = crypto.randomBytes(16).toString('base64');
    const address = this.url.replace(/^ws/, 'http');
    const headers = {
      Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key,
    };
    if (protocols.length) headers['Sec-WebSocket-Protocol'] = protocols.join(', ');
    const request = (address.startsWith('https') ? https : http).request(address, { headers, agent: false });
    this.request = request;
    request.on('error', () => this.ended());
    request.on('response', (r) => { r.resume(); this.ended(); });
    request.on('upgrade', (r, socket, head) => {
      const want = crypto.createHash('sha1').update(key + ACCEPT).digest('base64');
      this.protocol = r.headers['sec-websocket-protocol'] || '';
      // A browser fails a connection whose server did not take one of the subprotocols.
      if (r.headers['sec-websocket-accept'] !== want || !protocols.includes(this.protocol)) {
        socket.destroy();
        this.ended();
        return;
      }
      this.opened(socket, head);
    });
    request.end();
  }

  opened(socket, head) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (b) => this.take(b));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.ended());
    this.readyState = WebSocket.OPEN;
    this.tell('open', {});
    if (head.length) this.take(head);
  }

  tell(type, event) {
    const handler = this['on' + type];
    if (typeof handler !== 'function') return;
    try {
      handler.call(this, { type, target: this, currentTarget: this, ...event });
    } catch (err) {
      WebSocket.failed(err);
    }
  }

  ended() {
    if (this.readyState === WebSocket.CLOSED) return;
    const opened = Boolean(this.socket);
    this.readyState = WebSocket.CLOSED;
    if (!opened || this.closing.code === 1006) this.tell('error', {});
    this.tell('close', { ...this.closing, wasClean: this.closing.code !== 1006 });
  }

  take(bytes) {
    this.unread = Buffer.concat([this.unread, bytes]);
    for (let frame = this.next(); frame; frame = this.next()) this.handle(frame);
  }

  // next cuts one frame off what was read.
  next() {
    const b = this.unread;
    if (b.length < 2) return null;
    let length = b[1] & 0x7f;
    let at = 2;
    if (length === 126) {
      if (b.length < 4) return null;
      length = b.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (b.length < 10) return null;
      length = Number(b.readBigUInt64BE(2));
      at = 10;
    }
    if (b.length < at + length) return null;
    this.unread = b.subarray(at + length);
    return { final: Boolean(b[0] & 0x80), op: b[0] & 0x0f, body: b.subarray(at, at + length) };
  }

  handle({ final, op, body }) {
    switch (op) {
      case OP.ping:
        this.frame(OP.pong, body);
        return;
      case OP.pong:
        return;
      case OP.close:
        this.closing = { code: body.length < 2 ? 1005 : body.readUInt16BE(0), reason: body.subarray(2).toString() };
        if (this.readyState === WebSocket.OPEN) this.frame(OP.close, body.subarray(0, 2));
        this.readyState = WebSocket.CLOSING;
        this.socket.end();
        return;
      default:
        this.parts.push(body);
    }
    if (!final) return;
    const data = Buffer.concat(this.parts).toString();
    this.parts = [];
    this.tell('message', { data });
  }

  frame(op, body) {
    const mask = crypto.randomBytes(4);
    const head = [0x80 | op];
    if (body.length < 126) head.push(0x80 | body.length);
    else if (body.length < 1 << 16) head.push(0x80 | 126, body.length >> 8, body.length & 0xff);
    else head.push(0x80 | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((n) => (body.length >>> n) & 0xff));
    const masked = Buffer.from(body);
    for (let i = 0; i < masked.length; i++) masked[i] ^= mask[i % 4];
    this.socket.write(Buffer.concat([Buffer.from(head), mask, masked]));
  }

  send(text) {
    if (this.readyState === WebSocket.CONNECTING) throw new Error('InvalidStateError: still connecting');
    if (this.readyState === WebSocket.OPEN) this.frame(OP.text, Buffer.from(String(text)));
  }

  close(code = 1000, reason = '') {
    if (this.readyState >= WebSocket.CLOSING) return;
    if (!this.socket) {
      this.request.destroy();
      return;
    }
    this.readyState = WebSocket.CLOSING;
    const body = Buffer.alloc(2);
    body.writeUInt16BE(code);
    this.frame(OP.close, Buffer.concat([body, Buffer.from(reason)]));
  }
}

module.exports = { WebSocket };
