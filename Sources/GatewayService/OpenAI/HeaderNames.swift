package import HTTPTypes

// Constant tokens: the initialiser returns nil only for characters that are not in them.
extension HTTPField.Name {
    /// The client's own name for an attempt.
    package static let idempotencyKey = HTTPField.Name("idempotency-key")!
    /// Tells OpenAI's clients whether to repeat a refused request, whatever its status.
    package static let shouldRetry = HTTPField.Name("x-should-retry")!
}
