"""A network started by `dna up`, as scripts see it: its URL, its processes by their pid files, its database, its clients.

Nothing here knows what the processes say to each other, or how that is secured.
"""
import glob, http.client, json, os, platform, re, shutil, signal, socket, ssl, subprocess, sys, tempfile, threading, time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODEL_NAME = "SmolLM2-135M-Instruct"
READY = re.compile(r"^ready after .* s: (\S+)$")


def say(text):
    """Progress, for people."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def machine():
    """One line that says where a figure comes from."""
    names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    memory = int(open("/proc/meminfo").readline().split()[1]) / 1024 / 1024
    return (f"{names[0] if names else platform.machine()}, {os.cpu_count()} CPUs, {memory:.0f} GiB, "
            f"Linux {platform.release()}, load {os.getloadavg()[0]:.1f}")


class StartFailed(Exception):
    """`dna up` ended, or was not ready in time."""


class LocalNetwork:
    """`dna up` in a temporary folder; a context manager that leaves nothing behind unless asked to."""

    def __init__(self, workers=3, aggregators=2, restart_pause=0.5, settings=None, keep=False, port=0):
        self.keep = keep
        self.folder = tempfile.mkdtemp(prefix="dna-network-", dir="/tmp")
        self.log = os.path.join(self.folder, "up.log")
        self.build = os.environ.get("DNA_BUILD", os.path.join(ROOT, ".build", "release"))
        self.port = port or self._free_port()
        self.gateway = None
        self.cluster = None
        model = subprocess.check_output([os.path.join(ROOT, "scripts", "fetch-model")], text=True).strip()
        self._command = [self.tool, "up", "--state", self.state, "--model", model, "--port", str(self.port),
                         "--workers", str(workers), "--aggregators", str(aggregators),
                         "--restart-pause", str(restart_pause)]
        self._environment = {**os.environ, **{name: str(value) for name, value in (settings or {}).items()}}
        self._process = None

    @property
    def state(self):
        return os.path.join(self.folder, "network")

    @property
    def tool(self):
        """The command-line client."""
        return os.path.join(self.build, "dna")

    @property
    def network_file(self):
        return os.path.join(self.state, "network.json")

    def __enter__(self):
        with open(self.log, "wb") as output:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self._environment,
                start_new_session=True)
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, trace):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(90)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        if self.keep:
            say(f"kept: {self.folder}, {self.cluster}")
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.cluster and not self.cluster.startswith(self.folder):
            shutil.rmtree(os.path.dirname(self.cluster), ignore_errors=True)

    @staticmethod
    def _free_port():
        """Below the ports that Linux takes for outgoing connections."""
        for port in range(18200, 19200):
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue
        raise StartFailed("no free port")

    def _wait_until_ready(self):
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            for line in open(self.log, errors="replace"):
                found = READY.match(line.strip())
                if found:
                    self.gateway = found.group(1)
                    self.cluster = os.path.dirname(os.readlink(f"/proc/{self.pids()['postgres']}/cwd"))
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise StartFailed(open(self.log, errors="replace").read())

    @property
    def pid(self):
        """The process that keeps the others."""
        return self._process.pid

    @property
    def is_running(self):
        return self._process.poll() is None

    def pids(self):
        """{name: process id} of what runs now."""
        found = {}
        for path in glob.glob(os.path.join(self.state, "run", "*.pid")):
            try:
                found[os.path.basename(path)[:-4]] = int(open(path).read())
            except (OSError, ValueError):
                pass  # gone since it was listed
        return found

    def sql(self, statement, timeout=15):
        """Rows of text from the database, over its own socket; raises OSError when it does not answer."""
        password = open(os.path.join(self.cluster, "superuser-password")).read().strip()
        socket_folder = os.path.join(self.cluster, "socket")
        try:
            done = subprocess.run(
                ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-h", socket_folder, "-U", "postgres", "-d", "dna",
                 "-v", "ON_ERROR_STOP=1", "-c", statement],
                env={**os.environ, "PGPASSWORD": password, "PGCONNECT_TIMEOUT": "5"}, capture_output=True, text=True,
                timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise OSError("psql did not answer") from error
        if done.returncode != 0:
            raise OSError(done.stderr.strip())
        return [line.split("\t") for line in done.stdout.splitlines()]

    @property
    def database_log(self):
        return os.path.join(self.cluster, "postgres.log")

    def service_logs(self):
        return sorted(glob.glob(os.path.join(self.state, "logs", "*.log")))

    def client(self, timeout=90):
        return Client(self.gateway, self.state, timeout)


class Client:
    """One client of the gateway, with one connection that it opens again when it breaks. For one thread."""

    def __init__(self, url, state, timeout):
        parts = urllib.parse.urlsplit(url)
        self._address = (parts.hostname, parts.port)
        self._security = self._trust(state) if parts.scheme == "https" else None
        self._timeout = timeout
        self._connection = None

    @staticmethod
    def _trust(state):
        context = ssl.create_default_context()
        for path in (os.path.join(state, "authority.pem"), os.path.join(state, "network", "authority.pem")):
            if os.path.exists(path):
                context.load_verify_locations(path)
        return context

    def _open(self):
        if self._security:
            return http.client.HTTPSConnection(*self._address, timeout=self._timeout, context=self._security)
        return http.client.HTTPConnection(*self._address, timeout=self._timeout)

    def send(self, method, path, body=None, headers=None, timeout=None):
        """(status, headers, bytes); raises OSError when there is no answer."""
        if self._connection is None:
            self._connection = self._open()
        try:
            if timeout and self._connection.sock:
                self._connection.sock.settimeout(timeout)
            self._connection.request(method, path, body, headers or {})
            if timeout:
                self._connection.sock.settimeout(timeout)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise error if isinstance(error, OSError) else OSError(f"{type(error).__name__}: {error}") from error
        if timeout and self._connection.sock:
            self._connection.sock.settimeout(self._timeout)
        return response.status, response.headers, answer

    def get_json(self, path):
        status, _, body = self.send("GET", path)
        return status, json.loads(body)

    def ask(self, key, prompt, tokens, temperature=0.7):
        """One attempt at a chat completion: (status, headers, JSON or None)."""
        body = json.dumps({
            "model": MODEL_NAME, "max_tokens": tokens, "temperature": temperature,
            "messages": [{"role": "user", "content": prompt}]}).encode()
        status, headers, answer = self.send(
            "POST", "/v1/chat/completions", body, {"Content-Type": "application/json", "Idempotency-Key": key})
        try:
            return status, headers, json.loads(answer)
        except ValueError:
            return status, headers, None

    def close(self):
        if self._connection:
            self._connection.close()
        self._connection = None


class Clients:
    """Threads that each do `work(number)` again and again until told to stop; what they raise is kept."""

    def __init__(self, count, work):
        self.stopping = threading.Event()
        self.errors = []
        self._threads = [threading.Thread(target=self._run, args=(work, number), daemon=True) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self, work, number):
        try:
            work(number, self.stopping)
        except Exception as error:  # shown by the main thread
            self.errors.append(f"client {number}: {type(error).__name__}: {error}")

    def stop(self, limit):
        """Lets everybody finish; false when somebody does not in time."""
        self.stopping.set()
        deadline = time.monotonic() + limit
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)
