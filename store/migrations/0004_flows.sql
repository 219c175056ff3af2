-- What call flows keep for themselves.
CREATE TABLE flow_values (
    flow  TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (flow, key)
) WITHOUT ROWID, STRICT;

-- What runs of call flows did. chain is the call's, '' for a run without one.
CREATE TABLE flow_traces (
    n       INTEGER PRIMARY KEY,
    run     TEXT NOT NULL UNIQUE,
    chain   TEXT NOT NULL,
    flow    TEXT NOT NULL,
    cause   TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended   INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    body    BLOB NOT NULL
) STRICT;
CREATE INDEX flow_traces_by_chain ON flow_traces (chain, started) WHERE chain <> '';
CREATE INDEX flow_traces_by_time ON flow_traces (started);
