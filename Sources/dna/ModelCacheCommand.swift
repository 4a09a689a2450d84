import ArgumentParser
import Foundation
import ModelStorage
import ServiceArguments
import WorkerService

/// `dna model cache …`.
struct ModelCacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "Show, add and remove packages that workers have by their ids.",
        subcommands: [List.self, Add.self, Remove.self])

    /// `dna model cache list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Show what is in the cache, the least recently used first.")

        @OptionGroup var storage: StorageArguments
        @Flag(help: "Print one line of JSON for each package.") var json = false

        func run() async throws {
            let cache = try storage.resolve().cache(read: ModelReading.reader)
            for entry in try cache.entries() {
                let state = entry.isInUse ? "in use" : entry.isWhole ? "whole" : "incomplete"
                let time = entry.lastUse.formatted(.iso8601)
                guard json else {
                    Console.output("\(entry.subject)  \(entry.bytes / 1_000_000) MB  last used \(time)  \(state)")
                    continue
                }
                try Console.output(
                    json: [
                        "id": .text("\(entry.subject)"), "bytes": .number(entry.bytes), "last_used": .text(time),
                        "state": .text(state),
                    ])
            }
        }
    }

    /// `dna model cache add FOLDER…`.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Put packages that lie in folders into the cache, and print their ids.",
            discussion: """
                The workers of this machine then have them by their ids without asking anybody. All of a package is \
                copied, read and compared with its manifest.
                """)

        @Argument(help: "Packages, as `dna model pack` makes them.") var folders: [String]
        @OptionGroup var storage: StorageArguments

        func run() async throws {
            let cache = try storage.resolve().cache(read: ModelReading.reader)
            for folder in folders {
                let progress = PullProgress()
                Console.output("\(try await cache.add(folder) { progress.show($0) }.id)")
            }
        }
    }

    /// `dna model cache remove ID…`.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove", abstract: "Remove packages from the cache; not while a process uses them.")

        @Argument(help: "Ids, as `dna model cache list` shows them.") var ids: [String]
        @OptionGroup var storage: StorageArguments

        func run() async throws {
            let cache = try storage.resolve().cache(read: ModelReading.reader)
            for text in ids {
                let subject: CacheSubject
                do {
                    subject = try CacheSubject(text)
                } catch {
                    throw ValidationError("\(error)")
                }
                guard try cache.remove(subject) else { throw ValidationError("\(subject) is not in the cache") }
            }
        }
    }
}
