// The two forms in which a password travels: md5 of its Windows-1251 bytes, as typed and in lower case.

const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const sines = Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0);

/** passwordForms gives the fields Password and password of a login. */
export function passwordForms(text) {
  return { Password: md5(windows1251(text)), password: md5(windows1251(text.toLowerCase())) };
}

/** windows1251 keeps ASCII, maps Cyrillic and drops what lies between, as every client of this protocol does. */
export function windows1251(text) {
  const bytes = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 128) bytes.push(code);
    else if (code === 0x401) bytes.push(0xa8);
    else if (code === 0x451) bytes.push(0xb8);
    else if (code > 1024) bytes.push((code - 848) & 0xff);
  }
  return bytes;
}

/** md5 of bytes, as lower-case hexadecimal text (RFC 1321). */
export function md5(bytes) {
  const words = padded(bytes);
  let state = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];
  for (let at = 0; at < words.length; at += 16) state = block(state, words.subarray(at, at + 16));
  return state.map(hexOfWord).join('');
}

function padded(bytes) {
  const blocks = ((bytes.length + 8) >> 6) + 1;
  const words = new Int32Array(blocks * 16);
  bytes.forEach((b, i) => { words[i >> 2] |= b << ((i & 3) * 8); });
  words[bytes.length >> 2] |= 0x80 << ((bytes.length & 3) * 8);
  words[words.length - 2] = bytes.length * 8;
  return words;
}

function block([a0, b0, c0, d0], m) {
  let [a, b, c, d] = [a0, b0, c0, d0];
  for (let i = 0; i < 64; i++) {
    const [mix, k] = round(i, b, c, d);
    const sum = (a + mix + sines[i] + m[k]) | 0;
    const by = shifts[(i >> 4) * 4 + (i & 3)];
    [a, d, c, b] = [d, c, b, (b + ((sum << by) | (sum >>> (32 - by)))) | 0];
  }
  return [(a0 + a) | 0, (b0 + b) | 0, (c0 + c) | 0, (d0 + d) | 0];
}

function round(i, b, c, d) {
  if (i < 16) return [(b & c) | (~b & d), i];
  if (i < 32) return [(d & b) | (~d & c), (5 * i + 1) % 16];
  if (i < 48) return [b ^ c ^ d, (3 * i + 5) % 16];
  return [c ^ (b | ~d), (7 * i) % 16];
}

function hexOfWord(word) {
  let text = '';
  for (let i = 0; i < 4; i++) text += ((word >>> (i * 8)) & 0xff).toString(16).padStart(2, '0');
  return text;
}
