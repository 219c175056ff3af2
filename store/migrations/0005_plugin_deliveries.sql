-- What is delivered to addresses outside on behalf of plugins. Those that are over stay for a while, so
-- that a key is not delivered twice.
CREATE TABLE plugin_deliveries (
    n        INTEGER PRIMARY KEY AUTOINCREMENT,
    plugin   TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    key      TEXT NOT NULL,
    at       INTEGER NOT NULL,
    over     INTEGER NOT NULL DEFAULT 0, -- when it was confirmed or given up; 0: on its way
    failure  TEXT NOT NULL DEFAULT '',   -- why it was given up
    request  BLOB,                       -- NULL once confirmed
    UNIQUE (plugin, endpoint, key)
) STRICT;
CREATE INDEX plugin_deliveries_open ON plugin_deliveries (plugin, endpoint, n) WHERE over = 0;
CREATE INDEX plugin_deliveries_over ON plugin_deliveries (over) WHERE over <> 0;
