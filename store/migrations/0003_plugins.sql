-- What plugins keep for themselves.
CREATE TABLE plugin_values (
    plugin TEXT NOT NULL,
    key    TEXT NOT NULL,
    value  BLOB NOT NULL,
    PRIMARY KEY (plugin, key)
) WITHOUT ROWID, STRICT;
