// Small hands for the page's elements. Texts are set as texts, never as markup.

/** $ finds an element by its id. */
export const $ = (id) => document.getElementById(id);

/** make builds an element with properties, data-* attributes and children. */
export function make(tag, { data, ...properties } = {}, ...children) {
  const e = Object.assign(document.createElement(tag), properties);
  Object.assign(e.dataset, data);
  e.append(...children.filter((c) => c !== null && c !== undefined));
  return e;
}

/** show hides or shows an element. */
export function show(e, on) {
  e.hidden = !on;
}

/** say sets a text where it differs, so that screen readers hear only what is new. */
export function say(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

/** keyed makes the children of a list fit items: one element per key, kept while its item stays. */
export function keyed(list, items, keyOf, build, update) {
  const old = new Map([...list.children].map((e) => [e.dataset.key, e]));
  items.forEach((item, i) => {
    const key = String(keyOf(item));
    let e = old.get(key);
    old.delete(key);
    if (!e) {
      e = build(item);
      e.dataset.key = key;
    }
    update(e, item);
    if (list.children[i] !== e) list.insertBefore(e, list.children[i] || null);
  });
  old.forEach((e) => e.remove());
}

/** initials of a name, for who has no photo. */
export function initials(name) {
  return String(name).split(/\s+/).filter(Boolean).slice(0, 2).map((w) => w[0].toUpperCase()).join('');
}

/** duration of so many seconds as 1:05 or 1:02:03. */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  return h ? `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** toast tells something for some seconds. */
export function toast(text, kind = 'bad') {
  const e = make('div', { className: 'toast', data: { kind } }, text);
  $('toasts').append(e);
  setTimeout(() => e.remove(), 7000);
}
