-- Claims that wait for a condition: what for, and until when; JSON. It stays where they waited in vain.

ALTER TABLE handles ADD COLUMN awaits text;

CREATE INDEX handles_awaiting ON handles (domain, username) WHERE state = 'awaiting';
