-- The tables of one log, in a PostgreSQL schema of its own that is first on the search path when this runs.
-- Whoever runs this owns them. What an owner may drop is a fence and no proof: tiles and witnesses are the proof.

-- What was offered and has no index yet. A ticket is what one session offers at once; it may be several calls.
-- Not logged: what a crash of the server takes from here was never acknowledged.
CREATE SEQUENCE ticket;
CREATE UNLOGGED TABLE inbox (
  ticket bigint,
  call integer,
  place integer,
  content bytea NOT NULL CHECK (octet_length(content) <= 65535),
  event bytea CHECK (octet_length(event) = 16),
  PRIMARY KEY (ticket, call, place)
);
-- What became of a call, for the session that waits for it: its indices, or the event id that another content has.
CREATE UNLOGGED TABLE answer (
  ticket bigint,
  call integer,
  indices bigint[],
  refused integer,
  taken bigint,
  PRIMARY KEY (ticket, call)
);

CREATE TABLE entry (
  idx bigint PRIMARY KEY CHECK (idx >= 0),
  content bytea NOT NULL CHECK (octet_length(content) <= 65535)
);
ALTER TABLE entry ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE TABLE batch (
  size bigint PRIMARY KEY CHECK (size >= 0),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  peaks bytea NOT NULL,
  ticket bigint NOT NULL
);
CREATE TABLE event (
  id bytea PRIMARY KEY CHECK (octet_length(id) = 16),
  idx bigint NOT NULL,
  leaf bytea NOT NULL CHECK (octet_length(leaf) = 16)
);
CREATE TABLE published (
  one integer PRIMARY KEY CHECK (one = 1),
  size bigint NOT NULL,
  version integer NOT NULL,
  frozen boolean NOT NULL DEFAULT false
);
-- When entries came, from an index on, in POSIX seconds. Beside what is hashed, and not part of it.
CREATE TABLE recorded (first bigint PRIMARY KEY, at bigint NOT NULL);
INSERT INTO published VALUES (1, 0, 2);
INSERT INTO batch VALUES (0, sha256(''), '', 0);

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
CREATE TRIGGER recorded_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON recorded
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER published_stays BEFORE DELETE OR TRUNCATE ON published FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER published_grows BEFORE UPDATE ON published FOR EACH ROW
  WHEN (new.size < old.size OR new.version < old.version OR old.frozen AND NOT new.frozen) EXECUTE FUNCTION refuse();

