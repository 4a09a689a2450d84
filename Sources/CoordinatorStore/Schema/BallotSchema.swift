/// What a node says in a round is written down by one replica at a time, so that each sees what another one heard.
enum BallotSchema {
    static let sql = #"""
        -- Held until the transaction ends; statements after it see what whoever held it before has written.
        CREATE FUNCTION lock_place(request bytea, round integer, node bytea) RETURNS void LANGUAGE sql AS $$
            SELECT pg_advisory_xact_lock(hashtextextended(encode(request || node, 'hex'), round));
        $$;

        -- As before; and nothing that another statement of the node contradicts, which is judged instead.
        CREATE OR REPLACE FUNCTION check_commitment() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM FROM rounds WHERE request = NEW.request AND round = NEW.round AND set_root IS NULL FOR SHARE;
            IF NOT FOUND OR EXISTS (SELECT FROM rounds WHERE request = NEW.request AND round > NEW.round) THEN
                RAISE EXCEPTION 'the commitment set is closed'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'commitments_in_time';
            END IF;
            PERFORM lock_place(NEW.request, NEW.round, NEW.node);
            IF EXISTS (
                SELECT FROM faults
                WHERE request = NEW.request AND round = NEW.round AND node = NEW.node AND kind = 'late_commitment'
            ) THEN
                RETURN NULL;
            END IF;
            RETURN NEW;
        END $$;

        CREATE OR REPLACE FUNCTION check_vote() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM FROM rounds WHERE request = NEW.request AND round = NEW.round AND set_root IS NOT NULL;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'the commitment set is open'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'votes_in_time';
            END IF;
            PERFORM lock_place(NEW.request, NEW.round, NEW.node);
            IF EXISTS (
                SELECT FROM faults
                WHERE request = NEW.request AND round = NEW.round AND node = NEW.node AND kind = 'mismatched_reveal'
            ) THEN
                RETURN NULL;
            END IF;
            RETURN NEW;
        END $$;
        """#
}
