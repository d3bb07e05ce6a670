-- The tables of one log, in a PostgreSQL schema of its own that is first on the search path when this runs.
-- Whoever runs this owns them. What an owner may drop is a fence and no proof: tiles and witnesses are the proof.

CREATE TABLE entry (
  idx bigint PRIMARY KEY CHECK (idx >= 0),
  content bytea NOT NULL CHECK (octet_length(content) <= 65535)
);
CREATE TABLE batch (
  size bigint PRIMARY KEY CHECK (size >= 0),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  peaks bytea NOT NULL
);
CREATE TABLE event (
  id bytea PRIMARY KEY CHECK (octet_length(id) = 16),
  idx bigint NOT NULL,
  leaf bytea NOT NULL CHECK (octet_length(leaf) = 16)
);
CREATE TABLE published (
  one integer PRIMARY KEY CHECK (one = 1),
  size bigint NOT NULL,
  version integer NOT NULL
);
INSERT INTO published VALUES (1, 0, 1);
INSERT INTO batch VALUES (0, sha256(''), '');

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
    MESSAGE = format('%s on %s is refused: a log only grows', tg_op, tg_table_name);
END $$;

CREATE FUNCTION refuse_waiting_entry() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT FROM gone WHERE gone.idx >= (SELECT published.size FROM published)) THEN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
      MESSAGE = 'DELETE on entry is refused: one of them is not published yet';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION refuse_waiting_batch() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT FROM gone WHERE gone.size >= (SELECT published.size FROM published)) THEN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
      MESSAGE = 'DELETE on batch is refused: one of them is not published yet';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER entry_stays BEFORE UPDATE OR TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER entry_waits AFTER DELETE ON entry REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_waiting_entry();
CREATE TRIGGER batch_stays BEFORE UPDATE OR TRUNCATE ON batch FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER batch_waits AFTER DELETE ON batch REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_waiting_batch();
CREATE TRIGGER event_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER published_stays BEFORE DELETE OR TRUNCATE ON published FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER published_grows BEFORE UPDATE ON published FOR EACH ROW
  WHEN (new.size < old.size OR new.version < old.version) EXECUTE FUNCTION refuse();

-- Locking a row asks for the right to update it, which a writer does not have: it takes its turn through the owner.
-- Each statement of the function sees what was committed before it, so the head is read behind the lock.
CREATE FUNCTION take_turn(OUT head_size bigint, OUT head_peaks bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM 1 FROM published FOR UPDATE;
  SELECT batch.size, batch.peaks INTO head_size, head_peaks FROM batch ORDER BY batch.size DESC LIMIT 1;
END $$;

CREATE FUNCTION forget(until bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF until > (SELECT max(batch.size) FROM batch) THEN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
      MESSAGE = format('forget(%s) is refused: the log is not that long', until);
  END IF;
  UPDATE published SET size = until;
  DELETE FROM entry WHERE entry.idx < until;
  DELETE FROM batch WHERE batch.size < until;
END $$;

REVOKE ALL ON FUNCTION take_turn(), forget(bigint) FROM PUBLIC;
