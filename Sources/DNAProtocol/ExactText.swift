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
