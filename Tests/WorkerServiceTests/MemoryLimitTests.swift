import Testing
import WorkerService

/// What a control group leaves a worker.
@Suite struct MemoryLimitTests {
    private func limit(_ files: [String: String]) -> Int? { MemoryLimit.find { files[$0] } }

    @Test func theLeastOfTheGroupsAroundAProcessCounts() {
        let place = ["/proc/self/cgroup": "1:name=systemd:/\n0::/pod/worker\n"]
        let (pod, worker) = ("/sys/fs/cgroup/pod/memory.max", "/sys/fs/cgroup/pod/worker/memory.max")
        #expect(limit(place) == nil)
        #expect(limit(place.merging([worker: "max\n"]) { $1 }) == nil)
        #expect(limit(place.merging([worker: "2000000\n"]) { $1 }) == 2_000_000)
        #expect(limit(place.merging([worker: "2000000\n", pod: "1000000\n"]) { $1 }) == 1_000_000)
        #expect(limit(place.merging([worker: "2000000\n", pod: "3000000\n"]) { $1 }) == 2_000_000)
    }

    @Test func aContainerSeesItsGroupAsTheRoot() {
        let root = ["/sys/fs/cgroup/memory.max": "536870912\n"]
        #expect(limit(root) == 536_870_912)
        #expect(limit(root.merging(["/proc/self/cgroup": "0::/\n"]) { $1 }) == 536_870_912)
    }

    @Test func versionOneIsReadAsWell() {
        let place = ["/proc/self/cgroup": "12:cpu,memory:/docker/1f\n3:cpuset:/other\n0::/\n"]
        let (own, mount) = (
            "/sys/fs/cgroup/memory/docker/1f/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes"
        )
        #expect(limit(place.merging([own: "1073741824\n"]) { $1 }) == 1_073_741_824)
        // No limit is a number too large to be one; a container may see its group as the root.
        #expect(limit(place.merging([own: "9223372036854771712\n", mount: "536870912\n"]) { $1 }) == 536_870_912)
        #expect(limit(place.merging([mount: "536870912\n"]) { $1 }) == 536_870_912)
    }
}
