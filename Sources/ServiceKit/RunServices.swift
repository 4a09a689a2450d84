public import Logging
public import ServiceLifecycle

/// Runs services until SIGTERM or SIGINT, or until one of them fails; then stops them gracefully, last one first.
///
/// - Parameter gracePeriod: after it, whatever still runs is cancelled.
public func runServices(
    _ services: [any Service], logger: Logger, gracePeriod: Duration = .seconds(20)
) async throws {
    var configuration = ServiceGroupConfiguration(
        services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = gracePeriod
    try await ServiceGroup(configuration: configuration).run()
}
