-- Who works for the page hears at once that there is something to do; nothing is lost when nobody listens.
CREATE OR REPLACE FUNCTION selfservice_wake() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('dunwell_cardholders', '');
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER wake AFTER INSERT ON selfservice_request
FOR EACH STATEMENT EXECUTE FUNCTION selfservice_wake();

CREATE OR REPLACE TRIGGER wake AFTER INSERT ON selfservice_callback
FOR EACH STATEMENT EXECUTE FUNCTION selfservice_wake();
