-- Claims that wait for a condition: what for, and until when; JSON. It stays where they waited in vain.

ALTER TABLE handles ADD COLUMN awaits TEXT;

CREATE INDEX handles_awaiting ON handles (domain, user) WHERE state = 'awaiting';
