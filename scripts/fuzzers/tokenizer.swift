import Inference

/// Makes a tokenizer and a text from the input, and checks what must hold for every tokenizer and text.
///
/// The first byte chooses options, the second how many tokens follow; the rest is the text.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    var input = Input(bytes: UnsafeBufferPointer(start: data, count: size)[...])
    let options = Options(byte: input.byte())
    do {
        if options.isArbitrary {
            let tokenizer = try Tokenizer(metadata: arbitrary(options, &input))
            check(tokenizer, text: input.rest, expected: nil)
        } else {
            let tokenizer = try Tokenizer(metadata: sensible(options, &input))
            let text = String(decoding: input.rest, as: UTF8.self)
            let expected = options.isSentencePiece ? text.replacing("\u{2581}", with: " ") : text
            check(tokenizer, text: input.rest, expected: options.addsSpacePrefix || options.strips ? nil : expected)
        }
    } catch {
        precondition(options.isArbitrary, "a sensible vocabulary was refused: \(error)")
    }
    return 0
}

private struct Input {
    var bytes: Slice<UnsafeBufferPointer<UInt8>>

    /// Zero at the end.
    mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

    mutating func text(_ count: Int) -> String {
        defer { bytes = bytes.dropFirst(count) }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    var rest: [UInt8] { Array(bytes) }
}

private struct Options {
    let isSentencePiece, isArbitrary, addsSpacePrefix, strips: Bool
    let preTokenizer: String

    init(byte: UInt8) {
        let names = ["gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "tekken", "gpt-4o", "default"]
        isSentencePiece = byte & 1 != 0
        isArbitrary = byte & 2 != 0
        addsSpacePrefix = byte & 4 != 0 && isSentencePiece
        strips = byte & 8 != 0 && isSentencePiece
        preTokenizer = names[Int(byte >> 4) % (isArbitrary ? names.count : names.count - 1)]
    }
}

private func metadata(_ options: Options, _ tokens: [(text: String, type: Int32)], merges: [String])
    -> TokenizerMetadata
{
    var metadata = TokenizerMetadata(
        model: options.isSentencePiece ? "llama" : "gpt2", preTokenizer: options.preTokenizer,
        tokens: tokens.map(\.text), merges: merges, tokenTypes: tokens.map(\.type))
    metadata.addsSpacePrefix = options.addsSpacePrefix
    metadata.stripsAfterSpecial = options.strips
    return metadata
}

/// Tokens, types, scores and merges as they come.
private func arbitrary(_ options: Options, _ input: inout Input) -> TokenizerMetadata {
    var tokens: [(text: String, type: Int32)] = []
    var merges: [String] = []
    var scores: [Float] = []
    for _ in 0..<input.byte() {
        let kind = input.byte()
        let text = input.text(Int(input.byte() % 16))
        if kind & 0x80 != 0 { merges.append(text) } else { tokens.append((text, Int32(kind % 8))) }
        if kind & 0x40 == 0 { scores.append(Float(bitPattern: UInt32(kind) << 24 | UInt32(text.utf8.count) << 16)) }
    }
    var result = metadata(options, tokens, merges: merges)
    result.scores = scores
    result.beginToken = TokenID(Int8(bitPattern: input.byte()))
    result.unknownToken = TokenID(Int8(bitPattern: input.byte()))
    return result
}

/// All bytes, special tokens, and merges or pieces that make sense.
private func sensible(_ options: Options, _ input: inout Input) -> TokenizerMetadata {
    var tokens: [(text: String, type: Int32)] = [("<unk>", 2), ("<|a|>", 3), ("<|b", 3), ("\n\n", 4), ("ab", 4)]
    if options.isSentencePiece {
        tokens += (0...255).map { ("<0x" + (($0 < 16 ? "0" : "") + String($0, radix: 16).uppercased()) + ">", 6) }
        var known: Set<String> = []
        for _ in 0..<input.byte() {
            let piece = input.text(1 + Int(input.byte() % 12)).replacing(" ", with: "\u{2581}")
            if !piece.isEmpty, known.insert(String(decoding: piece.utf8, as: UTF8.self)).inserted {
                tokens.append((piece, 1))
            }
        }
        var result = metadata(options, tokens, merges: [])
        result.scores = tokens.indices.map { -Float($0 % 61) }
        return result
    }
    var bytes = (0...255).map { [UInt8($0)] }
    var known = Set(bytes)
    var merges: [String] = []
    for _ in 0..<input.byte() {
        let (left, right) = (bytes[Int(input.byte()) % bytes.count], bytes[Int(input.byte()) % bytes.count])
        guard left.count + right.count <= 64 else { continue }
        merges.append(disguise(left) + " " + disguise(right))
        if known.insert(left + right).inserted { bytes.append(left + right) }
    }
    tokens += bytes.map { (disguise($0), 1) }
    return metadata(options, tokens, merges: merges)
}

/// GPT-2's way to write bytes: the printable ones of Latin-1 as they are, the others from U+0100.
private let disguises: [Unicode.Scalar] = {
    var hidden: UInt32 = 0x100
    return (0...255).map { byte -> Unicode.Scalar in
        if (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || byte >= 0xae { return Unicode.Scalar(byte)! }
        defer { hidden += 1 }
        return Unicode.Scalar(hidden)!
    }
}()

private func disguise(_ bytes: [UInt8]) -> String {
    bytes.reduce(into: "") { $0.unicodeScalars.append(disguises[Int($1)]) }
}

/// - Parameter expected: what the text's tokens must give again.
private func check(_ tokenizer: Tokenizer, text bytes: [UInt8], expected: String?) {
    let text = String(decoding: bytes, as: UTF8.self)
    let plain = tokenizer.encode(text, parseSpecial: false)
    for tokens in [plain, tokenizer.encode(text, parseSpecial: true), mixed(tokenizer, bytes)] {
        precondition(tokens.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize }, "no such token")
        checkDecoders(tokenizer, tokens)
    }
    checkDecoders(tokenizer, bytes.map { TokenID(Int($0) * 3 % tokenizer.vocabularySize) })
    if let expected {
        precondition(tokenizer.decode(plain).utf8.elementsEqual(expected.utf8), "another text")
    }
}

/// A text whose first half is trusted.
private func mixed(_ tokenizer: Tokenizer, _ bytes: [UInt8]) -> [TokenID] {
    let half = bytes.count / 2
    var text = MarkedText(String(decoding: bytes[..<half], as: UTF8.self), isTrusted: true)
    text.append(MarkedText(String(decoding: bytes[half...], as: UTF8.self), isTrusted: false))
    return tokenizer.encode(text)
}

private func checkDecoders(_ tokenizer: Tokenizer, _ tokens: [TokenID]) {
    var decoder = StreamingDecoder(tokenizer)
    var streamed = tokens.map { decoder.append($0) }.joined()
    streamed += decoder.finish()
    precondition(streamed.utf8.elementsEqual(tokenizer.decode(tokens).utf8), "the streaming decoder differs")
}
