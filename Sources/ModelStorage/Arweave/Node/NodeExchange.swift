import Canonical

/// A request with the response that came, to be read.
struct NodeExchange {
    private static let longestQuotation = 200

    let node: String
    let request: String
    let response: NodeResponse

    func failure(_ reason: ArweaveFailure.Reason) -> ArweaveFailure {
        ArweaveFailure(node: node, request: request, reason: reason, retryAfter: response.retryAfter)
    }

    func untrue(_ reason: String) -> ArweaveFailure { failure(.untrue(reason)) }

    /// What a status means that the request gives no meaning of its own.
    func refusal() -> ArweaveFailure {
        switch response.status {
        case 300..<400, 404, 410: failure(.missing(status: response.status))
        case 408, 425, 429, 503: failure(.busy(status: response.status, text: words))
        case 400..<500: failure(.refused(status: response.status, text: words))
        default: failure(.broken(status: response.status, text: words))
        }
    }

    /// Itself if the status is 200.
    func requireOK() throws(ArweaveFailure) -> NodeExchange {
        guard response.status == 200 else {
            let refusal = refusal()
            // To a question, unlike to a posting, another node may know an answer.
            if case .refused(let status, _) = refusal.reason { throw failure(.missing(status: status)) }
            throw refusal
        }
        return self
    }

    func decode<T: Decodable>(_ type: T.Type) throws(ArweaveFailure) -> T {
        do {
            return try CanonicalJSON.decode(type, from: response.body, limits: JSONLimits(depth: 8))
        } catch {
            throw untrue("the answer is not the JSON it should be: \(error)")
        }
    }

    /// The body without white space around it.
    var trimmedBody: [UInt8] {
        let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return Array(response.body.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }

    /// What the node says is wrong: the member `error` of a JSON answer.
    var errorCode: String? {
        guard case .string(let code)? = (try? CanonicalJSON.parse(response.body))?["error"] else { return nil }
        return code
    }

    /// The beginning of what the node says, fit to be shown.
    var words: String {
        let text = errorCode ?? String(decoding: trimmedBody.prefix(Self.longestQuotation), as: UTF8.self)
        return String(
            text.unicodeScalars.prefix(Self.longestQuotation).map {
                $0.isASCII && $0.value >= 0x20 && $0.value < 0x7F ? Character($0) : "?"
            })
    }
}
