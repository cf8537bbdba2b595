"""The shared store's tables and functions, as numbered migrations that the owner of the database runs.

People log in as themselves, one role a person, members of ``tfdash_people``; they read the tables and change them only by
the functions, which stamp ``session_user`` and the server's time. Nobody but the owner could update or delete.
"""

from __future__ import annotations

SCHEMA = 3
"""The newest migration that this program knows; a database that asks for at most this much is served."""
NEEDED = 1
"""The oldest that it works with: what came later (verdict journals, claims) is shared once the owner has made the tables."""
LOCK = 7_083_274_001
PEOPLE = "tfdash_people"

MIGRATIONS: dict[int, str] = {
    1: r"""
CREATE SCHEMA IF NOT EXISTS tfdash;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tfdash_people') THEN CREATE ROLE tfdash_people NOLOGIN; END IF;
END $$;

CREATE TABLE tfdash.shared_roles (role text PRIMARY KEY);

CREATE TABLE tfdash.entries (
  terminal text NOT NULL, sequence bigint NOT NULL CHECK (sequence > 0), previous text NOT NULL, kind text NOT NULL,
  hash text NOT NULL, body bytea NOT NULL, written_by name NOT NULL DEFAULT session_user,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (terminal, sequence)
);
CREATE INDEX entries_by_arrival ON tfdash.entries (received_at);
-- what did not fit its chain: the evidence of a fork
CREATE TABLE tfdash.forks (
  terminal text NOT NULL, sequence bigint NOT NULL, hash text NOT NULL, body bytea NOT NULL,
  written_by name NOT NULL DEFAULT session_user, received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (terminal, sequence, hash)
);
CREATE TABLE tfdash.bodies (
  digest text PRIMARY KEY, sealed bytea NOT NULL, written_by name NOT NULL DEFAULT session_user,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE tfdash.approval_requests (
  id text PRIMARY KEY, digest text NOT NULL, requester name NOT NULL DEFAULT session_user, reason text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(), expires_at timestamptz NOT NULL
);
-- apart from the request, so that its exact requests can be forgotten when nobody needs them any more
CREATE TABLE tfdash.approval_plans (id text PRIMARY KEY REFERENCES tfdash.approval_requests, plan bytea NOT NULL);
CREATE TABLE tfdash.approval_decisions (
  id text NOT NULL REFERENCES tfdash.approval_requests, approver name NOT NULL DEFAULT session_user, approve boolean NOT NULL,
  digest text NOT NULL, reason text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(),
  terminal text NOT NULL, sequence bigint NOT NULL,
  PRIMARY KEY (id, approver)
);
CREATE TABLE tfdash.approval_uses (
  id text PRIMARY KEY REFERENCES tfdash.approval_requests, digest text NOT NULL,
  used_by name NOT NULL DEFAULT session_user, at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One entry: its hash, its place and its predecessor are checked; a line of ASCII says them, before the JSON.
CREATE FUNCTION tfdash.put_entry(p_body bytea, p_hash text, OUT status text, OUT head bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  header text[]; at_newline int; v_terminal text; v_sequence bigint; last_hash text; owner name; there text;
BEGIN
  IF encode(sha256(p_body), 'hex') <> p_hash THEN RAISE EXCEPTION 'the hash is not that of the entry'; END IF;
  IF length(p_body) > 4194304 THEN RAISE EXCEPTION 'the entry is too large'; END IF;
  at_newline := position('\x0a'::bytea IN p_body);
  IF at_newline < 20 OR at_newline > 1200 THEN RAISE EXCEPTION 'no header line'; END IF;
  header := string_to_array(convert_from(substring(p_body FROM 1 FOR at_newline - 1), 'UTF8'), ' ');
  IF coalesce(array_length(header, 1), 0) < 7 OR header[1] !~ '^tfdash-audit/[1-9][0-9]{0,3}$'
     OR header[3] !~ '^[1-9][0-9]{0,17}$' THEN
    RAISE EXCEPTION 'the header line is not that of an entry';
  END IF;
  v_terminal := header[2]; v_sequence := header[3]::bigint;
  PERFORM pg_advisory_xact_lock(hashtextextended('tfdash ' || v_terminal, 0));
  SELECT e.sequence, e.hash, e.written_by INTO head, last_hash, owner FROM tfdash.entries e
    WHERE e.terminal = v_terminal ORDER BY e.sequence DESC LIMIT 1;
  head := coalesce(head, 0); last_hash := coalesce(last_hash, repeat('0', 64));
  IF owner IS NOT NULL AND owner <> session_user THEN
    RAISE EXCEPTION 'the chain % belongs to %', v_terminal, owner USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF v_sequence <= head THEN
    SELECT e.hash INTO there FROM tfdash.entries e WHERE e.terminal = v_terminal AND e.sequence = v_sequence;
    IF there = p_hash THEN status := 'known'; RETURN; END IF;
  ELSIF v_sequence > head + 1 THEN
    status := 'gap'; RETURN;
  ELSIF header[4] = last_hash THEN
    INSERT INTO tfdash.entries(terminal, sequence, previous, kind, hash, body, written_by)
      VALUES (v_terminal, v_sequence, header[4], header[6], p_hash, p_body, session_user);
    PERFORM pg_notify('tfdash', v_terminal || ' ' || v_sequence);
    status := 'taken'; head := v_sequence; RETURN;
  END IF;
  INSERT INTO tfdash.forks(terminal, sequence, hash, body, written_by)
    VALUES (v_terminal, v_sequence, p_hash, p_body, session_user) ON CONFLICT DO NOTHING;
  status := 'fork';
END $$;

CREATE FUNCTION tfdash.put_body(p_digest text, p_sealed bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO tfdash.bodies(digest, sealed, written_by) VALUES (p_digest, p_sealed, session_user) ON CONFLICT DO NOTHING;
$$;

-- Why this login may not approve, '' where it may: a shared role, a superuser, whoever may become the owner.
CREATE FUNCTION tfdash.why_not_a_person() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r record; owner name;
BEGIN
  SELECT rolsuper, rolcreaterole, rolcanlogin INTO r FROM pg_roles WHERE rolname = session_user;
  SELECT tableowner INTO owner FROM pg_tables WHERE schemaname = 'tfdash' AND tablename = 'approval_decisions';
  IF r.rolsuper THEN RETURN session_user || ' is a superuser of the database'; END IF;
  IF r.rolcreaterole THEN RETURN session_user || ' may make roles'; END IF;
  IF pg_has_role(session_user, owner, 'MEMBER') THEN RETURN session_user || ' owns the tables, or may become their owner'; END IF;
  IF EXISTS (SELECT FROM tfdash.shared_roles s WHERE s.role = session_user) THEN
    RETURN session_user || ' is a role that several people share';
  END IF;
  RETURN '';
END $$;

CREATE FUNCTION tfdash.request_approval(p_id text, p_digest text, p_reason text, p_plan bytea, p_life interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_life > interval '1 hour' OR p_life <= interval '0' THEN RAISE EXCEPTION 'a request lives an hour at most'; END IF;
  IF tfdash.why_not_a_person() <> '' THEN RAISE EXCEPTION '%: nobody can tell who asks', tfdash.why_not_a_person(); END IF;
  DELETE FROM tfdash.approval_plans p USING tfdash.approval_requests r
    WHERE r.id = p.id AND r.expires_at < clock_timestamp() - interval '1 hour';
  INSERT INTO tfdash.approval_requests(id, digest, requester, reason, expires_at)
    VALUES (p_id, p_digest, session_user, p_reason, clock_timestamp() + p_life);
  INSERT INTO tfdash.approval_plans(id, plan) VALUES (p_id, p_plan);
  PERFORM pg_notify('tfdash', 'approval ' || p_id);
END $$;

CREATE FUNCTION tfdash.decide_approval(
  p_id text, p_approve boolean, p_digest text, p_reason text, p_terminal text, p_sequence bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r record;
BEGIN
  SELECT * INTO r FROM tfdash.approval_requests WHERE id = p_id FOR UPDATE;
  IF r IS NULL THEN RAISE EXCEPTION 'there is no such request'; END IF;
  IF tfdash.why_not_a_person() <> '' THEN RAISE EXCEPTION '% and cannot approve', tfdash.why_not_a_person(); END IF;
  IF p_approve AND r.requester = session_user THEN RAISE EXCEPTION 'whoever asked cannot approve: it needs a second person'; END IF;
  IF r.digest <> p_digest THEN RAISE EXCEPTION 'the decision is for another plan: its digest differs'; END IF;
  IF clock_timestamp() >= r.expires_at THEN RAISE EXCEPTION 'the request has expired; make the plan again and ask again'; END IF;
  IF EXISTS (SELECT FROM tfdash.approval_uses u WHERE u.id = p_id) THEN RAISE EXCEPTION 'this approval was used already'; END IF;
  IF EXISTS (SELECT FROM tfdash.approval_decisions d WHERE d.id = p_id AND NOT d.approve) THEN
    RAISE EXCEPTION 'somebody denied it; one denial ends it';
  END IF;
  IF NOT EXISTS (SELECT FROM tfdash.entries e WHERE e.terminal = p_terminal AND e.sequence = p_sequence
                 AND e.written_by = session_user AND e.kind = CASE WHEN p_approve THEN 'approval' ELSE 'denial' END) THEN
    RAISE EXCEPTION 'the decision is not in the approver''s own audit log';
  END IF;
  INSERT INTO tfdash.approval_decisions(id, approver, approve, digest, reason, terminal, sequence)
    VALUES (p_id, session_user, p_approve, p_digest, p_reason, p_terminal, p_sequence)
    ON CONFLICT (id, approver) DO UPDATE SET approve = false, reason = excluded.reason, at = clock_timestamp(),
      terminal = excluded.terminal, sequence = excluded.sequence WHERE NOT excluded.approve;
  PERFORM pg_notify('tfdash', 'approval ' || p_id);
END $$;

CREATE FUNCTION tfdash.use_approval(p_id text, p_digest text) RETURNS name
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r record; who name;
BEGIN
  SELECT * INTO r FROM tfdash.approval_requests WHERE id = p_id FOR UPDATE;
  IF r IS NULL THEN RAISE EXCEPTION 'there is no such request'; END IF;
  IF r.requester <> session_user THEN RAISE EXCEPTION 'the request is %''s', r.requester; END IF;
  IF r.digest <> p_digest THEN RAISE EXCEPTION 'the approval is for another plan: its digest differs'; END IF;
  IF EXISTS (SELECT FROM tfdash.approval_uses u WHERE u.id = p_id) THEN
    RAISE EXCEPTION 'this approval was used already';
  END IF;
  IF EXISTS (SELECT FROM tfdash.approval_decisions d WHERE d.id = p_id AND NOT d.approve) THEN
    RAISE EXCEPTION 'somebody denied it; one denial ends it';
  END IF;
  SELECT d.approver INTO who FROM tfdash.approval_decisions d
    WHERE d.id = p_id AND d.approve AND d.digest = p_digest AND d.approver <> r.requester ORDER BY d.at LIMIT 1;
  IF who IS NULL THEN RAISE EXCEPTION 'nobody has approved it yet'; END IF;
  IF clock_timestamp() >= r.expires_at THEN RAISE EXCEPTION 'the request has expired; make the plan again and ask again'; END IF;
  INSERT INTO tfdash.approval_uses(id, digest, used_by) VALUES (p_id, p_digest, session_user);
  DELETE FROM tfdash.approval_plans WHERE id = p_id;
  PERFORM pg_notify('tfdash', 'approval ' || p_id);
  RETURN who;
END $$;

REVOKE ALL ON ALL TABLES IN SCHEMA tfdash FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tfdash FROM PUBLIC;
REVOKE ALL ON SCHEMA tfdash FROM PUBLIC;
GRANT USAGE ON SCHEMA tfdash TO tfdash_people;
GRANT SELECT ON ALL TABLES IN SCHEMA tfdash TO tfdash_people;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tfdash TO tfdash_people;
""",
    2: r"""
-- one row a file: each time with all that it has by then, packed
CREATE TABLE tfdash.journals (
  file text PRIMARY KEY, heard double precision NOT NULL, body bytea NOT NULL, written_by name NOT NULL DEFAULT session_user,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX journals_by_arrival ON tfdash.journals (received_at);

CREATE FUNCTION tfdash.put_journal(p_file text, p_heard double precision, p_body bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE owner name;
BEGIN
  IF length(p_body) > 4194304 OR length(p_file) > 200 THEN RAISE EXCEPTION 'the journal is too large'; END IF;
  SELECT j.written_by INTO owner FROM tfdash.journals j WHERE j.file = p_file;
  IF owner IS NOT NULL AND owner <> session_user THEN
    RAISE EXCEPTION 'the journal % belongs to %', p_file, owner USING ERRCODE = 'insufficient_privilege';
  END IF;
  DELETE FROM tfdash.journals j WHERE j.received_at < clock_timestamp() - interval '91 days';
  INSERT INTO tfdash.journals(file, heard, body, written_by) VALUES (p_file, p_heard, p_body, session_user)
    ON CONFLICT (file) DO UPDATE SET heard = excluded.heard, body = excluded.body, received_at = clock_timestamp()
    WHERE journals.heard <= excluded.heard;
END $$;

REVOKE ALL ON tfdash.journals FROM PUBLIC;
REVOKE ALL ON FUNCTION tfdash.put_journal(text, double precision, bytea) FROM PUBLIC;
GRANT SELECT ON tfdash.journals TO tfdash_people;
GRANT EXECUTE ON FUNCTION tfdash.put_journal(text, double precision, bytea) TO tfdash_people;
""",
    3: r"""
-- who works on which step of a run: terminal '' is nobody any more; the fence stays
CREATE TABLE tfdash.claims (
  run text NOT NULL, step text NOT NULL, fence bigint NOT NULL CHECK (fence > 0), holder text NOT NULL, terminal text NOT NULL,
  written_by name NOT NULL DEFAULT session_user, at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (run, step)
);

-- Only where p_before is what stands there (0: nothing); true where it was put. To let go is the fence again and no terminal.
CREATE FUNCTION tfdash.put_claim(
  p_run text, p_step text, p_before bigint, p_fence bigint, p_holder text, p_terminal text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r tfdash.claims%ROWTYPE; owner name; found_there boolean;
BEGIN
  IF length(p_run) > 200 OR length(p_step) > 200 OR length(p_holder) > 400 OR length(p_terminal) > 200 THEN
    RAISE EXCEPTION 'the claim is too large';
  END IF;
  SELECT e.written_by INTO owner FROM tfdash.entries e WHERE e.terminal = p_terminal LIMIT 1;
  IF owner IS NOT NULL AND owner <> session_user THEN
    RAISE EXCEPTION 'the chain % belongs to %', p_terminal, owner USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('tfdash claim ' || p_run || ' ' || p_step, 0));
  SELECT * INTO r FROM tfdash.claims c WHERE c.run = p_run AND c.step = p_step;
  found_there := FOUND;
  IF coalesce(r.fence, 0) <> p_before THEN RETURN false; END IF;
  IF p_terminal = '' THEN
    IF NOT found_there OR p_fence <> r.fence OR r.written_by <> session_user THEN RETURN false; END IF;
  ELSIF p_fence <= p_before OR p_fence > p_before + 1000000 THEN
    RAISE EXCEPTION 'a fence grows, and does not leap';
  END IF;
  DELETE FROM tfdash.claims c WHERE c.at < clock_timestamp() - interval '91 days' AND NOT (c.run = p_run AND c.step = p_step);
  INSERT INTO tfdash.claims(run, step, fence, holder, terminal, written_by)
    VALUES (p_run, p_step, p_fence, p_holder, p_terminal, session_user)
    ON CONFLICT (run, step) DO UPDATE SET fence = excluded.fence, holder = excluded.holder, terminal = excluded.terminal,
      written_by = excluded.written_by, at = clock_timestamp();
  RETURN true;
END $$;

REVOKE ALL ON tfdash.claims FROM PUBLIC;
REVOKE ALL ON FUNCTION tfdash.put_claim(text, text, bigint, bigint, text, text) FROM PUBLIC;
GRANT SELECT ON tfdash.claims TO tfdash_people;
GRANT EXECUTE ON FUNCTION tfdash.put_claim(text, text, bigint, bigint, text, text) TO tfdash_people;
""",
}

META = """
CREATE SCHEMA IF NOT EXISTS tfdash;
CREATE TABLE IF NOT EXISTS tfdash.migrations (
  number int PRIMARY KEY, minimum int NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
"""
"""``minimum``: the oldest ``SCHEMA`` of a program that may still use the database after that migration."""
