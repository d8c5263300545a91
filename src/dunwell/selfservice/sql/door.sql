-- The door of the cardholder's page. These functions run as the tables' owner and are all that the outside process can
-- do to the database: it opens links, tries the second factor and leaves requests; it counts nothing and forgives nothing.

-- The numbers of the door, in one place. Confidence A: the product's own default.
CREATE OR REPLACE FUNCTION selfservice_number(name text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE name
        WHEN 'failures' THEN 5          -- wrong answers in a session, then it is locked
        WHEN 'failures_a_day' THEN 10   -- of a person over all his links, then all are locked
        WHEN 'minutes_to_answer' THEN 15
        WHEN 'minutes_inside' THEN 30
        WHEN 'codes_a_day' THEN 5       -- one-time codes and new links that a person may ask for
        WHEN 'days_to_renew' THEN 90    -- after its end a link still brings a new one to the same contact point
        WHEN 'requests_a_day' THEN 60
    END
$$;

-- The session of the cookie in dunwell.cardholder, when its second factor was right and it has not ended.
CREATE OR REPLACE FUNCTION selfservice_inside() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM selfservice_session
    WHERE secret = decode(nullif(current_setting('dunwell.cardholder', true), ''), 'hex')
      AND passed_at IS NOT NULL AND ended_at IS NULL AND ends_at > now()
$$;

-- Whose rows that session sees: row security asks this, and nothing that the outside process says counts.
CREATE OR REPLACE FUNCTION selfservice_party() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT party_id FROM selfservice_session WHERE id = selfservice_inside()
$$;

CREATE OR REPLACE FUNCTION selfservice_bank(code text) RETURNS TABLE (name_zh text, name_en text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.name_zh::text, e.name_en::text FROM identity_entity AS e WHERE e.code = selfservice_bank.code
$$;

CREATE OR REPLACE FUNCTION selfservice_note(s selfservice_session, what text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO selfservice_request (entity_id, party_id, link_id, session_id, kind, key, recorded_at)
    VALUES (s.entity_id, s.party_id, s.link_id, s.id, what, 'door/' || gen_random_uuid(), clock_timestamp())
$$;

-- Open a link, once. The same answer for a wrong one, a used one, one that is over, and one that went to a number that is
-- not his any more.
CREATE OR REPLACE FUNCTION selfservice_open(link_token bytea, new_secret bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE made selfservice_session;
BEGIN
    INSERT INTO selfservice_session (entity_id, party_id, link_id, secret, opened_at, ends_at, failures)
    SELECT l.entity_id, l.party_id, l.id, new_secret, now(),
           now() + selfservice_number('minutes_to_answer') * interval '1 minute', 0
    FROM selfservice_link AS l
    LEFT JOIN portfolio_contactpoint AS p ON p.id = l.contact_point_id
    WHERE l.token = link_token AND l.expires_at > now() AND (p.id IS NULL OR p.status = 'valid')
    ON CONFLICT (link_id) DO NOTHING
    RETURNING * INTO made;
    IF made.id IS NULL THEN
        RETURN false;
    END IF;
    PERFORM selfservice_note(made, 'opened');
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION selfservice_locked(of_party bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(sum(failures), 0) >= selfservice_number('failures_a_day') FROM selfservice_session
    WHERE party_id = of_party AND opened_at > now() - interval '1 day'
$$;

CREATE OR REPLACE FUNCTION selfservice_asked(of_party bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(*) FROM selfservice_request
    WHERE party_id = of_party AND kind IN ('code', 'again') AND recorded_at > now() - interval '1 day'
$$;

-- What a session that is not in yet may be asked. No row: it is over.
CREATE OR REPLACE FUNCTION selfservice_door(of_secret bytea)
RETURNS TABLE (link bytea, knows boolean, may_code boolean, code_sent boolean, locked boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT l.token, l.knows IS NOT NULL,
           selfservice_asked(s.party_id) < selfservice_number('codes_a_day')
               AND EXISTS (SELECT 1 FROM portfolio_contactpoint AS p
                           WHERE p.party_id = s.party_id AND p.status = 'valid' AND p.kind IN ('mobile', 'email')
                             AND p.id IS DISTINCT FROM l.contact_point_id),
           EXISTS (SELECT 1 FROM selfservice_request AS r WHERE r.session_id = s.id AND r.kind = 'code'),
           s.failures >= selfservice_number('failures') OR selfservice_locked(s.party_id)
    FROM selfservice_session AS s JOIN selfservice_link AS l ON l.id = s.link_id
    WHERE s.secret = of_secret AND s.passed_at IS NULL AND s.ended_at IS NULL AND s.ends_at > now()
$$;

-- The second factor: what he knows, or the code that was sent. A right answer changes the cookie. passed, wrong, locked,
-- gone.
CREATE OR REPLACE FUNCTION selfservice_try(of_secret bytea, known bytea, sent bytea, new_secret bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE s selfservice_session; right_one boolean;
BEGIN
    SELECT * INTO s FROM selfservice_session
    WHERE secret = of_secret AND passed_at IS NULL AND ended_at IS NULL AND ends_at > now();
    IF NOT FOUND THEN
        RETURN 'gone';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('dunwell.door/' || s.party_id, 0));
    SELECT * INTO s FROM selfservice_session WHERE id = s.id FOR UPDATE;
    IF s.passed_at IS NOT NULL THEN
        RETURN 'gone';
    END IF;
    IF s.failures >= selfservice_number('failures') OR selfservice_locked(s.party_id) THEN
        RETURN 'locked';
    END IF;
    SELECT coalesce(l.knows = known, false) OR coalesce(s.code = sent AND s.code_ends_at > now(), false) INTO right_one
    FROM selfservice_link AS l WHERE l.id = s.link_id;
    IF right_one THEN
        UPDATE selfservice_session
        SET passed_at = now(), secret = new_secret, code = NULL, code_ends_at = NULL,
            ends_at = now() + selfservice_number('minutes_inside') * interval '1 minute'
        WHERE id = s.id;
        PERFORM selfservice_note(s, 'passed');
        RETURN 'passed';
    END IF;
    UPDATE selfservice_session SET failures = failures + 1 WHERE id = s.id;
    IF s.failures + 1 >= selfservice_number('failures') OR selfservice_locked(s.party_id) THEN
        PERFORM selfservice_note(s, 'locked');
        RETURN 'locked';
    END IF;
    PERFORM selfservice_note(s, 'failed');
    RETURN 'wrong';
END
$$;

-- Ask for a one-time code, to another contact point on file than the link's.
CREATE OR REPLACE FUNCTION selfservice_code(of_secret bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE s selfservice_session;
BEGIN
    SELECT * INTO s FROM selfservice_session
    WHERE secret = of_secret AND passed_at IS NULL AND ended_at IS NULL AND ends_at > now();
    IF FOUND THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('dunwell.door/' || s.party_id, 0));
        IF selfservice_asked(s.party_id) < selfservice_number('codes_a_day') AND NOT selfservice_locked(s.party_id) THEN
            PERFORM selfservice_note(s, 'code');
        END IF;
    END IF;
END
$$;

-- Ask for a new link in the place of one that does not open any more. Never answers anything.
CREATE OR REPLACE FUNCTION selfservice_again(link_token bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE l selfservice_link;
BEGIN
    SELECT * INTO l FROM selfservice_link
    WHERE token = link_token AND contact_point_id IS NOT NULL
      AND expires_at > now() - selfservice_number('days_to_renew') * interval '1 day';
    IF FOUND THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('dunwell.door/' || l.party_id, 0));
        IF selfservice_asked(l.party_id) < selfservice_number('codes_a_day') THEN
            INSERT INTO selfservice_request (entity_id, party_id, link_id, kind, key, recorded_at)
            VALUES (l.entity_id, l.party_id, l.id, 'again', 'door/' || gen_random_uuid(), clock_timestamp());
        END IF;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION selfservice_leave() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE selfservice_session SET ended_at = now() WHERE id = selfservice_inside()
$$;

-- Leave a request, as the one who came in. The same key again is the same request. NULL: nobody came in, or too many.
CREATE OR REPLACE FUNCTION selfservice_ask(what text, sealed bytea, of_key text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE s selfservice_session; made bigint;
BEGIN
    SELECT * INTO s FROM selfservice_session WHERE id = selfservice_inside();
    IF NOT FOUND OR what IN ('opened', 'passed', 'failed', 'locked', 'code', 'again') THEN
        RETURN NULL;
    END IF;
    SELECT id INTO made FROM selfservice_request WHERE key = 'page/' || s.id || '/' || of_key;
    IF FOUND THEN
        RETURN made;
    END IF;
    IF (SELECT count(*) FROM selfservice_request AS r
        WHERE r.party_id = s.party_id AND r.recorded_at > now() - interval '1 day')
       >= selfservice_number('requests_a_day') THEN
        RETURN NULL;
    END IF;
    INSERT INTO selfservice_request (entity_id, party_id, link_id, session_id, kind, body, key, recorded_at)
    VALUES (s.entity_id, s.party_id, s.link_id, s.id, what, sealed, 'page/' || s.id || '/' || of_key, clock_timestamp())
    ON CONFLICT (key) DO UPDATE SET key = excluded.key
    RETURNING id INTO made;
    RETURN made;
END
$$;

-- Keep what a provider says of an order, once. false: there is no such order.
CREATE OR REPLACE FUNCTION selfservice_told(of_order text, ref text, how text, said text, signed text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE known bigint;
BEGIN
    SELECT request_id INTO known FROM selfservice_order WHERE order_no = of_order;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO selfservice_callback (order_id, provider_ref, state, body, signature, recorded_at)
    VALUES (known, ref, how, said, signed, clock_timestamp())
    ON CONFLICT (order_id, provider_ref, state) DO NOTHING;
    RETURN true;
END
$$;

-- Count a visit; false when this visitor had more than `most` in this minute.
CREATE OR REPLACE FUNCTION selfservice_count(who bytea, most integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO selfservice_visit AS v (visitor, minute, times) VALUES (who, date_trunc('minute', now()), 1)
    ON CONFLICT (visitor, minute) DO UPDATE SET times = v.times + 1
    RETURNING times <= most
$$;
