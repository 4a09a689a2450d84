import Inference
import Testing

/// Templates and messages come from strangers: each has to end, soon, with an error that names the limit.
struct TemplateLimitTests {
    private func expectLimit(
        _ jinja: String, _ what: String, _ messages: [ChatMessage] = [], _ limits: ChatTemplateLimits = .standard
    ) {
        #expect(throws: ChatTemplateError.limit(what), "\(jinja.prefix(80))") {
            try ChatTemplate(jinja: jinja, limits: limits).render(messages)
        }
    }

    @Test func workIsBounded() {
        let manyLoops = "{% for a in range(50000) %}{% for b in range(50000) %}{% endfor %}{% endfor %}"
        expectLimit(manyLoops, "more than 134217728 units of work")
        var limits = ChatTemplateLimits.standard
        limits.work = 1 << 24
        let big = [ChatMessage(role: "user", content: String(repeating: "ab", count: 1 << 19))]
        for body in [
            "{% set x = messages[0].content + 'x' %}", "{% set x = messages[0].content | upper %}",
            "{% set x = 'c' in messages[0].content %}", "{% set x = messages[0].content.strip('a') %}",
            "{% set x = messages[0].content | length %}", "{% set x = messages[0].content[5] %}",
            "{% set x = messages[0].content == messages[0].content %}", "{% set x = messages[0].content | tojson %}",
            "{% set x = messages[0].content.replace('a', 'cccc') %}", "{% set x = messages | tojson %}",
            "{% set x = messages[0].content.find('ababababac') %}", "{% set x = messages[0].content ~ 1 %}",
            "{% set x = messages[0].content.split('c') %}", "{% set x = messages[0].content.count('aba') %}",
        ] {
            expectLimit(
                "{% for a in range(60000) %}\(body){% endfor %}", "more than 16777216 units of work", big, limits)
        }
    }

    @Test func aPatternThatAlmostMatchesEverywhereIsNoMoreWork() throws {
        let text = String(repeating: "a", count: 1 << 19)
        let messages = [
            ChatMessage(role: "user", content: text + text), ChatMessage(role: "user", content: text + "b"),
        ]
        let template = try ChatTemplate(jinja: "{{ messages[1].content in messages[0].content }}")
        #expect(try template.render(messages).text == "False")
    }

    @Test func outputIsBounded() {
        let text = "more than 8388608 bytes of text"
        expectLimit("{% for a in range(60000) %}{{ 'x' * 1000 }}{% endfor %}", text)
        expectLimit("{{ 'x' * 10000000 }}", text)
        expectLimit("{{ 'x' * 9223372036854775807 }}", text)
    }

    @Test func listsAreBounded() {
        let elements = "more than 65536 elements"
        let big = [ChatMessage(role: "user", content: String(repeating: "a ", count: 1 << 18))]
        expectLimit("{% set x = range(1000000) %}", elements)
        expectLimit("{% set x = messages[0].content.split() %}", elements, big)
        expectLimit("{% set x = messages[0].content.split('a') %}", elements, big)
        expectLimit("{% set x = messages[0].content | list %}", elements, big)
        expectLimit("{% for c in messages[0].content %}{% endfor %}", elements, big)
        expectLimit("{% set x = messages[0].content.replace(' ', '\\n').splitlines() %}", elements, big)
    }

    @Test func nestingIsBounded() {
        let levels = "more than 48 levels of nesting"
        for count in [49, 10_000] {
            expectLimit(
                "{{ " + String(repeating: "(", count: count) + "1" + String(repeating: ")", count: count) + " }}",
                levels)
            expectLimit(
                "{{ " + String(repeating: "[", count: count) + String(repeating: "]", count: count) + " }}", levels)
            expectLimit("{{ " + String(repeating: "not ", count: count) + "1 }}", levels)
            expectLimit("{{ " + String(repeating: "- ", count: count) + "1 }}", levels)
            expectLimit("{{ 1" + String(repeating: " + 1", count: count) + " }}", levels)
            expectLimit("{{ a" + String(repeating: ".a", count: count) + " }}", levels)
            expectLimit("{{ a" + String(repeating: " | trim", count: count) + " }}", levels)
            expectLimit("{{ a" + String(repeating: " if a", count: count) + " }}", levels)
            expectLimit("{{ a" + String(repeating: " if a else a", count: count) + " }}", levels)
            let blocks = String(repeating: "{% if a %}", count: count) + String(repeating: "{% endif %}", count: count)
            expectLimit(blocks, levels)
        }
    }

    @Test func recursionIsBounded() {
        expectLimit("{% macro m(a) %}{{ m(a) }}{% endmacro %}{{ m(1) }}", "more than 256 levels of evaluation")
        expectLimit(
            "{% set ns = namespace(x=[]) %}{% for i in range(100) %}{% set ns.x = [ns.x] %}{% endfor %}",
            "more than 48 levels of lists")
        expectLimit(
            "{% set ns = namespace(x={}) %}{% for i in range(100) %}{% set ns.x = {'a': ns.x} %}{% endfor %}",
            "more than 48 levels of lists")
    }

    /// As deep as it can get, in every way at once: the stack of a thread of the pool has to hold it.
    @Test func theDeepestEvaluationFitsTheStack() async throws {
        let levels = 40
        let deep = "{{ " + String(repeating: "[", count: levels) + "m(n - 1)" + String(repeating: "]", count: levels)
        let jinja = "{% macro m(n) %}{% if n %}\(deep) | length }}{% endif %}{% endmacro %}{{ m(100) }}"
        let result = await Task.detached {
            do throws(ChatTemplateError) {
                _ = try ChatTemplate(jinja: jinja).render([])
                return ChatTemplateError?.none
            } catch { return error }
        }.value
        #expect(result == .limit("more than 256 levels of evaluation"))
    }

    @Test func doublingEndsAtALimit() {
        expectLimit(
            "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
            "more than 134217728 units of work")
        expectLimit(
            "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
            "more than 65536 elements")
        expectLimit(
            "{% set ns = namespace(x=['x' * 1000]) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
                + "{% set y = ns.x | tojson %}", "more than 8388608 bytes of text")
        expectLimit(
            "{% set ns = namespace(x=[1]) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
                + "{{ ns.x == ns.x }}", "more than 134217728 units of work")
    }

    @Test func sourcesAndNumbersAreBounded() {
        expectLimit(String(repeating: "x", count: (1 << 18) + 1), "more than 262144 bytes of template")
        expectLimit("{{ 9223372036854775808 }}", "a whole number of more than 64 bits")
        for jinja in [
            "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 9223372036854775807 * 2 }}",
            "{{ (-9223372036854775807 - 1) // -1 }}", "{{ '99999999999999999999' | int }}",
        ] {
            #expect(
                throws: ChatTemplateError.failed(line: 1, reason: "a whole number of more than 64 bits"), "\(jinja)"
            ) {
                try ChatTemplate(jinja: jinja).render([])
            }
        }
        #expect(throws: Never.self) { try ChatTemplate(jinja: "{{ (-9223372036854775807 - 1) % -1 }}").render([]) }
    }

    @Test func theLongestConversationIsWellWithinTheLimits() throws {
        let vectors = try TemplateVectors.load(TemplateVectors.Published.self, "published")
        let content = String(repeating: "word ", count: 204)
        let messages = (0..<1023).map { ChatMessage(role: $0 % 2 == 0 ? "user" : "assistant", content: content) }
        for template in vectors.templates {
            #expect(throws: Never.self, "\(template.name)") { try template.read().render(messages) }
        }
    }
}
