import HTTPTypes
public import Hummingbird

extension Router where Context == ServiceContext {
    /// Adds `/metrics`. It says much about a service and its network: never on a port that is open to the world.
    public func addMetricsRoute(_ metrics: MetricsRegistry) {
        get("metrics") { _, _ -> Response in
            Response(
                status: .ok, headers: [.contentType: Exposition.mediaType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: await metrics.scrape())))
        }
    }
}
