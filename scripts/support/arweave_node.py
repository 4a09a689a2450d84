"""One Arweave node in memory, for tests of the command line: enough of the interface to publish and to fetch.

It mines a block a second, checks each chunk against its proof's last hash, and counts what it is sent and asked for.
Signatures and whole proofs are not checked here: the tests in Swift have a node that does.
"""

import argparse
import base64
import hashlib
import http.server
import json
import threading
import time


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Weave:
    def __init__(self):
        self.lock = threading.Lock()
        self.begin = time.monotonic()
        self.pool = {}  # id -> (transaction, height at which it is mined)
        self.starts = {}  # id -> first byte
        self.end = 1000
        self.chunks = {}  # data root -> {end of the chunk: (chunk, path)}
        self.counts = {"transactions": 0, "chunks_posted": 0, "chunks_fetched": 0}

    def height(self):
        return int(time.monotonic() - self.begin) + 1

    def mined(self, identifier):
        transaction, height = self.pool[identifier]
        if self.height() < height:
            return False
        if identifier not in self.starts:
            self.starts[identifier] = self.end + 1
            self.end += int(transaction["data_size"])
        return True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    weave = Weave()

    def log_message(self, *arguments):
        pass

    def answer(self, status, body):
        body = body if isinstance(body, str) else json.dumps(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_POST(self):
        form = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        weave = self.weave
        with weave.lock:
            if self.path == "/tx":
                if form["id"] in weave.pool:
                    return self.answer(400, "Transaction is already in the mempool.")
                weave.pool[form["id"]] = (form, weave.height() + 1)
                weave.counts["transactions"] += 1
                return self.answer(200, "OK")
            path, chunk = decode(form["data_path"]), decode(form["chunk"])
            known = any(item["data_root"] == form["data_root"] for item, _ in weave.pool.values())
            if not known:
                return self.answer(400, {"error": "data_root_not_found"})
            if hashlib.sha256(chunk).digest() != path[-64:-32]:
                return self.answer(400, {"error": "invalid_proof"})
            end = int.from_bytes(path[-32:], "big")
            weave.chunks.setdefault(form["data_root"], {})[end] = (len(chunk), form["chunk"], form["data_path"])
            weave.counts["chunks_posted"] += 1
            return self.answer(200, "OK")

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        weave = self.weave
        with weave.lock:
            if parts[0] == "counts":
                return self.answer(200, weave.counts)
            if parts[0] == "tx_anchor":
                return self.answer(200, base64.urlsafe_b64encode(b"a" * 48).decode())
            if parts[0] == "price":
                return self.answer(200, str(1000 + 3 * int(parts[1])))
            if parts[0] == "tx" and parts[1] in weave.pool:
                if not weave.mined(parts[1]):
                    return self.answer(202, "Pending")
                transaction, height = weave.pool[parts[1]]
                size = int(transaction["data_size"])
                if len(parts) == 2:
                    return self.answer(200, transaction)
                if parts[2] == "status":
                    return self.answer(
                        200,
                        {"block_height": height, "block_indep_hash": "AA",
                         "number_of_confirmations": weave.height() - height + 1})
                return self.answer(200, {"size": str(size), "offset": str(weave.starts[parts[1]] + size - 1)})
            if parts[0] == "chunk":
                offset = int(parts[1])
                for identifier, start in weave.starts.items():
                    transaction = weave.pool[identifier][0]
                    if not start <= offset < start + int(transaction["data_size"]):
                        continue
                    for end, (count, chunk, path) in weave.chunks.get(transaction["data_root"], {}).items():
                        if end - count <= offset - start < end:
                            weave.counts["chunks_fetched"] += 1
                            return self.answer(200, {"chunk": chunk, "data_path": path, "tx_path": ""})
        return self.answer(404, "Not Found.")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that was killed is what the test is about."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    server = Server(("127.0.0.1", arguments.port), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
