import AggregatorService
import Postgres
import ServiceKit
import Testing

@Suite struct NodeProblemsTests {
    @Test func aNodeThatLeavesIsNoDefectOfThisService() async throws {
        let error = try #require(
            await #expect(throws: CancellationError.self) { try await disclosing { throw PostgresError.cancelled } })
        #expect(!Problem.disclose(error).isDefect)
    }

    @Test(arguments: [PostgresError.connectionLost, .commitOutcomeUnknown, .poolTimedOut])
    func aDatabaseThatIsAwayIsAReasonToAskAgain(_ failure: PostgresError) async throws {
        let error = try #require(await #expect(throws: ServiceError.self) { try await disclosing { throw failure } })
        #expect(error.isRetryable)
    }
}
