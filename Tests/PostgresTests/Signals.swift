import Glibc

enum TestSignal { case stop, goOn }

func sendSignal(_ signal: TestSignal, to pid: Int) { kill(pid_t(pid), signal == .stop ? SIGSTOP : SIGCONT) }
