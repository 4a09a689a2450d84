import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ConnectionTests {
    @Test func roundTripsEveryParameterType() async throws {
        let connection = try await PostgresConnection.connect(SharedCluster.database())
        let bigText = String(repeating: "δ\u{1F9EC}\n", count: 200_000)
        let moment = PostgresTimestamp(microsecondsSinceEpoch: -12_345_678_901)
        let row = try await connection.query(
            """
            SELECT $1::text AS big, $2::bytea AS empty, $3::bytea AS bytes, $4::int8 AS low, $5::bool AS yes,
                   $6::float8 AS real, $7::timestamptz AS moment, $8::jsonb AS json, $9::text AS none,
                   $10::text[] AS texts, $11::bytea[] AS parts, $12::int8[] AS numbers, $13::text[] AS nothing
            """,
            [
                .text(bigText), .bytes([]), .bytes(Array(0...255)), .int(.min), .bool(true), .double(-0.1),
                .timestamp(moment), .json(#"{"a": [1, null]}"#), .null, .texts(["", "ä", "\"{},"]),
                .byteStrings([[0], [], [255, 0]]), .ints([.max, -1]), .texts([]),
            ]
        ).one()
        #expect(try row.value("big", as: String.self) == bigText)
        #expect(try row.value("empty", as: [UInt8].self) == [])
        #expect(try row.value("bytes", as: [UInt8].self) == Array(0...255))
        #expect(try row.value("low", as: Int.self) == .min)
        #expect(try row.value("yes", as: Bool.self))
        #expect(try row.value("real", as: Double.self) == -0.1)
        #expect(try row.value("moment", as: PostgresTimestamp.self) == moment)
        #expect(try row.value("json", as: String.self) == #"{"a": [1, null]}"#)
        #expect(try row.optional("none", as: String.self) == nil)
        #expect(try row.value("texts", as: [String].self) == ["", "ä", "\"{},"])
        #expect(try row.value("parts", as: [[UInt8]].self) == [[0], [], [255, 0]])
        #expect(try row.value("numbers", as: [Int].self) == [.max, -1])
        #expect(try row.value("nothing", as: [String].self) == [])
    }

    @Test func readsNarrowIntegersTimestampsAndEnumsAsTheServerMeansThem() async throws {
        let connection = try await PostgresConnection.connect(SharedCluster.database())
        try await connection.query("CREATE TYPE state AS ENUM ('accepted', 'seeded')")
        let row = try await connection.query(
            """
            SELECT (-2)::int2 AS two, (-4)::int4 AS four, 1.5::float4 AS half, 'seeded'::state AS state,
                   timestamptz '2001-09-09 01:46:40.000001Z' AS billion, $1::state = 'accepted' AS same
            """, [.text("accepted")]
        ).one()
        #expect(try row.value("two", as: Int.self) == -2)
        #expect(try row.value("four", as: Int.self) == -4)
        #expect(try row.value("half", as: Double.self) == 1.5)
        #expect(try row.value("state", as: String.self) == "seeded")
        let billion = PostgresTimestamp(microsecondsSinceEpoch: 1_000_000_000_000_001)
        #expect(try row.value("billion", as: PostgresTimestamp.self) == billion)
        #expect(try row.value("same", as: Bool.self))
    }

    @Test func decodingErrorsNameTheColumn() async throws {
        let connection = try await PostgresConnection.connect(SharedCluster.database())
        let row = try await connection.query("SELECT NULL::text AS gap, 1.5::numeric AS price, 'x'::text AS word").one()
        #expect(throws: PostgresError.decoding(column: "gap", .null)) { try row.value("gap", as: String.self) }
        #expect(throws: PostgresError.decoding(column: "age", .columnMissing)) { try row.value("age", as: Int.self) }
        #expect(throws: PostgresError.decoding(column: "price", .typeMismatch(oid: 1700, expected: "text"))) {
            try row.value("price", as: String.self)
        }
        #expect(throws: PostgresError.decoding(column: "word", .typeMismatch(oid: 25, expected: "an integer"))) {
            try row.value("word", as: Int.self)
        }
    }

    @Test func refusesTextWithAZeroCharacterBeforeItIsCutShort() async throws {
        let connection = try await PostgresConnection.connect(SharedCluster.database())
        await #expect(throws: PostgresError.parameterInvalid(index: 2)) {
            try await connection.query("SELECT $1::int8, $2::text", [.int(1), .text("a\0b")])
        }
    }

    @Test func violationsNameCodeAndConstraintButNoData() async throws {
        let connection = try await PostgresConnection.connect(SharedCluster.database())
        try await connection.query("CREATE TABLE vote (node text, CONSTRAINT one_vote_each UNIQUE (node))")
        let insert = "INSERT INTO vote VALUES ($1)"
        #expect(try await connection.query(insert, [.text("secret-node")]).affectedCount == 1)
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query(insert, [.text("secret-node")])
        }
        guard case .server(let failure) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(failure.sqlState == .uniqueViolation)
        #expect(failure.constraint == "one_vote_each")
        #expect(failure.table == "vote")
        #expect(!"\(failure)".contains("secret"))
        #expect(error?.isRetryable == false)
    }

    @Test func statementDeadlineOfTheServerFires() async throws {
        var configuration = try await SharedCluster.database()
        configuration.statementTimeout = .milliseconds(50)
        let connection = try await PostgresConnection.connect(configuration)
        await #expect(throws: PostgresError.deadlineExceeded) { try await connection.query("SELECT pg_sleep(600)") }
        #expect(try await connection.query("SELECT 1 AS one").one().value("one", as: Int.self) == 1)
    }

    @Test func deadlineOfThisSideCancelsTheStatement() async throws {
        let connection = try await PostgresConnection.connect(SharedCluster.database())
        await #expect(throws: PostgresError.deadlineExceeded) {
            try await connection.query("SELECT pg_sleep(600)", timeout: .milliseconds(50))
        }
        #expect(try await connection.query("SELECT 1 AS one").one().value("one", as: Int.self) == 1)
    }

    @Test func aServerThatDoesNotAnswerAtAllCostsTheConnectionOnly() async throws {
        let cluster = try await SharedCluster.cluster()
        var configuration = try await SharedCluster.database()
        configuration.cancelGrace = .milliseconds(50)
        let connection = try await PostgresConnection.connect(configuration)
        let pid = try await connection.query("SELECT pg_backend_pid() AS pid").one().value("pid", as: Int.self)
        #expect(pid != Int(cluster.pid))
        sendSignal(.stop, to: pid)
        defer { sendSignal(.goOn, to: pid) }
        await #expect(throws: PostgresError.deadlineExceeded) {
            try await connection.query("SELECT 1", timeout: .milliseconds(50))
        }
        await #expect(throws: PostgresError.connectionLost) { try await connection.query("SELECT 1") }
    }

    @Test func cancellingTheTaskCancelsTheStatement() async throws {
        let configuration = try await SharedCluster.database()
        let connection = try await PostgresConnection.connect(configuration)
        let observer = try await PostgresConnection.connect(configuration)
        let task = Task { try await connection.query("SELECT pg_sleep(600)") }
        let running = """
            SELECT FROM pg_stat_activity
            WHERE query = 'SELECT pg_sleep(600)' AND wait_event = 'PgSleep' AND datname = current_database()
            """
        try await eventually { try await !observer.query(running).isEmpty }
        task.cancel()
        await #expect(throws: PostgresError.cancelled) { try await task.value }
        try await eventually { try await observer.query(running).isEmpty }
        #expect(try await connection.query("SELECT 1 AS one").one().value("one", as: Int.self) == 1)
    }

    @Test func outlivesASchemaChangeUnderItsPreparedStatements() async throws {
        let connection = try await PostgresConnection.connect(SharedCluster.database())
        try await connection.query("CREATE TABLE item (a int8)")
        try await connection.query("INSERT INTO item VALUES (1)")
        _ = try await connection.query("SELECT * FROM item")
        try await connection.query("ALTER TABLE item ADD COLUMN b text DEFAULT 'new'")
        #expect(try await connection.query("SELECT * FROM item").one().value("b", as: String.self) == "new")
    }

    @Test func wrongPasswordIsRefusedForGoodAndNotShown() async throws {
        let configuration = try await SharedCluster.database().with(user: "postgres", password: "hunter2")
        let error = await #expect(throws: PostgresError.connectFailed(sqlState: "28P01")) {
            try await PostgresConnection.connect(configuration)
        }
        #expect(error?.isRetryable == false)
        #expect(!"\(configuration)".contains("hunter2"))
        #expect(!String(reflecting: configuration).contains("hunter2"))
    }

    @Test func unknownHostIsAnErrorOfItsOwn() async throws {
        let configuration = PostgresConfiguration(host: "no-such-host.invalid", database: "d", user: "u")
        await #expect(throws: PostgresError.hostNotFound) { try await PostgresConnection.connect(configuration) }
    }

    @Test func connectionStringsSurviveARoundTrip() async throws {
        let original = PostgresConfiguration(host: "/run/x", port: 6000, database: "d b", user: "u'", password: "p\\ '")
        let again = try PostgresConfiguration(connectionString: original.connectionString)
        #expect(again.connectionString.contains(#"password='p\\ \''"#))
        #expect(again.connectionString.contains("port='6000'"))
        #expect(throws: PostgresError.configurationInvalid) {
            try PostgresConfiguration(connectionString: "colour=red")
        }
    }
}
