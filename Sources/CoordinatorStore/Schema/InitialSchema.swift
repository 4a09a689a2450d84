/// Migration 1: the coordinator's tables, and the constraints that make illegal states impossible.
enum InitialSchema {
    static let sql = #"""
        CREATE DOMAIN digest AS bytea CHECK (octet_length(VALUE) = 32);
        CREATE DOMAIN node_key AS bytea CHECK (octet_length(VALUE) = 32);

        CREATE TYPE request_state AS ENUM
            ('accepted', 'seeded', 'assigned', 'voting', 'decided', 'certified', 'failed', 'cancelled', 'expired');

        -- The one network this database belongs to. The file is there once the signers have a group key.
        CREATE TABLE network (
            is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
            id digest NOT NULL,
            genesis json NOT NULL,
            file json
        );

        CREATE TABLE rosters (
            id digest PRIMARY KEY,
            epoch integer NOT NULL UNIQUE CHECK (epoch >= 1),
            document json NOT NULL
        );

        CREATE TABLE models (
            id digest PRIMARY KEY,
            name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
            manifest json NOT NULL,
            registered_at timestamptz NOT NULL DEFAULT now()
        );

        -- Workers that have been heard from, and what they serve.
        CREATE TABLE nodes (
            key node_key PRIMARY KEY,
            models bytea[] NOT NULL,
            last_seen timestamptz NOT NULL
        );

        CREATE TABLE requests (
            id digest PRIMARY KEY,
            model digest NOT NULL REFERENCES models,
            document json NOT NULL,
            state request_state NOT NULL DEFAULT 'accepted',
            reason text CHECK (length(reason) BETWEEN 1 AND 64),
            attempt integer NOT NULL DEFAULT 1 CHECK (attempt >= 1),
            seed digest,
            accepted_at timestamptz NOT NULL DEFAULT now(),
            changed_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL,
            lease_owner text CHECK (length(lease_owner) BETWEEN 1 AND 64),
            lease_epoch bigint NOT NULL DEFAULT 0 CHECK (lease_epoch >= 0),
            lease_until timestamptz,
            CHECK ((state = 'failed') = (reason IS NOT NULL)),
            CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
            CHECK (state IN ('accepted', 'failed', 'cancelled', 'expired') OR seed IS NOT NULL)
        );
        CREATE INDEX requests_open ON requests (accepted_at)
            WHERE state IN ('accepted', 'seeded', 'assigned', 'voting', 'decided');

        CREATE TABLE rounds (
            request digest NOT NULL REFERENCES requests,
            round integer NOT NULL CHECK (round BETWEEN 1 AND 64),
            roster digest NOT NULL REFERENCES rosters,
            committee json NOT NULL,
            commit_deadline timestamptz NOT NULL,
            set_root digest,
            vote_deadline timestamptz,
            PRIMARY KEY (request, round),
            CHECK ((set_root IS NULL) = (vote_deadline IS NULL))
        );

        CREATE TABLE assignments (
            request digest NOT NULL,
            round integer NOT NULL,
            node node_key NOT NULL,
            rank integer NOT NULL CHECK (rank >= 0),
            PRIMARY KEY (request, round, node),
            UNIQUE (request, round, rank),
            FOREIGN KEY (request, round) REFERENCES rounds
        );
        CREATE INDEX assignments_of_node ON assignments (node, request, round);

        -- One commitment and one vote for a node, request and round.
        CREATE TABLE commitments (
            request digest NOT NULL,
            round integer NOT NULL,
            node node_key NOT NULL,
            document json NOT NULL,
            received_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (request, round, node),
            FOREIGN KEY (request, round, node) REFERENCES assignments
        );

        CREATE TABLE outputs (
            request digest NOT NULL REFERENCES requests,
            prompt digest NOT NULL,
            output digest NOT NULL,
            prompt_document json NOT NULL,
            output_document json NOT NULL,
            PRIMARY KEY (request, prompt, output)
        );

