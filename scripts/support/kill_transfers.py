#!/usr/bin/env python3
"""Kills `dna model push` and `dna model pull` at random points and holds what went twice against 2 %.

    kill_transfers.py --dna COMMAND --node URL --folder DIR [--megabytes 512] [--kills 20] [--seed N]

A pull loses what is under way, up to eight blocks of 1 MiB a gateway: of a small package that is more than 2 %.
COMMAND is `.build/release/dna model`. The node is that of kubo_node.py, which counts what it receives and gives.
"""
import argparse
import filecmp
import json
import os
import random
import subprocess
import sys
import time
import urllib.request


def counts(node):
    return json.load(urllib.request.urlopen(urllib.request.Request(node + "/api/v0/counts", method="POST")))


def interrupted(command, node, kind, total, kills, chance):
    """Runs a command to its end, killed whenever the node has seen so many bytes; returns what the node saw, and kills."""
    start, done = counts(node)[kind], 0
    for point in sorted(chance.uniform(0, total) for _ in range(kills)):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        while process.poll() is None and counts(node)[kind] - start < point:
            time.sleep(0.002)
        if process.poll() is not None:
            # It was faster than this loop, near its end.
            if process.returncode != 0:
                sys.exit(f"{command} ended with {process.returncode}")
            return counts(node)[kind] - start, done, process.stdout.read().decode().strip()
        process.kill()
        process.wait()
        done += 1
    last = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return counts(node)[kind] - start, done, last.stdout.decode().strip()


def main():
    parser = argparse.ArgumentParser()
    for option in ("dna", "node", "folder"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    package, fetched = options.folder + "/package", options.folder + "/fetched"
    os.makedirs(package)
    with open(package + "/model.gguf", "wb") as file:
        for _ in range(options.megabytes):
            file.write(chance.randbytes(1 << 20))
    with open(package + "/manifest.json", "w") as file:
        file.write("{}")
    total = options.megabytes << 20
    dna = options.dna.split()

    push = [*dna, "push", package, "--node", options.node, "--gateway", options.node]
    seen, kills, root = interrupted(push, options.node, "received", total, options.kills, chance)
    report("push", seen, total, kills)
    pull = [*dna, "pull", root, "--gateway", options.node, "--output", fetched]
    seen, kills, _ = interrupted(pull, options.node, "given", total, options.kills, chance)
    report("pull", seen, total, kills)
    match, mismatch, errors = filecmp.cmpfiles(package, fetched, ["model.gguf", "manifest.json"], shallow=False)
    if mismatch or errors:
        sys.exit("what was fetched is not what was published")


def report(name, seen, total, kills):
    twice = max(0, seen - total) / total / kills
    print(f"{name}: killed {kills} times, {seen / 1e6:.1f} MB for {total / 1e6:.1f}, {twice:.2%} twice for each", flush=True)
    if twice >= 0.02:
        sys.exit(f"{name} repeats too much")


if __name__ == "__main__":
    main()
