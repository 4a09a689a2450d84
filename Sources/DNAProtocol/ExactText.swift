// Swift calls two strings equal whose characters look alike: "é" in one code point and in two. A model reads other tokens
// and a digest sees other bytes, so whatever is held against a certificate compares the bytes.

/// Whether two texts have the same UTF-8 bytes.
func isSameText(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

/// Whether both are absent or have the same UTF-8 bytes.
func isSameText(_ left: String?, _ right: String?) -> Bool {
    switch (left, right) {
    case (nil, nil): true
    case (let left?, let right?): isSameText(left, right)
    default: false
    }
}

extension Request {
    /// By bytes: equal requests have equal ids.
    public static func == (left: Self, right: Self) -> Bool {
        left.version == right.version && left.network == right.network && left.model == right.model
            && left.input == right.input && left.sampling == right.sampling
            && left.maximumTokens == right.maximumTokens && left.stop.elementsEqual(right.stop, by: isSameText)
            && left.seed == right.seed && left.policy == right.policy && left.client == right.client
    }

    /// The first field in which this request is not `other`, by its name in JSON; nil when they are the same request.
    ///
    /// For a client that holds a certificate's request against the one it meant: what it left out counts as well, or a
    /// gateway could choose the seed, the stop texts or the rules.
    public func firstDifference(from other: Request) -> String? {
        let fields: [(name: String, isSame: Bool)] = [
            ("version", version == other.version), ("network", network == other.network),
            ("model", model == other.model), ("input", input == other.input), ("sampling", sampling == other.sampling),
            ("max_tokens", maximumTokens == other.maximumTokens),
            ("stop", stop.elementsEqual(other.stop, by: isSameText)), ("seed", seed == other.seed),
            ("policy", policy == other.policy), ("client", client == other.client),
        ]
        return fields.first { !$0.isSame }?.name
    }
}

extension Request.Input {
    /// By bytes.
    public static func == (left: Self, right: Self) -> Bool {
        left.messages == right.messages && isSameText(left.prompt, right.prompt)
    }
}

extension Request.Message {
    /// By bytes.
    public static func == (left: Self, right: Self) -> Bool {
        left.role == right.role && isSameText(left.content, right.content)
    }
}

extension Request.Client {
    /// By bytes.
    public static func == (left: Self, right: Self) -> Bool { isSameText(left.idempotencyKey, right.idempotencyKey) }
}

extension Output {
    /// By bytes: equal outputs have equal ids.
    public static func == (left: Self, right: Self) -> Bool {
        left.tokens == right.tokens && left.finishReason == right.finishReason && isSameText(left.text, right.text)
    }
}
