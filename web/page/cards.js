// How the page shows what the desk knows: one function per card.

import { $, duration, initials, keyed, make, say, show } from './dom.js';
import { Backcall, Backring, Call, Disconnected, Ready, Ring, Talk, nameOf } from './phone.js';
import { t } from './words.js';

const onBreak = 2;
const disturb = 3;

/** showMe fills the corner with the user's name and photo. */
export function showMe({ me }) {
  say($('my-name'), me.name || me.login);
  say($('my-number'), me.number || '');
  say($('my-initials'), initials(me.name || me.login));
  if (me.photo) $('my-picture').src = me.photo;
  show($('my-picture'), Boolean(me.photo));
}

/** showUser shows the user's own state and the buttons that change it. */
export function showUser({ user }) {
  const pill = $('user-state');
  pill.dataset.id = user.userstateid;
  pill.dataset.callcenter = String(Boolean(user.oncallcenter));
  const cc = user.oncallcenter ? ` · ${t('state.cc')}` : '';
  say(pill, t(`state.${user.userstateid}`) + cc);
  press($('ready'), user.userstateid === 1);
  press($('dnd'), user.userstateid === disturb);
  press($('break'), user.userstateid === onBreak || Boolean(user.onlunch));
  $('callcenter').setAttribute('aria-checked', String(Boolean(user.oncallcenter)));
  if (user.lunchreasonid) $('break-reason').value = String(user.lunchreasonid);
}

function press(button, on) {
  button.setAttribute('aria-pressed', String(on));
}

/** showBreaks fills the choice of reasons. */
export function showBreaks({ breaks }) {
  $('break-reason').replaceChildren(...breaks.map((b) => make('option', { value: String(b.id), textContent: b.name })));
  show($('break-reason'), breaks.length > 0);
}

/** showPhone shows the call and what can be done with it. */
export function showPhone({ phone, members }) {
  const { state, held } = phone;
  $('phone').dataset.state = state;
  $('phone').dataset.held = String(Boolean(held));
  say($('phone-state'), stateText(phone));
  say($('phone-party'), partyText(phone));
  say($('phone-hint'), hintText(phone));
  show($('hold'), held);
  if (held) say($('hold-party'), nameOf(held) || held.conferencename || t('phone.conference'));
  showMembers(phone, members);
  showButtons(phone);
  showTimer(phone);
}

function stateText({ state, held, waits, conference }) {
  if (state === Ready && held) return t('phone.dialtone');
  if (state === Talk && waits) return t('phone.waits');
  if (state === Talk && conference) return t('phone.conference');
  return t(`phone.${state}`);
}

function partyText({ party, conference }) {
  if (!party || conference) return '';
  const name = nameOf(party);
  return party.number && name !== String(party.number) ? `${name} · ${party.number}` : name;
}

function hintText({ state, held }) {
  if (state === Backring) return t('hint.backring');
  return state === Ready && !held ? t('hint.ready') : '';
}

function showMembers({ conference }, members) {
  const gone = ['Exited', 'MisInviteBusy', 'MisInviteNotRespond', 'MisInviteTimeout', 'MisInviteStop', 'MisInviteAbort', 'MisInviteRefuse'];
  const present = members.filter((m) => !gone.includes(m.confstatestr));
  show($('members'), conference && present.length > 0);
  keyed($('members'), present, (m) => m.competitorid, () => make('li'), (e, m) => {
    e.dataset.state = m.confstatestr;
    say(e, m.confstatestr === 'Inviting' ? `${nameOf(m)} …` : nameOf(m));
  });
}

function showButtons({ state, held, conference }) {
  const talks = state === Talk;
  const rings = state === Ring || state === Backring;
  enable($('call'), state === Ready || talks);
  enable($('transfer'), talks && !conference);
  enable($('answer'), rings);
  enable($('hold-button'), talks || (state === Ready && held));
  say($('hold-button'), t(holdWord(talks, held)));
  show($('connect'), talks && held);
  show($('conference'), talks && !held);
  say($('conference'), t(conference ? 'invite' : 'conference'));
  enable($('end'), rings || talks || held || state === Call || state === Backcall);
  say($('end'), t(rings ? 'decline' : 'end'));
}

