// The latest messages of the protocol, for who wants to learn it.

import { $, make } from './dom.js';

const kept = 80;
const secrets = ['password', 'sessionid', 'sippass', 'temppass', 'newpwd', 'newpwdmd5', 'oldpwdmd5'];
const frames = [];

/** logFrame remembers one message without its secrets. */
export function logFrame(way, name, fields) {
  const text = JSON.stringify([name, fields], (key, value) => (secrets.includes(key.toLowerCase()) && value ? '***' : value));
  frames.push({ way, text, at: new Date() });
  if (frames.length > kept) frames.shift();
  if ($('wire').open) showFrames();
}

/** showFrames lists them, the newest first. */
export function showFrames() {
  $('frames').replaceChildren(...frames.toReversed().map((f) => make('li', { data: { way: f.way } },
    make('time', { textContent: f.at.toLocaleTimeString() }), make('code', { textContent: f.text }))));
}
