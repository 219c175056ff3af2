-- How far each link's CRM has confirmed the events that are delivered to it.
CREATE TABLE deliveries (
    link   TEXT PRIMARY KEY,
    number INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
