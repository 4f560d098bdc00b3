"""Many sessions at one worker, over TLS: what the tests and the benchmarks of it share."""
import json
import os
import pathlib
import resource
import subprocess
import sys

from worker_harness import Plane, Worker, fresh_folder, wait_for

# A connection of this host's for each session's stream, at the front one more to the plane.
PATIENCE = 180.0


class TlsPlane:
    """A plane behind a TLS front (tls_front.py). `plane` is asked by the test in plain HTTP."""

    def __init__(self, *arguments):
        self.plane = Plane(*arguments)
        folder = fresh_folder()
        self.front = subprocess.Popen(
            [sys.executable, str(pathlib.Path(__file__).with_name("tls_front.py")),
             self.plane.base_url.rsplit(":", 1)[1], folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        facts = json.loads(self.front.stdout.readline())
        self.base_url, self.ca_file = facts["base_url"], facts["ca_file"]
        self.environment, self.environment_key = self.plane.environment, self.plane.environment_key

    def worker(self, *arguments, **more):
        return Worker(self, "--ca-file", self.ca_file, *arguments, **more)

    def cut(self):
        """Every connection, in the middle of whatever it carries."""
        self.front.stdin.write(b"cut\n")
        self.front.stdin.flush()

    def end(self):
        self.front.stdin.close()
        self.front.wait()
        self.plane.end()


def raise_file_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def status_kib(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def resident(pid):
    """Of one process in KiB: all of it, and what it alone holds."""
    return {"rss_kib": status_kib(pid, "VmRSS"), "anon_kib": status_kib(pid, "RssAnon")}


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def attach(plane, count):
    """Makes `count` sessions that wait and follows until each is attached; their ids."""
    ids = [plane.session() for _ in range(count)]
    wait_attached(plane, ids)
    return ids


def wait_attached(plane, ids, meanwhile=lambda: None):
    """An attached session has its stream open and its history read."""
    left = set(ids)
    seen = 0

    def look():
        nonlocal seen
        meanwhile()
        for entry in plane.ask("GET", f"/_plane/trace?after={seen}"):
            seen = entry["number"]
            # The history is read after the stream is open. The item's id is the session's.
            if entry["route"] == "events.list" and entry["credential"] != "api_key":
                left.discard(entry["path"].split("/")[3])
        return not left

    wait_for(f"{len(ids)} attached sessions", look, PATIENCE)