function holdWord(talks, held) {
  if (!held) return 'hold';
  return talks ? 'swap' : 'takeback';
}

function enable(button, on) {
  button.disabled = !on;
}

/** showTimer shows how long the talk lasts. */
export function showTimer({ state, since }) {
  say($('phone-timer'), state === Talk ? duration((Date.now() - since) / 1000) : '');
}

/** showQueue shows who waits. */
export function showQueue({ queue }) {
  say($('queue-count'), String(queue.length));
  show($('queue-empty'), queue.length === 0);
  keyed($('queue'), queue, (w) => w.chainid || w.number, () => make('li', {}, make('b'), make('span', { className: 'soft' })), (e, w) => {
    e.dataset.number = w.number;
    say(e.firstChild, nameOf(w));
    say(e.lastChild, `${t('queue.waits')} ${duration(w.waitingsec || 0)}`);
  });
}

/** showPeople shows the directory: who is free, by department, as far as the search goes. */
export function showPeople(desk, act) {
  const wanted = $('filter').value.trim().toLowerCase();
  const found = desk.people.filter((p) => `${p.name} ${p.number} ${p.department}`.toLowerCase().includes(wanted));
  keyed($('directory'), found, (p) => p.id || p.number, (p) => personRow(p, act), (e, p) => updatePerson(e, p, desk));
  show($('directory-empty'), found.length === 0 && desk.people.length > 0);
  $('numbers').replaceChildren(...desk.people.map((p) => make('option', { value: p.number, label: p.name })));
}

function personRow(p, act) {
  return make('li', { className: 'person', data: { number: p.number, testid: `person-${p.number}` } },
    make('span', { className: 'avatar' }, make('span', { textContent: initials(p.name) }), make('img', { alt: '', hidden: true, loading: 'lazy' })),
    make('span', { className: 'name' }, make('b'), make('span', { className: 'soft' })),
    make('span', { className: 'number', textContent: p.number }),
    make('span', { className: 'pill' }),
    make('button', { type: 'button', className: 'icon go', textContent: '✆', onclick: () => act(p.number) }));
}

function updatePerson(e, p, { me, phone }) {
  const [avatar, name, , pill, button] = e.children;
  const picture = avatar.lastChild;
  if (p.photo && !picture.src.endsWith(p.photo)) picture.src = p.photo;
  show(picture, p.photo);
  say(name.firstChild, p.name);
  say(name.lastChild, p.department || '');
  e.dataset.state = p.state;
  pill.dataset.id = p.state;
  say(pill, p.number === me.number ? `${t(`state.${p.state}`)} · ${t('directory.you')}` : t(`state.${p.state}`));
  const label = t(phone.state === Talk ? 'directory.transfer' : 'directory.call', p.name);
  button.title = label;
  button.setAttribute('aria-label', label);
  button.classList.toggle('blank', p.number === me.number);
  enable(button, p.number !== me.number && phone.state !== Disconnected);
}

/** showJournal shows the user's last calls. */
export function showJournal({ journal }, { again, play }) {
  show($('journal-empty'), journal.length === 0);
  keyed($('journal'), journal, (r) => JSON.stringify(r) + t('journal.play'), (r) => journalRow(r, again, play), () => {});
}

function journalRow(r, again, play) {
  const who = r.abonentname || r.abonent || r.queue;
  const when = new Date(r.datetimestart).toLocaleString(document.documentElement.lang, { dateStyle: 'short', timeStyle: 'short' });
  const talked = r.duration ? ` · ${duration(r.duration)}` : '';
  return make('li', { data: { direction: r.connectiontype, outcome: r.outcome } },
    make('span', { className: 'way', ariaHidden: 'true' }),
    make('span', { className: 'name' }, make('b', { textContent: who }), make('span', { className: 'soft', textContent: when + talked })),
    r.recordlink ? iconButton('play', '▶', t('journal.play'), () => play(r.recordlink)) : null,
    iconButton('again', '✆', t('journal.again', who), () => again(r.abonent)));
}

function iconButton(id, sign, label, onclick) {
  return make('button', { type: 'button', className: 'icon go', textContent: sign, title: label, ariaLabel: label, onclick, data: { testid: id } });
}
