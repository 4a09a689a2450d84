public import Postgres

extension PostgresCluster {
    /// A password of 192 bits from the system's generator, in hexadecimal.
    public static func randomPassword() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<3).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// Makes a role that may log in with this password and nothing else; an existing one gets the password.
    public func ensureRole(_ name: String, password: String) async throws(PostgresError) {
        try await administer { connection throws(PostgresError) in
            let known = try await connection.query("SELECT FROM pg_roles WHERE rolname = $1", [.text(name)])
            let verb = known.isEmpty ? "CREATE" : "ALTER"
            try await connection.runFormatted("\(verb) ROLE %I LOGIN PASSWORD %L", [name, password])
        }
    }

    /// Makes a database of this owner, which only the owner and these roles may enter.
    public func ensureDatabase(_ name: String, owner: String, users: [String] = []) async throws(PostgresError) {
        try await administer { connection throws(PostgresError) in
            let known = try await connection.query("SELECT FROM pg_database WHERE datname = $1", [.text(name)])
            if known.isEmpty { try await connection.runFormatted("CREATE DATABASE %I OWNER %I", [name, owner]) }
            try await connection.runFormatted("REVOKE ALL ON DATABASE %I FROM PUBLIC", [name])
            for user in users { try await connection.runFormatted("GRANT CONNECT ON DATABASE %I TO %I", [name, user]) }
        }
    }

    private func administer(
        _ body: (PostgresConnection) async throws(PostgresError) -> Void
    ) async throws(PostgresError) {
        let connection = try await PostgresConnection.connect(administratorConfiguration())
        do {
            try await body(connection)
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }
}

extension PostgresConnection {
    /// Runs a statement that takes no parameters, after the server has quoted the names (%I) and literals (%L) in it.
    fileprivate nonisolated func runFormatted(_ template: String, _ values: [String]) async throws(PostgresError) {
        let quoted = try await query(
            "SELECT format($1::text, VARIADIC $2::text[]) AS sql", [.text(template), .texts(values)])
        try await runScript(try quoted.one().value("sql"))
    }
}
