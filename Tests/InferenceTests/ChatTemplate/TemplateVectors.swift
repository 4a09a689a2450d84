import Foundation
import Inference
import Testing

/// Conversations, templates and what Python's jinja2 makes of them; the provenance is in the files.
enum TemplateVectors {
    struct Published: Decodable {
        struct Template: Decodable {
            let name: String
            let template: String
            let bos: String?
            let eos: String?
            let cases: [Case]

            func read() throws -> ChatTemplate {
                try ChatTemplate(jinja: template, beginToken: bos, endToken: eos)
            }
        }

        struct Case: Decodable {
            let conversation: Int
            let generation: Bool
            let output: String?
            let refused: String?
            let fails: Bool?
        }

        let conversations: [[ChatMessage]]
        let templates: [Template]
    }

    struct Constructs: Decodable {
        struct Case: Decodable {
            let template: String
            let output: String?
            let refused: String?
            let fails: Bool?
        }

        let messages: [ChatMessage]
        let cases: [Case]
    }

    static func load<Vectors: Decodable>(_ type: Vectors.Type, _ name: String) throws -> Vectors {
        let url = try #require(
            Bundle.module.url(forResource: "Vectors/ChatTemplates/\(name)", withExtension: "json"))
        return try JSONDecoder().decode(type, from: Data(contentsOf: url))
    }
}

/// What came of a rendering.
enum Rendering: Equatable {
    case output(String)
    case refused(String)
    case fails

    init(_ render: () throws(ChatTemplateError) -> MarkedText) throws {
        do throws(ChatTemplateError) {
            self = .output(try render().text)
        } catch .refused(let message) {
            self = .refused(message)
        } catch .failed {
            self = .fails
        } catch {
            throw error
        }
    }

    init(output: String?, refused: String?) {
        self = output.map(Rendering.output) ?? refused.map(Rendering.refused) ?? .fails
    }

    /// By bytes, not by what looks alike.
    static func == (a: Rendering, b: Rendering) -> Bool {
        switch (a, b) {
        case (.output(let a), .output(let b)), (.refused(let a), .refused(let b)): a.utf8.elementsEqual(b.utf8)
        case (.fails, .fails): true
        default: false
        }
    }
}
