/// Migration 2: how nodes come onto the roster and leave it.
enum AdmissionSchema {
    static let sql = #"""
        -- The nodes of the newest epoch.
        CREATE VIEW roster_nodes AS
            SELECT decode(entry ->> 'key', 'hex') AS node, entry ->> 'operator' AS operator,
                entry ->> 'status' AS status
            FROM (SELECT document FROM rosters ORDER BY epoch DESC LIMIT 1) AS newest,
                json_array_elements(newest.document -> 'roster' -> 'nodes') AS entry;

        -- Epochs that too few administrators have signed yet.
        CREATE TABLE roster_proposals (
            id digest PRIMARY KEY,
            epoch integer NOT NULL,
            document json NOT NULL,
            proposed_at timestamptz NOT NULL DEFAULT now()
        );

        -- What nodes ask of the administrators, the last word of each. The position grows with every change.
        CREATE SEQUENCE application_positions;
        CREATE TABLE applications (
            node node_key PRIMARY KEY,
            invitations bytea[] NOT NULL,
            document json NOT NULL,
            received_at timestamptz NOT NULL DEFAULT now(),
            position bigint NOT NULL DEFAULT nextval('application_positions')
        );
        CREATE TABLE leaves (
            node node_key PRIMARY KEY,
            document json NOT NULL,
            received_at timestamptz NOT NULL DEFAULT now(),
            position bigint NOT NULL DEFAULT nextval('application_positions')
        );

        CREATE TABLE node_certificates (
            node node_key PRIMARY KEY,
            certificate text NOT NULL CHECK (octet_length(certificate) BETWEEN 1 AND 16384),
            issued_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL
        );

        -- Channels: dna_rosters 'ID' when an epoch becomes the newest; dna_applications 'NODE' when a node asks for
        -- something new, or has got a certificate.
        CREATE FUNCTION announce_roster() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('dna_rosters', encode(NEW.id, 'hex'));
            RETURN NULL;
        END $$;
        CREATE TRIGGER rosters_announce AFTER INSERT ON rosters
            FOR EACH ROW EXECUTE FUNCTION announce_roster();

        CREATE FUNCTION announce_application() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('dna_applications', encode(NEW.node, 'hex'));
            RETURN NULL;
        END $$;
        CREATE TRIGGER applications_announce AFTER INSERT OR UPDATE OF position ON applications
            FOR EACH ROW EXECUTE FUNCTION announce_application();
        CREATE TRIGGER leaves_announce AFTER INSERT OR UPDATE OF position ON leaves
            FOR EACH ROW EXECUTE FUNCTION announce_application();
        CREATE TRIGGER certificates_announce AFTER INSERT OR UPDATE ON node_certificates
            FOR EACH ROW EXECUTE FUNCTION announce_application();
        CREATE TRIGGER rosters_final BEFORE UPDATE ON rosters FOR EACH ROW EXECUTE FUNCTION refuse_change();

        -- Wishes and proposals are no evidence: what is over may go.
        GRANT SELECT ON roster_nodes TO dna_gateway, dna_aggregator;
        GRANT SELECT ON applications, leaves, roster_proposals, node_certificates TO dna_aggregator;
        GRANT INSERT, UPDATE, DELETE ON applications, leaves, roster_proposals TO dna_aggregator;
        GRANT INSERT, UPDATE ON node_certificates TO dna_aggregator;
        GRANT USAGE, SELECT ON SEQUENCE application_positions TO dna_aggregator;
        """#
}
