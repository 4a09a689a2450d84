import Administration
import ArgumentParser
import DNAProtocol
import NodeState

/// How several administrators sign one word on a model.
struct StatementArguments: ParsableArguments {
    @Option(help: "Keeps the statement while administrators sign it one after the other.") var statement: String?

    /// The registration with this administrator's signature, and those that the file holds; nil while more must sign.
    func sign(_ body: ModelRegistration.Body, _ administrator: Administrator) throws -> ModelRegistration? {
        var body = body
        let earlier = try statement.flatMap { try JSONFile.readIfThere(ModelRegistration.self, path: $0) }
        if let earlier {
            body.at = earlier.body.at
            guard earlier.body == body else { throw ValidationError("--statement: the file says something else") }
        }
        let registration = try administrator.registration(body, with: earlier?.signatures ?? [])
        if let statement { try JSONFile.write(registration, path: statement) }
        let threshold = administrator.genesis.administrators.threshold
        guard registration.signatures.count < threshold else { return registration }
        guard statement != nil else {
            throw ValidationError("\(threshold) administrators must sign: name a file with --statement")
        }
        Console.note("\(registration.signatures.count) of \(threshold) administrators have signed")
        return nil
    }
}
