import Testing

/// What a reviewer would otherwise have to say again and again.
@Suite struct StyleTests {
    static let longestFile = 420

    @Test func filesAreShort() throws {
        for file in try SourceTree("Sources").files + SourceTree("Tests").files {
            #expect(file.lines.count <= Self.longestFile, "\(file.path)")
        }
    }

    @Test func nothingIsUnfinished() throws {
        let marks = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]
        for file in try SourceTree("Sources").files + SourceTree("Tests").files {
            for (number, line) in file.lines.enumerated() {
                let words = line.split { !$0.isLetter }
                #expect(!words.contains { marks.contains(String($0)) }, "\(file.path):\(number + 1)")
            }
        }
    }

    @Test func crashesHaveAReasonBesideThem() throws {
        for file in try SourceTree("Sources").files where file.path.hasSuffix(".swift") {
            for (number, line) in file.lines.enumerated() {
                let crashes = ["try!", "as! ", "fatalError("].contains { line.contains($0) }
                #expect(!crashes || line.contains("//"), "\(file.path):\(number + 1)")
            }
        }
    }

    /// A handler that never answers may sleep for an hour; a test that sleeps a while hopes that a while is enough.
    @Test func testsWaitForConditionsNotForTime() throws {
        let (pattern, forever) = ("Task." + "sleep(", "Task." + "sleep(for: .seconds(3600))")
        for file in try SourceTree("Tests").files {
            for (number, line) in file.lines.enumerated() where line.contains(pattern) && !line.contains(forever) {
                Issue.record("\(file.path):\(number + 1)")
            }
        }
    }
}
