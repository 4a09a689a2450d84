import CoreMetrics
import Foundation
import Glibc
import Synchronization

/// The process itself, under the names every Prometheus dashboard knows. Read from `/proc` (proc(5)) at each scrape.
public enum ProcessMetrics {
    static let start = MetricDefinition.gauge(
        "process_start_time_seconds", "When the process started, in seconds since 1970")
    static let memory = MetricDefinition.gauge("process_resident_memory_bytes", "Memory in use")
    static let descriptors = MetricDefinition.gauge("process_open_fds", "File descriptors open")
    static let processor = MetricDefinition.counter("process_cpu_seconds_total", "Time on CPUs, user and system")

    /// All of them.
    package static let definitions = [start, memory, descriptors, processor]

    /// Adds them; once in a process.
    public static func add(to registry: MetricsRegistry) {
        registry.declare(definitions)
        let start = registry.meter(start)
        let memory = registry.meter(memory)
        let descriptors = registry.meter(descriptors)
        let processor = ProcessorTime(registry.floatingPointCounter(processor))
        // What this process cannot read stays 0.
        registry.onScrape {
            if let time = startTime() { start.set(time) }
            if let pages = firstFields("/proc/self/statm", 2).last { memory.set(pages * Int(getpagesize())) }
            if let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
                descriptors.set(entries.count)
            }
            processor.update()
        }
    }

    /// `btime` of `/proc/stat` and field 22 of `/proc/self/stat`, in clock ticks.
    private static func startTime() -> Double? {
        guard let system = text("/proc/stat"),
            let line = system.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let boot = Double(line.dropFirst("btime ".count)),
            let own = text("/proc/self/stat"),
            // The name in parentheses may hold anything.
            let name = own.lastIndex(of: ")")
        else { return nil }
        let fields = own[own.index(after: name)...].split(separator: " ")
        // The first field after the name is number 3.
        guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
        return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func firstFields(_ path: String, _ count: Int) -> [Int] {
        (text(path) ?? "").split(separator: " ").prefix(count).compactMap { Int($0) }
    }

    /// All of a file whose size the kernel gives as 0: of such `String(contentsOfFile:)` reads 4 KiB, and machines with many
    /// CPUs say more.
    private static func text(_ path: String) -> String? {
        let bytes = try? FileHandle(forReadingAtPath: path)?.readToEnd()
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A counter that follows the kernel's.
private final class ProcessorTime: Sendable {
    private let counter: FloatingPointCounter
    private let last = Mutex(0.0)

    init(_ counter: FloatingPointCounter) { self.counter = counter }

    func update() {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let now = Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)
        last.withLock { last in
            counter.increment(by: now - last)
            last = now
        }
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}
