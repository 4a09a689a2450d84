import ArgumentParser
import Foundation
import LocalNetwork

/// Where a local network's files are.
struct StateArguments: ParsableArguments {
    @Option(help: "The folder of a network that `dna up` runs; all else follows from it (.dna, when it is there).")
    var state: String?

    /// The folder named, or else the one that is here, unless the network is named otherwise.
    func folder(unless isNamedOtherwise: Bool) -> NetworkFolder? {
        if let state { return NetworkFolder(path: state) }
        let here = NetworkFolder(path: ".dna")
        return !isNamedOtherwise && here.isFounded ? here : nil
    }

    /// What an option says; or the folder that was named; or the environment; or else the folder that is here.
    func value(
        _ option: String?, _ variable: String, in folder: NetworkFolder?, _ path: (NetworkFolder) throws -> String?
    ) rethrows -> String? {
        if let option { return option }
        if state == nil, let text = ProcessInfo.processInfo.environment[variable] { return text }
        guard let folder else { return nil }
        return try path(folder)
    }

    /// Where the services of a folder's network answer.
    static func addresses(of folder: NetworkFolder) throws -> ServiceAddresses {
        guard let addresses = try ServiceAddresses.read(folder) else {
            throw ValidationError("the network in \(folder.path) does not run: dna up")
        }
        return addresses
    }
}