        CREATE TABLE votes (
            request digest NOT NULL,
            round integer NOT NULL,
            node node_key NOT NULL,
            prompt digest NOT NULL,
            output digest NOT NULL,
            document json NOT NULL,
            received_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (request, round, node),
            FOREIGN KEY (request, round, node) REFERENCES commitments,
            FOREIGN KEY (request, prompt, output) REFERENCES outputs
        );

        CREATE TABLE decisions (
            request digest PRIMARY KEY,
            round integer NOT NULL,
            id digest NOT NULL UNIQUE,
            document json NOT NULL,
            decided_at timestamptz NOT NULL DEFAULT now(),
            FOREIGN KEY (request, round) REFERENCES rounds
        );

        CREATE TABLE certificates (
            request digest PRIMARY KEY REFERENCES decisions,
            bundle json NOT NULL,
            certified_at timestamptz NOT NULL DEFAULT now()
        );

        -- Transitions: forwards, back from voting to assigned for a larger committee, and out. A request that failed may be
        -- asked again: its id, and so its seed, stay what they were. What was decided stays decided, and is signed then.
        CREATE FUNCTION check_request_transition() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.id <> OLD.id OR NEW.model <> OLD.model OR NEW.document::text <> OLD.document::text THEN
                RAISE EXCEPTION 'a request does not change' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            IF NEW.lease_epoch < OLD.lease_epoch THEN
                RAISE EXCEPTION 'a lease epoch does not go back' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            IF NEW.state = OLD.state THEN RETURN NEW; END IF;
            IF NOT (
                (OLD.state, NEW.state) IN (
                    ('accepted', 'seeded'), ('seeded', 'assigned'), ('assigned', 'voting'), ('voting', 'assigned'),
                    ('voting', 'decided'), ('decided', 'certified'))
                OR (NEW.state IN ('failed', 'cancelled', 'expired')
                    AND OLD.state IN ('accepted', 'seeded', 'assigned', 'voting', 'decided'))
                OR (NEW.state IN ('accepted', 'decided') AND OLD.state IN ('failed', 'cancelled', 'expired')
                    AND NEW.attempt = OLD.attempt + 1
                    AND (NEW.state = 'decided') = EXISTS (SELECT FROM decisions WHERE request = OLD.id))
            ) THEN
                RAISE EXCEPTION 'illegal transition from % to %', OLD.state, NEW.state
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'requests_transition';
            END IF;
            IF NEW.state = 'decided' AND NOT EXISTS (SELECT FROM decisions WHERE request = OLD.id) THEN
                RAISE EXCEPTION 'decided without a decision' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            IF NEW.state = 'certified' AND NOT EXISTS (SELECT FROM certificates WHERE request = OLD.id) THEN
                RAISE EXCEPTION 'certified without a certificate' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            NEW.changed_at := now();
            RETURN NEW;
        END $$;
        CREATE TRIGGER requests_transition BEFORE UPDATE ON requests
            FOR EACH ROW EXECUTE FUNCTION check_request_transition();

        -- What has been said stays said.
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % do not change', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
        END $$;
        CREATE TRIGGER commitments_final BEFORE UPDATE ON commitments FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER votes_final BEFORE UPDATE ON votes FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER decisions_final BEFORE UPDATE ON decisions FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER certificates_final BEFORE UPDATE ON certificates FOR EACH ROW EXECUTE FUNCTION refuse_change();

        -- Commitments while the set is open, votes once it is closed. A round that gave way to a later one is over.
        CREATE FUNCTION check_commitment() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM FROM rounds WHERE request = NEW.request AND round = NEW.round AND set_root IS NULL FOR SHARE;
            IF NOT FOUND OR EXISTS (SELECT FROM rounds WHERE request = NEW.request AND round > NEW.round) THEN
                RAISE EXCEPTION 'the commitment set is closed'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'commitments_in_time';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER commitments_in_time BEFORE INSERT ON commitments
            FOR EACH ROW EXECUTE FUNCTION check_commitment();

        CREATE FUNCTION check_round() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.set_root IS NOT NULL THEN
                RAISE EXCEPTION 'a closed commitment set does not change' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER rounds_close_once BEFORE UPDATE ON rounds FOR EACH ROW EXECUTE FUNCTION check_round();

