import CPQ

/// Where a database is, who asks, and how long anything may take.
///
/// Its description and its mirror show nothing, because it holds a password.
public struct PostgresConfiguration: Sendable {
    /// libpq's connection keywords and their values.
    private(set) var settings: [String: String]

    /// The longest a connection attempt may take, name resolution included.
    public var connectTimeout: Duration = .seconds(5)
    /// The longest a statement may run; the server enforces it, and this side a little later.
    public var statementTimeout: Duration = .seconds(15)
    /// The longest a statement may wait for a lock (`lock_timeout`).
    public var lockTimeout: Duration = .seconds(5)
    /// The longest a transaction may sit idle before the server ends its session.
    public var idleInTransactionTimeout: Duration = .seconds(30)
    /// How long to wait for the server to answer a cancelled statement before its connection is given up.
    public var cancelGrace: Duration = .seconds(2)
    /// Hears how long everything takes.
    public var observer: PostgresObserver?

    /// Settings one by one. A host that begins with `/` is the folder of a Unix socket.
    public init(
        host: String, port: Int = 5432, database: String, user: String, password: String? = nil,
        applicationName: String = "dna"
    ) {
        settings = [
            "host": host, "port": String(port), "dbname": database, "user": user, "application_name": applicationName,
        ]
        settings["password"] = password
    }

    /// Settings from a `postgresql://` URL or a `key=value` string, as libpq reads them.
    public init(connectionString: String) throws(PostgresError) {
        guard !connectionString.utf8.contains(0), let options = PQconninfoParse(connectionString, nil) else {
            throw .configurationInvalid
        }
        defer { PQconninfoFree(options) }
        settings = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { settings[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
    }

    /// The same database and limits for another database name.
    public func with(database: String) -> PostgresConfiguration {
        var copy = self
        copy.settings["dbname"] = database
        return copy
    }

    /// The same, observed.
    public func with(observer: PostgresObserver) -> PostgresConfiguration {
        var copy = self
        copy.observer = observer
        return copy
    }

    /// The same server and limits as another user.
    public func with(user: String, password: String?) -> PostgresConfiguration {
        var copy = self
        copy.settings["user"] = user
        copy.settings["password"] = password
        return copy
    }

    /// The settings as one libpq connection string. It holds the password: for another process's environment only.
    public var connectionString: String {
        settings.sorted { $0.key < $1.key }.map { key, value in
            let escaped = value.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
            return "\(key)='\(escaped)'"
        }.joined(separator: " ")
    }

    /// The settings for `PQconnectStartParams`, with this program's own limits and the resolved addresses in place.
    func connectionSettings(targets: [ConnectionTarget]) -> [String: String] {
        var result = settings
        if !targets.isEmpty {
            result["host"] = targets.map(\.host).joined(separator: ",")
            result["hostaddr"] = targets.map(\.address).joined(separator: ",")
            result["port"] = targets.map(\.port).joined(separator: ",")
        }
        result["client_encoding"] = "UTF8"
        let limits = [
            ("statement_timeout", statementTimeout), ("lock_timeout", lockTimeout),
            ("idle_in_transaction_session_timeout", idleInTransactionTimeout),
        ]
        let options = limits.map { "-c \($0.0)=\(max(1, $0.1.wholeMilliseconds))" }
        result["options"] = ([settings["options"]].compactMap(\.self) + options).joined(separator: " ")
        return result
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without any setting.
    public var description: String { "PostgresConfiguration" }
    /// Without any setting.
    public var debugDescription: String { description }
    /// Empty.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
