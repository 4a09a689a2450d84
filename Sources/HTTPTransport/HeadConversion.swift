import HTTP2
import HTTPTypes

extension HTTP2HeaderBlock {
    init(_ fields: HTTPFields) {
        self.init()
        append(fields)
    }

    mutating func append(_ fields: HTTPFields) {
        for field in fields { append(field.name.canonicalName, field.value) }
    }

    mutating func set(_ response: HTTPResponse) {
        removeAll()
        append(":status", response.status.code == 200 ? "200" : String(response.status.code))
        append(response.headerFields)
    }

    mutating func set(_ request: HTTPRequest) {
        removeAll()
        append(":method", request.method.rawValue)
        append(":scheme", request.scheme ?? "http")
        append(":authority", request.authority ?? "")
        append(":path", request.path ?? "/")
        append(request.headerFields)
    }
}

extension HTTPFields {
    init(_ fields: [HTTP2Field]) {
        self.init()
        for field in fields {
            // nghttp2 has checked the names; one that HTTPTypes rejects all the same is dropped.
            if let name = HTTPField.Name(parsed: field.name) { append(HTTPField(name: name, value: field.value)) }
        }
    }
}

extension HTTP2Head {
    var request: HTTPRequest {
        HTTPRequest(
            method: requestMethod, scheme: scheme.isEmpty ? nil : scheme,
            authority: authority.isEmpty ? nil : authority,
            path: path.isEmpty ? nil : path, headerFields: HTTPFields(fields))
    }

    var response: HTTPResponse {
        HTTPResponse(status: .init(code: status), headerFields: HTTPFields(fields))
    }

    private var requestMethod: HTTPRequest.Method {
        switch method {
        case "GET": .get
        case "POST": .post
        // nghttp2 lets only tokens through (RFC 9110, section 5.6.2), which is all `rawValue` asks for.
        default: HTTPRequest.Method(rawValue: method) ?? .init("INVALID")!
        }
    }

    var contentLength: Int? {
        fields.first { $0.name == "content-length" }.flatMap { Int($0.value) }
    }
}
