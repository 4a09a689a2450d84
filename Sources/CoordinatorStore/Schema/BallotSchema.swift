/// What a node says in a round is written down by one replica at a time, so that each sees what another one heard.
enum BallotSchema {
    static let sql = #"""
        -- Held until the transaction ends; statements after it see what whoever held it before has written.
        CREATE FUNCTION lock_place(request bytea, round integer, node bytea) RETURNS void LANGUAGE sql AS $$
            SELECT pg_advisory_xact_lock(hashtextextended(encode(request || node, 'hex'), round));
        $$;

        -- Nothing is taken beside a fault that holds another statement of the node: both are to be judged.
        CREATE FUNCTION leave_to_judge() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM lock_place(NEW.request, NEW.round, NEW.node);
            IF EXISTS (
                SELECT FROM faults
                WHERE request = NEW.request AND round = NEW.round AND node = NEW.node AND kind = TG_ARGV[0]
            ) THEN
                RETURN NULL;
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER commitments_unopposed BEFORE INSERT ON commitments
            FOR EACH ROW EXECUTE FUNCTION leave_to_judge('late_commitment');
        CREATE TRIGGER votes_unopposed BEFORE INSERT ON votes
            FOR EACH ROW EXECUTE FUNCTION leave_to_judge('mismatched_reveal');
        """#
}
