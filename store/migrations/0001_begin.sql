-- Times are milliseconds since 1970 (UTC), 0 for none. "who" is a login in lower case: logins
-- compare without regard to case; "login" beside it keeps the spelling.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;

-- The journal. Entries are written when a part in a call begins, so n grows with started.
CREATE TABLE calls (
  n          INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  chain      TEXT NOT NULL,
  talk       TEXT NOT NULL,
  who        TEXT NOT NULL,
  login      TEXT NOT NULL,
  number     TEXT NOT NULL,
  peer       TEXT NOT NULL,
  peername   TEXT NOT NULL,
  peerlogin  TEXT NOT NULL,
  external   INTEGER NOT NULL,
  direction  TEXT NOT NULL,
  queue      TEXT NOT NULL,
  started    INTEGER NOT NULL,
  answered   INTEGER NOT NULL,
  ended      INTEGER NOT NULL,
  outcome    TEXT NOT NULL,
  recorded   INTEGER NOT NULL,
  conference TEXT NOT NULL
);
CREATE INDEX calls_by_user  ON calls (who, started);
CREATE INDEX calls_by_time  ON calls (started);
CREATE INDEX calls_by_chain ON calls (chain);
CREATE INDEX calls_by_talk  ON calls (talk) WHERE talk <> '';
CREATE INDEX calls_open     ON calls (n) WHERE ended = 0;

-- Events that are kept for CRMs. A callrecord names its journal entry, a notification has a body.
CREATE TABLE events (
  number INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  kind   TEXT NOT NULL,
  login  TEXT NOT NULL,
  call   TEXT NOT NULL,
  body   BLOB
);

CREATE TABLE user_states (
  who        TEXT PRIMARY KEY,
  login      TEXT NOT NULL,
  callcenter INTEGER NOT NULL,
  manual     INTEGER NOT NULL,
  redirect   INTEGER NOT NULL,
  dnd        INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE redirect_rules (
  who         TEXT NOT NULL,
  key         TEXT NOT NULL, -- the id in lower case without hyphens
  id          TEXT NOT NULL,
  login       TEXT NOT NULL,
  destination TEXT NOT NULL,
  enabled     INTEGER NOT NULL,
  onlyin      INTEGER NOT NULL,
  priority    INTEGER NOT NULL,
  raw         BLOB,
  PRIMARY KEY (who, key)
);

CREATE TABLE photos (
  who     TEXT PRIMARY KEY,
  login   TEXT NOT NULL,
  path    TEXT NOT NULL,
  updated INTEGER NOT NULL
) WITHOUT ROWID;

-- Session ids are kept as their SHA-256.
CREATE TABLE sessions (
  hash    BLOB PRIMARY KEY,
  who     TEXT NOT NULL,
  login   TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  ends    INTEGER NOT NULL,
  life    INTEGER NOT NULL
) WITHOUT ROWID;

-- Passwords that users set themselves: HMAC-SHA-256 of the md5 forms; keyid tells under which key.
CREATE TABLE passwords (
  who   TEXT PRIMARY KEY,
  login TEXT NOT NULL,
  cased BLOB NOT NULL,
  lower BLOB,
  keyid BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE added_users (
  who   TEXT PRIMARY KEY,
  login TEXT NOT NULL,
  body  BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE disabled_users (
  who   TEXT PRIMARY KEY,
  login TEXT NOT NULL
) WITHOUT ROWID;

-- A copy of the configuration's directory, for the views of procedures.
CREATE TABLE users (
  who          TEXT PRIMARY KEY,
  id           TEXT NOT NULL,
  login        TEXT NOT NULL,
  name         TEXT NOT NULL,
  number       TEXT NOT NULL,
  numbers      TEXT NOT NULL,
  departmentid TEXT NOT NULL,
  department   TEXT NOT NULL,
  supervisor   INTEGER NOT NULL,
  operator     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX users_by_id ON users (id);

CREATE TABLE numbers (
  id           TEXT NOT NULL,
  number       TEXT NOT NULL,
  caption      TEXT NOT NULL,
  kind         INTEGER NOT NULL,
  isgroup      INTEGER NOT NULL,
  who          TEXT NOT NULL,
  departmentid TEXT NOT NULL,
  department   TEXT NOT NULL
);

CREATE TABLE queues (
  id           TEXT NOT NULL,
  number       TEXT NOT NULL,
  name         TEXT NOT NULL,
  members      TEXT NOT NULL,
  ring         INTEGER NOT NULL,
  retry        INTEGER NOT NULL,
  strategy     TEXT NOT NULL,
  departmentid TEXT NOT NULL,
  department   TEXT NOT NULL
);
