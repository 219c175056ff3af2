-- What flows noted about calls: a JSON object, '' for none; and which flow led the call last.
ALTER TABLE calls ADD COLUMN flow TEXT NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN tags TEXT NOT NULL DEFAULT '';