        CREATE FUNCTION check_vote() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM FROM rounds WHERE request = NEW.request AND round = NEW.round AND set_root IS NOT NULL;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'the commitment set is open'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'votes_in_time';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER votes_in_time BEFORE INSERT ON votes FOR EACH ROW EXECUTE FUNCTION check_vote();

        -- Asking: a new request, or the one that is there; a failed one gets another attempt. The one way in for gateways.
        CREATE FUNCTION accept_request(new_id bytea, new_model bytea, new_document json, lifetime_seconds bigint)
            RETURNS SETOF requests LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            INSERT INTO requests (id, model, document, expires_at)
                VALUES (new_id, new_model, new_document, now() + make_interval(secs => lifetime_seconds))
                ON CONFLICT (id) DO NOTHING;
            IF NOT FOUND THEN
                UPDATE requests SET
                    state = CASE WHEN EXISTS (SELECT FROM decisions WHERE request = new_id)
                        THEN 'decided' ELSE 'accepted' END::request_state,
                    reason = NULL, attempt = attempt + 1, lease_owner = NULL, lease_until = NULL,
                    expires_at = now() + make_interval(secs => lifetime_seconds)
                WHERE id = new_id AND state IN ('failed', 'cancelled', 'expired');
            END IF;
            RETURN QUERY SELECT * FROM requests WHERE id = new_id;
        END $$;

        -- Channels: dna_requests 'ID STATE' when a request changes state; dna_free 'ID' when an open request has no owner;
        -- dna_rounds 'ID' when a round opens or closes its set; dna_ballots 'ID' when a node commits or votes;
        -- dna_assignments 'NODE' when a node has new work.
        CREATE FUNCTION announce_request() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' OR NEW.state IS DISTINCT FROM OLD.state THEN
                PERFORM pg_notify('dna_requests', encode(NEW.id, 'hex') || ' ' || NEW.state);
            END IF;
            IF NEW.lease_owner IS NULL AND NEW.state IN ('accepted', 'seeded', 'assigned', 'voting', 'decided') THEN
                PERFORM pg_notify('dna_free', encode(NEW.id, 'hex'));
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER requests_announce AFTER INSERT OR UPDATE ON requests
            FOR EACH ROW EXECUTE FUNCTION announce_request();

        CREATE FUNCTION announce_round() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify(TG_ARGV[0], encode(NEW.request, 'hex'));
            RETURN NULL;
        END $$;
        CREATE TRIGGER rounds_announce AFTER INSERT OR UPDATE ON rounds
            FOR EACH ROW EXECUTE FUNCTION announce_round('dna_rounds');
        CREATE TRIGGER commitments_announce AFTER INSERT ON commitments
            FOR EACH ROW EXECUTE FUNCTION announce_round('dna_ballots');
        CREATE TRIGGER votes_announce AFTER INSERT ON votes
            FOR EACH ROW EXECUTE FUNCTION announce_round('dna_ballots');

        CREATE FUNCTION announce_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('dna_assignments', encode(NEW.node, 'hex'));
            RETURN NULL;
        END $$;
        CREATE TRIGGER assignments_announce AFTER INSERT ON assignments
            FOR EACH ROW EXECUTE FUNCTION announce_assignment();

        -- The gateway asks and reads; the aggregator does the rest; neither deletes.
        DO $$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dna_gateway') THEN CREATE ROLE dna_gateway LOGIN; END IF;
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dna_aggregator') THEN CREATE ROLE dna_aggregator LOGIN; END IF;
        END $$;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO dna_gateway, dna_aggregator;
        REVOKE ALL ON FUNCTION accept_request FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION accept_request TO dna_gateway;
        GRANT INSERT, UPDATE ON network, models, nodes, rounds TO dna_aggregator;
        GRANT UPDATE ON requests TO dna_aggregator;
        GRANT INSERT ON rosters, assignments, commitments, outputs, votes, decisions, certificates TO dna_aggregator;
        """#
}
