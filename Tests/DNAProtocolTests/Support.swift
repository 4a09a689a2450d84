import Canonical
import DNAProtocol
import Foundation
import Testing

/// Loads a vector file.
func vectors<T: Decodable>(_ name: String, as type: T.Type) throws -> T {
    let url = try #require(Foundation.Bundle.module.url(forResource: "Vectors/\(name)", withExtension: "json"))
    return try CanonicalJSON.decode(type, from: Array(Data(contentsOf: url)))
}

/// Reads a value as everything signed is read: nothing unknown in it.
func read<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
    try CanonicalJSON.decode(type, from: Array(text.utf8), unknownKeys: .refused)
}

/// One change that breaks one rule, and the field that must be named.
struct Break<Subject>: Sendable {
    let field: String
    let change: @Sendable (inout Subject) -> Void

    init(_ field: String, _ change: @escaping @Sendable (inout Subject) -> Void) {
        (self.field, self.change) = (field, change)
    }
}

/// Expects that every change makes `validate` name its field, and that without a change nothing is wrong.
func expectEachNamed<Subject>(
    _ breaks: [Break<Subject>], in subject: Subject, by validate: (Subject) throws -> Void
) throws {
    try validate(subject)
    for (row, entry) in breaks.enumerated() {
        var broken = subject
        entry.change(&broken)
        #expect("row \(row)") {
            try validate(broken)
        } throws: { error in
            (error as? InvalidField)?.field == entry.field
        }
    }
}
