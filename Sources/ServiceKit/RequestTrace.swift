/// What the calls made on behalf of one request carry as `x-request-id`.
///
/// A handler's calls carry the id of the request it answers. Work that began with no HTTP request, such as an
/// aggregator's or a worker's for one of the network's requests, carries that one's digest.
public enum RequestTrace {
    /// The id; nil outside of any request.
    @TaskLocal public static var id: String?
}
