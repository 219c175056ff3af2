// The page: it joins the session, the desk and the cards, and gives the orders of the buttons.

import { $, make, show, say, toast } from './dom.js';
import * as cards from './cards.js';
import { Refused } from './channel.js';
import { Desk } from './desk.js';
import { logFrame, showFrames } from './wire.js';
import { Backcall, Backring, Ring, Talk } from './phone.js';
import { Session } from './session.js';
import { explain, otherLanguage, russian, t, translate } from './words.js';

let desk = newDesk();
let settings = { simulator: false };
let linkState = 'down';

const session = new Session({
  up: (me) => start(me),
  down: (wait) => { linkTo('wait', wait); desk.stop(); },
  out: (why) => showLogin(why),
  event: (name, fields) => event(name, fields),
  frame: logFrame,
});

function newDesk() {
  return new Desk((name, fields) => session.call(name, fields), (what) => draw(what));
}

async function start(me) {
  desk.stop();
  desk = newDesk();
  show($('login-view'), false);
  show($('work-view'), true);
  show($('me'), true);
  linkTo('up');
  try {
    await desk.start(me);
  } catch (err) {
    if (err instanceof Refused) toast(explain(err)); // all else is a lost connection, which shows itself
  }
}

function event(name, fields) {
  desk.event(name, fields);
  if (name === 'usertextmessagereceived') toast(t('text.from', fields.sendername || fields.senderlogin, fields.text), 'good');
}

const drawing = {
  me: () => cards.showMe(desk),
  user: () => cards.showUser(desk),
  breaks: () => { cards.showBreaks(desk); cards.showUser(desk); },
  phone: () => { cards.showPhone(desk); cards.showPeople(desk, callOrTransfer); },
  people: () => cards.showPeople(desk, callOrTransfer),
  queue: () => cards.showQueue(desk),
  journal: () => cards.showJournal(desk, { again: (number) => dial(number), play }),
};

function draw(what) {
  drawing[what]();
}

function drawAll() {
  translate(document.body);
  say($('language'), russian() ? 'English' : 'Русский');
  $('language').lang = russian() ? 'en' : 'ru';
  linkTo(linkState);
  Object.keys(drawing).forEach(draw);
}

function linkTo(state, wait = 0) {
  linkState = state;
  const pill = $('link-state');
  pill.dataset.link = state;
  say(pill, t(`link.${state}`));
  const lost = state === 'wait' && !$('work-view').hidden;
  show($('lost'), lost && wait > 0);
  document.querySelectorAll('.column').forEach((c) => { c.inert = lost; });
  say($('lost-text'), t('lost'));
}

function showLogin(why) {
  desk.stop();
  linkTo('down');
  show($('work-view'), false);
  show($('me'), false);
  show($('login-view'), true);
  show($('login-note'), Boolean(why));
  say($('login-note'), why ? explain({ message: why }) : '');
  $('login').focus();
}

// order sends a request and reads the line again as soon as it is answered.
async function order(name, fields) {
  try {
    const answer = await session.call(name, fields);
    await desk.readLine();
    return answer;
  } catch (err) {
    toast(explain(err));
    return null;
  }
}

async function state(fields) {
  const answer = await order('setuserstate', fields);
  if (answer) desk.takeState(answer);
}

function typedNumber() {
  const typed = $('number').value.trim();
  const person = desk.people.find((p) => p.name.toLowerCase() === typed.toLowerCase());
  if (!typed) toast(t('error.number'));
  return person ? person.number : typed;
}

async function dial(number) {
  if (number && await order('pbxautocallstart', { number: String(number), sequence: 'user' })) $('number').value = '';
}

async function transferTo(number) {
  if (number && await order('pbxmaketransfer', { transferto: String(number) })) $('number').value = '';
}

function callOrTransfer(number) {
  return desk.phone.state === Talk ? transferTo(number) : dial(number);
}

function end() {
  const { state: now, held } = desk.phone;
  if (now === Ring || now === Backring) return order('pbxdeclinecall');
  if (now === Backcall) return order('pbxautocallabort');
  return now === 'ready' || !held ? order('pbxabortcall') : order('pbxmakeflash', { mode: 'abort' });
}

