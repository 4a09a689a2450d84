/// What came of a row whose output is wanted. Valid until it was taken.
struct Output {
    /// Of the row's token; the output says what comes next.
    let position: Int
    /// One for each token; the taker may change them.
    let logits: UnsafeMutableBufferPointer<Float>
    /// The state after the last norm.
    let hidden: UnsafeBufferPointer<Float>
    /// What was drawn already.
    let draw: Batch.Draw
    let scratch: DrawScratch

    /// The next token; nil when a logit is not finite.
    func token(by sampler: Sampler) -> TokenID? {
        switch draw {
        case .token(let token): token
        case .notFinite: nil
        case .none: sampler.next(logits: logits, position: position + 1, scratch: scratch)
        }
    }
}
