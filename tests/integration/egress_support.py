"""What the cases of egress_test.py share: policies, boxes, and what a case is given.

Each case is a function of Given, in the module of its subject, under the name of what holds.
"""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import traceback

import audit_log
from run_harness import AS_USER, USER_ID, reachable_program
from worker_harness import PROGRAM

CASES = []
RULES = """
[[profile.net.egress]]
host = "a.test"
port = 443
whole_host = true
why = "the test"
[[profile.net.egress]]
host = "*.a.test"
port = "7000-7002"
mode = "raw"
whole_host = true
why = "the test"
[[profile.net.egress]]
host = "a.test"
port = 80
allow = ["GET /open/**", "POST /open/**", "GET /redirect/**"]
"""
RAW = """
[[profile.net.egress]]
host = "{host}"
port = {port}
mode = "raw"
whole_host = true
why = "the test"
{more}
"""


def policy(rules=RULES, background="kill", more=""):
    return f"""glovebox = 1
name = "egress-test"
[[bind]]
tools = {{ "*" = "net" }}
[profile.net]
why = "the test"
background = "{background}"
{more}
mount = [ {{ at = "@workspace", mode = "rw", exec = true }}, {{ at = "@tmp", mode = "tmp", exec = true }} ]
{rules}"""


def raw(host, port, more=""):
    return RAW.format(host=host, port=port, more=more)


def case(ids=""):
    """`ids`: of the attacks that it makes. Always called: a bare @case would add nothing."""
    assert isinstance(ids, str), f"@case() above {ids}"

    def add(function):
        CASES.append((f"{ids} {function.__name__.replace('_', ' ')}".strip(), function))
        return function
    return add


class Box:
    """`glovebox exec` with one policy, in one workspace; what it did and what is on record of it."""

    def __init__(self, world, user, text):
        self.world, self.user = world, user
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-test-egress-"))
        self.folder.chmod(0o755)
        self.work, self.state = self.folder / "work", self.folder / "state"
        self.work.mkdir()
        self.policy = self.folder / "net.toml"
        self.policy.write_text(text)
        self.policy.chmod(0o644)
        shutil.copy(world.authority, self.work / "ca.pem")
        # A box never runs as root: its id is the workspace's.
        for path in (self.folder, self.work, self.policy) if user == "user" else (self.work,):
            os.chown(path, USER_ID, USER_ID)
        self.environment = dict(os.environ)
        self.program = [*AS_USER, reachable_program()] if user == "user" else [PROGRAM]

    def start(self, *words, **options):
        return subprocess.Popen(
            [*self.program, "exec", "--policy", self.policy.name, "--state", str(self.state), "--workdir",
             str(self.work), "--", *words], cwd=self.folder, env=options.pop("env", self.environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def run(self, *words, seconds=60, **options):
        process = self.start(*words, **options)
        try:
            self.out, self.err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            self.out, self.err = process.communicate()
            raise AssertionError(f"{words} hangs: {self.out[-500:]} {self.err[-500:]}") from None
        self.code = process.returncode
        return self

    def shell(self, script, **options):
        return self.run("/bin/bash", "-c", script, **options)

    def expect(self, code=0, out=None, err=None):
        told = f"exit {self.code}\nout: {self.out[-2000:]}\nerr: {self.err[-2000:]}"
        assert code is None or self.code == code, f"wanted exit {code}\n{told}"
        assert out is None or out in self.out, f"{out!r} is not in stdout\n{told}"
        assert err is None or err in self.err, f"{err!r} is not in stderr\n{told}"
        return self

    def log(self):
        """All records as they are stored; there are some."""
        lines = audit_log.lines(self.state / "audit")
        assert lines
        return "\n".join(lines)

    def records(self, kind):
        return [record for record in audit_log.records(self.state / "audit") if record["k"] == kind]

    def denied(self, **wanted):
        """One record of what was refused, with these members; `why` may be a part."""
        return self.one("net.deny", wanted)

    def opened(self, **wanted):
        return self.one("net.open", wanted)

    def one(self, kind, wanted):
        records = self.records(kind)
        for record in records:
            if all(str(value) in str(record.get(key, "")) if key == "why" else record.get(key) == value
                   for key, value in wanted.items()):
                return record
        raise AssertionError(f"no {kind} with {wanted} among {json.dumps(records, indent=1)}\n{self.err}")

    def verified(self):
        done = subprocess.run([PROGRAM, "audit", "verify", str(self.state / "audit")], capture_output=True,
                              text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Given:
    """What a case gets: the world, and boxes that go with it."""

    def __init__(self, world, user):
        self.world, self.user, self.boxes = world, user, []

    def box(self, text=None, authorities=None):
        """`authorities`: whom the host believes, beside its own choice."""
        box = Box(self.world, self.user, text or policy())
        if authorities:
            box.environment["SSL_CERT_FILE"] = str(authorities)
        self.boxes.append(box)
        return box

    def nothing_left(self, *but):
        """Of all that left the host since the last look, nothing but this; DNS stays on the host."""
        packets = {(protocol, to, port) for protocol, to, port in self.world.packets()} - set(but)
        assert not packets, f"got out: {packets}"

    def end(self):
        for box in self.boxes:
            box.remove()


def tcp(address, port):
    return ("tcp", address, port)


def play(cases, world, user, words, servers=None):
    """Those with one of the words in their name, or all. Whether one failed."""
    failed = False
    for name, function in cases:
        if words and not any(word in name for word in words):
            continue
        given = Given(world, user)
        given.servers = servers
        for place in filter(None, (world, servers)):
            place.forget()
        try:
            function(given)
            print("ok", name, flush=True)
        except Exception:
            failed = True
            print(traceback.format_exc().rstrip())
            print("not ok", name, flush=True)
        finally:
            given.end()
    return failed


def role_of(process, name):
    """The process of a role of this `glovebox exec`."""
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cmdline").read_text().startswith(f"glovebox: {name}") and \
                    f"PPid:\t{process.pid}\n" in (entry / "status").read_text():
                return int(entry.name)
    return None


def in_memory(pid, needle):
    found = False
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            first, last = (int(part, 16) for part in line.split()[0].split("-"))
            if not line.split()[1].startswith("r") or last - first > 1 << 28:
                continue
            with contextlib.suppress(OSError, ValueError, OverflowError):
                memory.seek(first)
                found = found or needle in memory.read(last - first)
    return found
