import LocalNetwork
import Testing

@Suite struct FreePortsTests {
    @Test(arguments: [
        ("32768\t60999\n", 10_000..<32_768), ("1024 20000", 20_001..<65_536), ("1024 65535", 10_000..<65_536),
        ("", 10_000..<65_536),
    ])
    func liesOutsideThePortsOfOutgoingConnections(_ outgoing: String, _ expected: Range<Int>) {
        #expect(FreePorts.candidates(outgoing: outgoing) == expected)
    }

    @Test func areAllDifferent() {
        #expect(Set(FreePorts.pick(20)).count == 20)
    }
}