-- Two advisory locks of whoever gives indices, one session of the server at a time: the first is asked for and never
-- waited for; on the second wait those who are served. Were they one, those who wake would keep each other from the
-- turn.
CREATE FUNCTION turn_lock(which bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT ((1634955642 + which) << 32) | quote_ident(current_schema())::regnamespace::oid::bigint
$$;

-- Peaks are the roots of a tree's perfect subtrees, the largest first, 32 bytes each (RFC 6962, section 2.1).
CREATE FUNCTION tree_root(peaks bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  place integer := octet_length(peaks) - 31;
  found bytea := substr(peaks, greatest(place, 1));
BEGIN
  IF place < 1 THEN
    RETURN sha256('');
  END IF;
  WHILE place > 32 LOOP
    place := place - 32;
    found := sha256('\x01'::bytea || substr(peaks, place, 32) || found);
  END LOOP;
  RETURN found;
END $$;

-- Give the entries of one call their indices: all of them, or none.
CREATE FUNCTION place_call(
  one_ticket bigint, one_call integer,
  INOUT size bigint, INOUT peaks bytea, INOUT rooted bigint, OUT indices bigint[]
)
LANGUAGE plpgsql AS $$
DECLARE
  step CONSTANT bigint := 8192;  -- assay.lifecycle.publishing.MAX_STEP
  offered record;
  known record;
  hash bytea;
  rest bigint;
  frozen CONSTANT boolean := published.frozen FROM published WHERE published.one = 1;
BEGIN
  indices := '{}';
  FOR offered IN
    SELECT inbox.place, inbox.content, inbox.event, sha256('\x00'::bytea || inbox.content) AS leaf
    FROM inbox WHERE inbox.ticket = one_ticket AND inbox.call = one_call ORDER BY inbox.place
  LOOP
    IF offered.event IS NOT NULL THEN
      SELECT event.idx, event.leaf INTO known FROM event WHERE event.id = offered.event;
      IF FOUND THEN
        IF known.leaf <> substr(offered.leaf, 1, 16) THEN
          RAISE EXCEPTION USING ERRCODE = 'AS409', MESSAGE = offered.place::text, DETAIL = known.idx::text;
        END IF;
        indices := indices || known.idx;
        CONTINUE;
      END IF;
      IF NOT frozen THEN
        INSERT INTO event VALUES (offered.event, size, substr(offered.leaf, 1, 16));
      END IF;
    END IF;
    IF frozen THEN
      RAISE EXCEPTION USING ERRCODE = 'AS410', MESSAGE = 'the log is frozen';
    END IF;
    INSERT INTO entry VALUES (size, offered.content);
    indices := indices || size;
    hash := offered.leaf;
    rest := size;
    WHILE rest & 1 = 1 LOOP
      hash := sha256('\x01'::bytea || substr(peaks, octet_length(peaks) - 31) || hash);
      peaks := substr(peaks, 1, octet_length(peaks) - 32);
      rest := rest >> 1;
    END LOOP;
    peaks := peaks || hash;
    size := size + 1;
    IF size - rooted = step THEN
      INSERT INTO batch VALUES (size, tree_root(peaks), peaks, one_ticket);
      rooted := size;
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION record_time(first bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  now CONSTANT bigint := floor(extract(epoch FROM clock_timestamp()));
BEGIN
  IF now IS DISTINCT FROM (SELECT recorded.at FROM recorded ORDER BY recorded.first DESC LIMIT 1) THEN
    INSERT INTO recorded VALUES (record_time.first, now);
  END IF;
END $$;

-- Give everything that was offered its indices, and commit the root that follows. Who calls it holds the turn.
-- Tickets far below the highest are not looked for, so that a turn costs what is new, not what went: one that took
-- long to be offered is served when its own session has the turn.
CREATE FUNCTION serve(mine bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  looked_at CONSTANT bigint := 1000;
  kept CONSTANT bigint := 100000;
  head record;
  grown record;
  offer record;
  rooted bigint;
  last bigint;
  served bigint[] := '{}';
  refused text;
  taken text;
BEGIN
  SELECT batch.size, batch.peaks, batch.ticket INTO head FROM batch ORDER BY batch.size DESC LIMIT 1;
  SELECT head.size AS size, head.peaks AS peaks, head.size AS rooted INTO grown;
  last := head.ticket;
  FOR offer IN
    SELECT DISTINCT inbox.ticket, inbox.call FROM inbox
    WHERE inbox.ticket = mine OR inbox.ticket > head.ticket - looked_at
    ORDER BY inbox.ticket, inbox.call
  LOOP
    BEGIN
      SELECT * INTO STRICT grown
      FROM place_call(offer.ticket, offer.call, grown.size, grown.peaks, grown.rooted);
      INSERT INTO answer VALUES (offer.ticket, offer.call, grown.indices);
    EXCEPTION WHEN SQLSTATE 'AS409' THEN
      GET STACKED DIAGNOSTICS refused = MESSAGE_TEXT, taken = PG_EXCEPTION_DETAIL;
      INSERT INTO answer VALUES (offer.ticket, offer.call, NULL, refused::integer, taken::bigint);
    WHEN SQLSTATE 'AS410' THEN
      INSERT INTO answer VALUES (offer.ticket, offer.call, NULL, -1, head.size - 1);
    END;
    served := served || offer.ticket;
    last := greatest(last, offer.ticket);
  END LOOP;
  IF grown.size > grown.rooted THEN
    INSERT INTO batch VALUES (grown.size, tree_root(grown.peaks), grown.peaks, last);
  END IF;
  DELETE FROM inbox WHERE inbox.ticket = ANY (served);
  IF last / kept > head.ticket / kept THEN
    DELETE FROM answer WHERE answer.ticket < last - kept;
    DELETE FROM inbox WHERE inbox.ticket < last - kept;  -- whoever offered it is long gone
  END IF;
  IF grown.size > head.size THEN
    PERFORM record_time(head.size);
    PERFORM pg_notify('assay', current_schema());
  END IF;
END $$;

-- Wait for what became of this session's last offer: the indices of its entries, call after call, and what was refused.
-- Whoever finds the turn free serves everybody; the others wait until that commit is on disk, all of them at once, and
-- find their answers. Each statement of the function sees what was committed before it.
CREATE FUNCTION take_turn(OUT indices bigint[], OUT calls integer[], OUT places integer[], OUT taken bigint[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET enable_seqscan = off SET jit = off AS $$
DECLARE
  mine bigint := currval('ticket');
  turn bigint := turn_lock(0);
  end_of_turn bigint := turn_lock(1);
  given record;
BEGIN
  IF current_setting('synchronous_commit') IN ('off', 'local') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  LOOP
    EXIT WHEN EXISTS (SELECT FROM answer WHERE answer.ticket = mine);
    IF pg_try_advisory_xact_lock(turn) THEN
      PERFORM pg_advisory_xact_lock(end_of_turn);
      IF NOT EXISTS (SELECT FROM answer WHERE answer.ticket = mine) THEN
        PERFORM serve(mine);
      END IF;
      EXIT;
    END IF;
    PERFORM pg_advisory_lock_shared(end_of_turn);
    PERFORM pg_advisory_unlock_shared(end_of_turn);
  END LOOP;
  FOR given IN SELECT * FROM answer WHERE answer.ticket = mine ORDER BY answer.call LOOP
    IF given.indices IS NULL THEN
      calls := calls || given.call;
      places := places || given.refused;
      taken := taken || given.taken;
    ELSE
      indices := indices || given.indices;
    END IF;
  END LOOP;
END $$;

-- Offer entries, and wait for their indices: two transactions in one round trip. Runs as who calls it, who may insert.
-- Without entries: those that this session offered before.
CREATE PROCEDURE append(
  call integer[], place integer[], content bytea[], event bytea[],
  INOUT indices bigint[], INOUT calls integer[], INOUT places integer[], INOUT taken bigint[]
)
LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(content) > 0 THEN
    PERFORM nextval('ticket');
    INSERT INTO inbox SELECT currval('ticket'), offer.* FROM unnest(call, place, content, event) AS offer;
    COMMIT;
  END IF;
  SELECT given.* INTO indices, calls, places, taken FROM take_turn() AS given;
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

-- Go on after the end of a published tree that is longer than what is known here.
CREATE FUNCTION go_on(until bigint, root bytea, peaks bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(turn_lock(0)), pg_advisory_xact_lock(turn_lock(1));
  INSERT INTO batch SELECT until, go_on.root, go_on.peaks, max(batch.ticket) FROM batch;
  PERFORM forget(until);
END $$;

-- Append the last entry, and refuse every other from then on; an entry that waits is served before it.
CREATE FUNCTION freeze(last bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET enable_seqscan = off SET jit = off AS $$
DECLARE
  mine bigint;
  head record;
BEGIN
  PERFORM pg_advisory_xact_lock(turn_lock(0)), pg_advisory_xact_lock(turn_lock(1));
  IF (SELECT frozen FROM published WHERE one = 1) THEN
    RETURN;
  END IF;
  PERFORM serve(0);
  mine := nextval('ticket');
  INSERT INTO inbox VALUES (mine, 0, 0, last, NULL);
  SELECT batch.size, batch.peaks INTO head FROM batch ORDER BY batch.size DESC LIMIT 1;
  INSERT INTO batch SELECT placed.size, tree_root(placed.peaks), placed.peaks, mine
    FROM place_call(mine, 0, head.size, head.peaks, head.size) AS placed;
  DELETE FROM inbox WHERE inbox.ticket = mine;
  PERFORM record_time(head.size);
  UPDATE published SET frozen = true;
  PERFORM pg_notify('assay', current_schema());
END $$;

REVOKE ALL ON FUNCTION turn_lock(bigint), tree_root(bytea), place_call(bigint, integer, bigint, bytea, bigint),
  record_time(bigint), serve(bigint), take_turn(), forget(bigint), go_on(bigint, bytea, bytea), freeze(bytea)
  FROM PUBLIC;
REVOKE ALL ON PROCEDURE append(integer[], integer[], bytea[], bytea[], bigint[], integer[], integer[], bigint[])
  FROM PUBLIC;
