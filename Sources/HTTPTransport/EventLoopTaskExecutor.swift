import NIOCore

/// Runs a task's nonisolated functions on one event loop (SE-0417), so that handler, stream and session share a
/// thread: no hops, no locks. Blocking work must be moved off explicitly.
final class EventLoopTaskExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
