import ArgumentParser
import Canonical
import Foundation
import GGUF
import Inference

/// `dna inspect`: a model file by its header.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in a GGUF file: metadata, tensors, memory needed, and whether the engine runs it.",
        discussion:
            "Reads the header only. Of a model that the engine refuses it says why, and exits with 0 all the same.")

    @Argument(help: "The GGUF file.") var file: String
    @Flag(help: "Print the result as JSON.") var json = false

    func run() throws {
        let report = ModelFileReport(try GGUFFile(path: file))
        if json { Console.output(try CanonicalJSON.encode(report)) } else { Console.output(report.text) }
    }
}
