'use strict';
// As much of a browser as a client of this protocol touches: a window per tab; cookies, a local
// storage and a chooser of files per person.

const fs = require('node:fs');
const http = require('node:http');
const vm = require('node:vm');
const { WebSocket } = require('./websocket.js');

class Storage {
  getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; }

  setItem(key, value) { this[key] = String(value); }

  removeItem(key) { delete this[key]; }

  clear() { for (const key of Object.keys(this)) delete this[key]; }
}

// A Person has one browser with any number of tabs.
class Person {
  constructor() {
    this.cookies = new Map();
    this.storage = new Storage();
    this.file = null; // what he picks when a page asks for a file: {name, type, bytes}
  }

  // twin is a browser that was copied before the person logged out.
  twin() {
    const other = new Person();
    other.cookies = new Map(this.cookies);
    Object.assign(other.storage, this.storage);
    return other;
  }

  readCookies() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  setCookie(text) {
    const [pair, ...attributes] = text.split(';').map((s) => s.trim());
    const [name, ...value] = pair.split('=');
    const expires = attributes.find((a) => /^expires=/i.test(a));
    if (expires && Date.parse(expires.slice('expires='.length)) <= Date.now()) this.cookies.delete(name);
    else this.cookies.set(name, value.join('='));
  }

  // open loads scripts into a new tab, in their order, and gives its window.
  open(files) {
    const window = { WebSocket, localStorage: this.storage, navigator: { userAgent: 'node' } };
    for (const name of ['console', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'URL', 'TextEncoder', 'TextDecoder']) {
      window[name] = globalThis[name];
    }
    window.window = window.self = window;
    window.location = { protocol: 'http:', host: 'localhost', hostname: 'localhost', href: 'http://localhost/' };
    window.document = newDocument(this);
    vm.createContext(window);
    for (const file of files) vm.runInContext(fs.readFileSync(file, 'utf8'), window, { filename: file });
    return window;
  }
}

class Element {
  constructor(tag, person) {
    this.tagName = tag.toUpperCase();
    this.person = person;
    this.style = {};
    this.children = [];
    this.value = '';
  }

  appendChild(child) {
    child.parentNode = this;
    this.children.push(child);
    return child;
  }

  removeChild(child) {
    this.children = this.children.filter((c) => c !== child);
    child.parentNode = null;
    return child;
  }

  find(test) {
    if (test(this)) return this;
    for (const child of this.children) {
      const found = child.find(test);
      if (found) return found;
    }
    return null;
  }

  // click on a file input opens the chooser, and the person picks his file.
  click() {
    if (this.type !== 'file' || !this.person.file) return;
    setTimeout(() => {
      this.value = 'C:\\fakepath\\' + this.person.file.name;
      if (typeof this.onchange === 'function') this.onchange({ type: 'change', target: this, currentTarget: this });
    });
  }

  // submit posts a form with its file, as enctype multipart/form-data.
  submit() {
    const input = this.find((e) => e.type === 'file');
    const { name, type, bytes } = this.person.file;
    const boundary = '----octolink' + Date.now();
    const body = Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${input.name}"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`),
      bytes, Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    const request = http.request(this.action, {
      method: 'POST', headers: { 'Content-Type': 'multipart/form-data; boundary=' + boundary, 'Content-Length': body.length },
    }, (answer) => answer.resume());
    request.on('error', WebSocket.failed);
    request.end(body);
  }
}

function newDocument(person) {
  const body = new Element('body', person);
  return {
    body,
    get cookie() { return person.readCookies(); },
    set cookie(text) { person.setCookie(text); },
    createElement: (tag) => new Element(tag, person),
    getElementById: (id) => body.find((e) => e.id === id),
  };
}

module.exports = { Person, WebSocket };
