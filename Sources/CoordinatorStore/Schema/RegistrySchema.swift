/// What administrators said of models: which are served, and which names stand for them.
enum RegistrySchema {
    static let sql = #"""
        -- The latest word on each model.
        CREATE TABLE model_registrations (
            model digest PRIMARY KEY REFERENCES models,
            said_at timestamptz NOT NULL,
            document json NOT NULL
        );

        -- The latest word on each alias.
        CREATE TABLE model_aliases (
            alias text PRIMARY KEY CHECK (alias ~ '^[a-z0-9._-]{1,64}$'),
            model digest NOT NULL REFERENCES models,
            said_at timestamptz NOT NULL,
            document json NOT NULL
        );
        CREATE INDEX model_aliases_by_model ON model_aliases (model);

        CREATE FUNCTION refuse_earlier() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.said_at <= OLD.said_at AND NEW.document::text <> OLD.document::text THEN
                RAISE EXCEPTION 'a later registration is there' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER model_registrations_forward BEFORE UPDATE ON model_registrations
            FOR EACH ROW EXECUTE FUNCTION refuse_earlier();
        CREATE TRIGGER model_aliases_forward BEFORE UPDATE ON model_aliases
            FOR EACH ROW EXECUTE FUNCTION refuse_earlier();

        GRANT SELECT ON model_registrations, model_aliases TO dna_gateway, dna_aggregator;
        GRANT INSERT, UPDATE ON model_registrations, model_aliases TO dna_aggregator;
        """#
}
