import Inference
import Testing

struct TemplateRefusalTests {
    private func error(_ jinja: String) -> ChatTemplateError? {
        do throws(ChatTemplateError) {
            _ = try ChatTemplate(jinja: jinja)
            return nil
        } catch { return error }
    }

    @Test func namesTheConstructAndTheLineThatAreNotSupported() {
        let constructs = [
            "{{ 1.5 }}": "a number that is not whole", "{{ 1 / 2 }}": "the division '/', whose results are not whole",
            "{{ 2 ** 3 }}": "the power '**'", "{{ x | nosuch }}": "the filter 'nosuch'",
            "{{ x is nosuch }}": "the test 'nosuch'", "{{ x.format(1) }}": "the method 'format'",
            "{{ nosuch(1) }}": "the function 'nosuch'", "{% include 'x' %}": "the block 'include'",
            "{% raw %}{{ %}{% endraw %}": "the block 'raw'", "{% call m() %}{% endcall %}": "the block 'call'",
            "{% for x in y recursive %}{% endfor %}": "a recursive loop",
            "{{ loop }}":
                "'loop' without one of its attributes",
            "{{ loop.cycle('a') }}": "the attribute 'loop.cycle'", "{{ f(*x) }}": "an argument with '*'",
            "{{ x[1, 2] }}": "a subscript with a comma", "{{ '\\N{BULLET}' }}": "the escape '\\N'",
            "{{ {1: 2} }}": "a number as a dictionary's key", "{{ x()() }}": "the function 'x'",
            "{{ x[0]() }}": "a call of something other than a function, macro or method",
            "{{ x | map(y) }}": "the filter 'map' with a computed name",
            "{{ x | selectattr('a', 'nosuch') }}": "the test 'nosuch'",
            "{{ x | tojson(nosuch=1) }}": "the filter 'tojson' with an argument 'nosuch'",
            "{{ x | replace('a') }}": "the filter 'replace' with too few arguments",
            "{% for x in y %}{% macro m() %}{% endmacro %}{% endfor %}": "a macro within a loop or macro",
            "{% set range = 1 %}": "the name 'range' of a function for something else",
            "{% macro m() %}{{ caller() }}{% endmacro %}": "the name 'caller'",
        ]
        for (jinja, construct) in constructs {
            #expect(error("{# one #}\n\n" + jinja) == .unsupported(line: 3, construct: construct), "\(jinja)")
        }
        #expect(
            error("\n{{ x | nosuch }}")?.description
                == "the chat template's line 2 uses the filter 'nosuch', which is not supported")
    }

    @Test func refusesWhatIsNoJinja() {
        let templates = [
            "{{", "{{ 'a }}", "{% if x %}", "{% endif %}", "{% if x %}{% endfor %}", "{{ ) }}", "{{ (1] }}", "{{ }}",
            "{# x",
            "{% for in x %}{% endfor %}", "{% set 1 = 2 %}", "{% set loop = 1 %}", "{% set true = 1 %}", "{{ 1 2 }}",
            "{% break %}", "{% macro m(a, a) %}{% endmacro %}", "{% macro m(a=1, b) %}{% endmacro %}", "{{ x[] }}",
            "{{ a ! b }}", "{{ '\\x4' }}", "{{ '\\ud83d' }}", "{{ 01 }}", "{{ x. }}", "{{ f(a=1, 2) }}", "{% %}",
            "{{ é }}",
            "{% if x %}a{% else %}b{% else %}c{% endif %}", "{% set x %}", "{{ a if }}", "{{ not }}", "{{ a is }}",
        ]
        for jinja in templates {
            guard case .syntax = error(jinja) else {
                Issue.record("\(jinja): \(String(describing: error(jinja)))")
                continue
            }
        }
    }

    @Test func failuresNameTheLine() throws {
        let template = try ChatTemplate(jinja: "{{ 1 }}\n{% if true %}\n{{ nothing.x }}\n{% endif %}")
        #expect(throws: ChatTemplateError.failed(line: 3, reason: "'nothing' is undefined")) { try template.render([]) }
    }

    @Test func aTemplatesOwnRefusalCarriesItsMessage() throws {
        let template = try ChatTemplate(jinja: "{{ raise_exception('no ' + messages[0].content) }}")
        let message = ChatMessage(role: "user", content: "x")
        #expect(throws: ChatTemplateError.refused(message: "no x")) { try template.render([message]) }
        let long = ChatMessage(role: "user", content: String(repeating: "é", count: 5000))
        #expect {
            try template.render([long])
        } throws: {
            guard case .refused(let text) = $0 as? ChatTemplateError else { return false }
            return text.utf8.count == 1023 && text.hasSuffix("é")
        }
    }

    @Test func aFileWithoutATemplateHasNone() throws {
        let metadata = TokenizerMetadata(model: "gpt2", preTokenizer: "smollm", tokens: [], merges: [], tokenTypes: [])
        #expect(throws: ChatTemplateError.missing) { try ChatTemplate(metadata: metadata) }
    }
}
