/// Models that administrators have taken off the network, with the names that stood for them.
enum WithdrawalSchema {
    static let sql = #"""
        ALTER TABLE model_registrations ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;
        -- The word behind a withdrawn alias is the model's withdrawal.
        ALTER TABLE model_aliases ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;

        CREATE FUNCTION is_withdrawn(id digest) RETURNS boolean LANGUAGE sql STABLE AS $$
            SELECT EXISTS (SELECT FROM model_registrations r WHERE r.model = id AND r.withdrawn)
        $$;
        """#
}
