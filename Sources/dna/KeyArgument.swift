public import ArgumentParser
public import Cryptography

extension Ed25519.PublicKey: ExpressibleByArgument {
    /// 64 lower-case hexadecimal digits.
    public init?(argument: String) { self.init(hex: argument) }
}
