import LocalNetwork
import Testing

@Suite struct LocalModelTests {
    @Test(arguments: [
        ("SmolLM2-135M-Instruct", "smollm2"), ("Qwen2.5-0.5B", "qwen2.5"), ("org/Model-x", "model"), ("phi_4", "phi_4"),
        ("-", nil), ("", nil), ("a model", nil), ("m\u{f6}del", nil),
    ])
    func anAliasIsWhatStandsBeforeTheFirstDash(_ name: String, _ alias: String?) {
        #expect(LocalModel.alias(ofModel: name) == alias)
    }
}
