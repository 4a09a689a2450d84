import ArgumentParser
import Hummingbird
import Logging
import NIOPosix
import ServiceKit

/// What scripts/benchmark-http measures: one small GET through the router, on as many threads as asked for.
@main
struct HTTPBenchmarkServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "http-benchmark-server", abstract: "A small GET through the router, for benchmarks.")

    @Option(help: "Port on the loopback interface.") var port = 8080
    @Option(help: "Event-loop threads.") var threads = 1

    func run() async throws {
        let router = ServiceRouter.service()
        router.get("hello") { _, _ in "Hello, world!" }
        let logger = Logger(label: "http-benchmark-server")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let options = HTTPServiceOptions(port: port, servesHTTP1: true)
        let service = HTTPService(router: router, options: options, logger: logger, group: group)
        try await runServices([service], logger: logger)
        try await group.shutdownGracefully()
    }
}
