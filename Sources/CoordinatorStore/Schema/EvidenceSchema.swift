/// What nodes and signers did wrong. Rows are bounded by the places there are: one for a node, round and kind, whatever a
/// node sends.
enum EvidenceSchema {
    static let sql = #"""
        -- Two statements of one node that no honest node signs both of.
        CREATE TABLE contradictions (
            request digest NOT NULL,
            round integer NOT NULL,
            node node_key NOT NULL,
            kind text NOT NULL CHECK (kind IN ('commitments', 'votes', 'reveal')),
            first json NOT NULL,
            second json NOT NULL,
            -- Whether the round's set was still open: then the node's commitment stays out of it.
            before_set boolean NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (request, round, node, kind),
            FOREIGN KEY (request, round, node) REFERENCES assignments,
            CHECK (first::text <> second::text)
        );

        -- What the aggregator saw, with what was signed or sent, if anything was. A node's round is one of its own.
        CREATE TABLE faults (
            request digest NOT NULL,
            round integer NOT NULL,
            node node_key,
            signer integer CHECK (signer BETWEEN 1 AND 64),
            kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
            statement json,
            recorded_at timestamptz NOT NULL DEFAULT now(),
            FOREIGN KEY (request, round) REFERENCES rounds,
            FOREIGN KEY (request, round, node) REFERENCES assignments,
            CHECK ((node IS NULL) <> (signer IS NULL)),
            UNIQUE NULLS NOT DISTINCT (request, round, node, signer, kind)
        );

        CREATE TRIGGER contradictions_final BEFORE UPDATE ON contradictions
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER faults_final BEFORE UPDATE ON faults FOR EACH ROW EXECUTE FUNCTION refuse_change();
        -- The owner counts again.
        CREATE TRIGGER contradictions_announce AFTER INSERT ON contradictions
            FOR EACH ROW EXECUTE FUNCTION announce_round('dna_ballots');

        GRANT SELECT ON contradictions, faults TO dna_gateway, dna_aggregator;
        GRANT INSERT ON contradictions, faults TO dna_aggregator;
        """#
}
