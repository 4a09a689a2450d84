import Inference
import Testing

struct TemplateVectorTests {
    @Test func publishedTemplatesRenderAsWithAnIndependentImplementation() throws {
        let vectors = try TemplateVectors.load(TemplateVectors.Published.self, "published")
        #expect(vectors.templates.count >= 13)
        for template in vectors.templates {
            let read = try template.read()
            for row in template.cases {
                let messages = vectors.conversations[row.conversation]
                let rendering = try Rendering { () throws(ChatTemplateError) in
                    try read.render(messages, addGenerationPrompt: row.generation)
                }
                #expect(
                    rendering == Rendering(output: row.output, refused: row.refused),
                    "\(template.name), conversation \(row.conversation)")
            }
        }
    }

    @Test func eachConstructDoesWhatItDoesInAnIndependentImplementation() throws {
        let vectors = try TemplateVectors.load(TemplateVectors.Constructs.self, "constructs")
        #expect(vectors.cases.count > 150)
        for row in vectors.cases {
            let template = try ChatTemplate(jinja: row.template, beginToken: "<s>", endToken: "</s>")
            let rendering = try Rendering { () throws(ChatTemplateError) in try template.render(vectors.messages) }
            #expect(rendering == Rendering(output: row.output, refused: row.refused), "\(row.template)")
        }
    }

    @Test func theDateIsTheOneThatIsGiven() throws {
        let template = try ChatTemplate(jinja: "{{ strftime_now('%A, %-d %B %Y (%j)') }}")
        #expect(try template.render([]).text == "Friday, 26 July 2024 (208)")
        let leapDay = try #require(CalendarDate(year: 2000, month: 2, day: 29))
        #expect(try template.render([], date: leapDay).text == "Tuesday, 29 February 2000 (060)")
        #expect(CalendarDate(year: 1900, month: 2, day: 29) == nil)
        #expect(CalendarDate(year: 2024, month: 13, day: 1) == nil)
        let clock = try ChatTemplate(jinja: "{{ strftime_now('%Z') }}")
        #expect(throws: ChatTemplateError.self) { try clock.render([]) }
    }
}
