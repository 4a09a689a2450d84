import ServiceKit
import Testing

struct SettingTests {
    private static let port = Setting("listen-port", default: 8080, range: 0...65_535, help: "Port to listen on")

    @Test func optionBeatsEnvironmentBeatsDefault() throws {
        let environment = ["DNA_LISTEN_PORT": "81"]
        #expect(try Self.port.resolve(82, environment: environment) == 82)
        #expect(try Self.port.resolve(nil, environment: environment) == 81)
        #expect(try Self.port.resolve(nil, environment: [:]) == 8080)
    }

    @Test(arguments: ["x", "-1", "65536", ""])
    func refusesValuesOutsideTypeAndRange(text: String) {
        #expect(throws: SettingError.self) { try Self.port.resolve(nil, environment: ["DNA_LISTEN_PORT": text]) }
    }

    @Test func helpTellsAll() {
        #expect(Self.port.fullHelp == "Port to listen on (default 8080, 0 … 65535; DNA_LISTEN_PORT)")
    }

    @Test func backoffDoublesUpToItsMaximum() {
        var policy = RetryPolicy()
        policy.base = .milliseconds(100)
        policy.maximum = .milliseconds(350)
        policy.jitter = { 1 }
        let delays = (1...4).map { policy.delay(after: $0) }
        #expect(delays == [.milliseconds(100), .milliseconds(200), .milliseconds(350), .milliseconds(350)])
    }
}