async function conference() {
  const { conference: id } = desk.phone;
  const number = id && typedNumber();
  if (!id) await order('buildconferencefromcommutation');
  else if (number && await order('invitetoconference', { conferenceid: id, competitors: [{ number }] })) $('number').value = '';
}

function connect() {
  return order(desk.phone.conference ? 'connecttogathertoconference' : 'pbxabortcall');
}

// httpWord asks for a one-time password for one HTTP request.
async function httpWord() {
  return (await session.call('gettemphttppass', { responsetowebsock: false })).password;
}

async function play(link) {
  const mark = (on) => { $('journal').dataset.playing = String(on); };
  try {
    const sound = new Audio(`${link}?temppass=${await httpWord()}`);
    sound.onended = () => mark(false);
    await sound.play();
    mark(true);
  } catch (err) {
    toast(explain(err));
  }
}

async function changePhoto(file) {
  const form = new FormData();
  form.append('file', file);
  try {
    const sent = await fetch(`/upload?temppass=${await httpWord()}&storagemode=storage&pathmode=relative`, { method: 'POST', body: form });
    const text = await sent.text();
    if (!sent.ok) throw new Error(text);
    await session.call('setmyuserphoto', { filepath: /path="([^"]*)"/.exec(text)[1] });
    await desk.readPeople();
  } catch (err) {
    toast(t('error.upload', explain(err)));
  }
}

async function simulate(what, body) {
  const sent = await fetch(`/sim/${what}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const answer = await sent.json();
  if (!sent.ok) toast(answer.error);
}

async function login(e) {
  e.preventDefault();
  show($('login-error'), false);
  $('login-submit').disabled = true;
  linkTo('wait');
  try {
    await session.login($('login').value.trim(), $('password').value);
    $('password').value = '';
  } catch (err) {
    linkTo('down');
    say($('login-error'), err.message === 'connection lost' ? t('login.lost') : explain(err));
    show($('login-error'), true);
  } finally {
    $('login-submit').disabled = false;
  }
}

function offerDemo({ users, password }) {
  show($('demo'), true);
  $('password').value = password;
  $('demo-users').replaceChildren(...users.map((u) => make('button', { type: 'button', textContent: u, data: { testid: `demo-${u}` },
    onclick: () => { $('login').value = u; $('password').value = password; $('login-form').requestSubmit(); } })));
}

function bind() {
  const click = (id, fn) => { $(id).onclick = fn; };
  $('login-form').onsubmit = login;
  $('dial').onsubmit = (e) => { e.preventDefault(); dial(typedNumber()); };
  $('filter').oninput = () => draw('people');
  $('photo-file').onchange = (e) => e.target.files[0] && changePhoto(e.target.files[0]);
  $('wire').ontoggle = () => showFrames();
  click('language', () => { otherLanguage(); drawAll(); });
  click('logout', () => session.logout());
  click('reconnect', () => session.resume());
  click('transfer', () => transferTo(typedNumber()));
  click('answer', () => order('pbxanswercall'));
  click('hold-button', () => order('pbxmakeflash', { mode: 'switch' }));
  click('connect', connect);
  click('conference', conference);
  click('end', end);
  click('ready', () => state({ userstateid: 1, onredirect: false }));
  click('dnd', () => state({ userstateid: 3, oncallcenter: false, onredirect: false }));
  click('break', () => state({ userstateid: 2, oncallcenter: true, onredirect: false, lunchreasonid: Number($('break-reason').value) }));
  click('callcenter', () => order(desk.user.oncallcenter ? 'exitcallcenter' : 'entercallcenter'));
  click('ring-me', () => simulate('ring', { from: $('sim-from').value, to: desk.me.number }));
  click('ring-queue', () => simulate('ring', { from: $('sim-from').value, to: settings.queues[0].number }));
  click('caller-hangs-up', () => simulate('hangup', { number: $('sim-from').value }));
}

async function begin() {
  bind();
  drawAll();
  setInterval(() => cards.showTimer(desk.phone), 500);
  try {
    settings = await (await fetch('/page/settings')).json();
  } catch {
    // Without them the page has a few buttons less.
  }
  show($('sim'), settings.simulator);
  show($('ring-queue'), settings.queues && settings.queues.length > 0);
  if (settings.demo) offerDemo(settings.demo);
  await session.resume();
}

begin();
