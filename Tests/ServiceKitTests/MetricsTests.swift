import CoreMetrics
import HTTPTransport
import HTTPTypes
import NIOCore
import ServiceKit
import Testing

/// The registry, its text, and what an HTTP service measures of itself.
struct MetricsTests {
    static let apples = MetricDefinition.counter(
        "dna_apples_total", "Apples, \"red\" \\ green\nand ripe", labels: ["kind"])
    static let weight = MetricDefinition.gauge("dna_weight_grams", "Weight")
    static let bites = MetricDefinition.histogram("dna_bite_seconds", "Bites", bounds: [0.5, 1, 2.5])

    @Test func writesEveryKindAsTheFormatSays() async {
        let metrics = MetricsRegistry()
        metrics.declare([Self.weight, Self.bites])
        metrics.counter(Self.apples, "a\\b\"c\nd").increment(by: 3)
        metrics.counter(Self.apples, "Äpfel").increment()
        metrics.meter(Self.weight).set(1.5)
        for seconds in [0.5, 0.75, 3, 1_000_000] { metrics.recorder(Self.bites).record(seconds) }
        let expected = #"""
            # HELP dna_apples_total Apples, "red" \\ green\nand ripe
            # TYPE dna_apples_total counter
            dna_apples_total{kind="a\\b\"c\nd"} 3
            dna_apples_total{kind="Äpfel"} 1
            # HELP dna_bite_seconds Bites
            # TYPE dna_bite_seconds histogram
            dna_bite_seconds_bucket{le="0.5"} 1
            dna_bite_seconds_bucket{le="1"} 2
            dna_bite_seconds_bucket{le="2.5"} 2
            dna_bite_seconds_bucket{le="+Inf"} 4
            dna_bite_seconds_sum 1000004.25
            dna_bite_seconds_count 4
            # HELP dna_weight_grams Weight
            # TYPE dna_weight_grams gauge
            dna_weight_grams 1.5

            """#
        #expect(await metrics.scrape() == expected)
    }

    @Test func countsWhatIsBeyondTheBoundAsOther() async {
        let metrics = MetricsRegistry(seriesLimit: 2)
        for number in 1...5 { metrics.counter(Self.apples, "\(number)").increment() }
        metrics.counter(Self.apples, "1").increment()
        let lines = await metrics.scrape().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines == [
                #"dna_apples_total{kind="1"} 2"#, #"dna_apples_total{kind="2"} 1"#,
                #"dna_apples_total{kind="other"} 3"#,
            ])
    }

    @Test func takesInWhatALibraryMeasures() async {
        let metrics = MetricsRegistry()
        Counter(label: "http.client requests", dimensions: [("host", "a")], factory: metrics).increment(by: 2)
        FloatingPointCounter(label: "9lives", factory: metrics).increment(by: 0.25)
        Timer(label: "wait", dimensions: [], preferredDisplayUnit: .seconds, factory: metrics).recordSeconds(2)
        let text = await metrics.scrape()
        #expect(text.contains("\nhttp_client_requests_total{host=\"a\"} 2\n"))
        #expect(text.contains("\n_9lives_total 0.25\n"))
        #expect(text.contains("\nwait_bucket{le=\"1\"} 0\nwait_bucket{le=\"2.5\"} 1\n"))
    }

    @Test func aHandleOfTheWrongKindMeasuresNothing() async {
        let metrics = MetricsRegistry()
        metrics.declare([Self.weight, Self.apples])
        Counter(label: "dna_weight_grams", factory: metrics).increment()
        Counter(label: "dna_apples_total", dimensions: [("colour", "red")], factory: metrics).increment()
        #expect(await !metrics.scrape().contains(" 1\n"))
    }

    @Test func countsEveryIncrementOfManyThreads() async {
        let metrics = MetricsRegistry()
        let (whole, weight, bites) = (
            metrics.counter(Self.apples, "red"), metrics.meter(Self.weight), metrics.recorder(Self.bites)
        )
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<5_000 {
                        whole.increment()
                        weight.increment(by: 1)
                        bites.record(1)
                    }
                }
            }
        }
        let text = await metrics.scrape()
        for line in [#"dna_apples_total{kind="red"} 40000"#, "dna_weight_grams 40000", "dna_bite_seconds_sum 40000"] {
            #expect(text.contains(line))
        }
    }

    @Test func measuresRequestsByTemplateAndNotByPath() async throws {
        let metrics = MetricsRegistry()
        let router = ServiceRouter.service()
        router.get("numbers/{value}") { _, context in "\(try context.parameters.require("value", as: Int.self))" }
        router.addMetricsRoute(metrics)
        try await withService(router, metrics: metrics) { _, client, origin in
            for path in ["/numbers/1", "/numbers/2", "/numbers/x", "/nothing/3"] {
                _ = try await client.send(.get, path, to: origin)
            }
            _ = try await client.send(.post, "/numbers/1", to: origin)
            // An answer is counted when it has left, which its receiver may see first.
            let response = try await eventually {
                let response = try await client.send(.get, "/metrics", to: origin)
                return String(buffer: response.body).contains(#"method="POST",status="4xx"} 1"#) ? response : nil
            }
            #expect(response.head.headerFields[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            let text = String(buffer: response.body)
            for line in [
                #"dna_http_requests_total{route="/numbers/{value}",method="GET",status="2xx"} 2"#,
                #"dna_http_requests_total{route="/numbers/{value}",method="GET",status="4xx"} 1"#,
                #"dna_http_requests_total{route="none",method="GET",status="4xx"} 1"#,
                #"dna_http_request_duration_seconds_count{route="/numbers/{value}",method="GET"} 3"#,
                "dna_http_requests_in_flight 1", "dna_http_connections_open 1",
            ] {
                #expect(text.contains(line + "\n"), "\(line)")
            }
            #expect(!text.contains("/numbers/1") && !text.contains("dna_http_received_bytes_total 0\n"))
        }
    }

    @Test func knowsTheProcess() async throws {
        let metrics = MetricsRegistry()
        ProcessMetrics.add(to: metrics)
        let values = Dictionary(
            uniqueKeysWithValues: await metrics.scrape().split(separator: "\n").filter { !$0.hasPrefix("#") }
                .map { line in
                    let parts = line.split(separator: " ")
                    return (String(parts[0]), Double(parts[1]) ?? .nan)
                })
        #expect(try #require(values["process_start_time_seconds"]) > 1_600_000_000)
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_048_576)
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_cpu_seconds_total"]) > 0)
    }
}

/// Asks again until there is an answer; gives up after ten seconds.
func eventually<Value>(_ body: () async throws -> Value?) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if let value = try await body() { return value }
        await Task.yield()
    }
    return try #require(try await body())
}
