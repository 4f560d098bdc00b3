"""Running `glovebox exec` and its kin for a test, and reporting cases as tests/run wants them."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import traceback

PROGRAM = os.environ["GLOVEBOX_BINARY"]
SOURCE = pathlib.Path(os.environ["GLOVEBOX_SOURCE_ROOT"])
IS_ROOT = os.geteuid() == 0
ROLE_USERS = {"supervisor": 1900065600, "auditor": 1900065601, "boxer": 1900065602,
              "keeper": 1900065602, "worker": 1900065604, "egress": 1900065605}
CASES = []


def case(function):
    CASES.append(function)
    return function


def root_case(function):
    """One that looks into processes as only root may; the user's run has no such case."""
    return case(function) if IS_ROOT else function


def run_all():
    failed = False
    for function in CASES:
        name = function.__name__.replace("_", " ")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-test-"))
        folder.chmod(0o755)
        try:
            function(folder)
            print("ok", name, flush=True)
        except Exception:
            failed = True
            print(traceback.format_exc().rstrip())
            print("not ok", name, flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


class Done:
    def __init__(self, process, out, err):
        self.code, self.out, self.err = process.returncode, out.decode(), err.decode()

    def json(self):
        return json.loads(self.out.splitlines()[-1])

    def expect(self, code, out=None, err=None):
        assert self.code == code, f"exit {self.code}, wanted {code}\nout: {self.out}\nerr: {self.err}"
        if out is not None:
            assert out in self.out, f"{out!r} is not in stdout {self.out!r}"
        if err is not None:
            assert err in self.err, f"{err!r} is not in stderr {self.err!r}"
        return self


def glovebox(*arguments, stdin=b"", environment=None):
    process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=environment or dict(os.environ))
    out, err = process.communicate(stdin, timeout=120)
    return Done(process, out, err)


def run_exec(*arguments, policy="builtin:default", **more):
    return glovebox("exec", "--policy", policy, *arguments, **more)


def run_tool(state, tool, value, *arguments, session="s", **more):
    return run_exec("--state", state, "--session", session, "--tool", tool, *arguments,
                    stdin=json.dumps(value).encode(), **more)


def wait_for(what, look, patience=60.0):
    end = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"waited {patience} s in vain: {what}"
        time.sleep(0.01)  # between two looks


def processes():
    """pid -> (parent, argv) of everything that is not a zombie."""
    table = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        if fields[0] != "Z":
            table[int(entry.name)] = (int(fields[1]), [a.decode(errors="replace") for a in arguments])
    return table


def descendants(root):
    table, found, todo = processes(), {}, [root]
    while todo:
        parent = todo.pop()
        for pid, (its_parent, arguments) in table.items():
            if its_parent == parent and pid not in found:
                found[pid] = arguments
                todo.append(pid)
    return found


def role_pid(root, role):
    return next((pid for pid, arguments in descendants(root).items()
                 if arguments[0] == f"glovebox: {role}"), None)


def records(state):
    done = glovebox("audit", "show", "--json", pathlib.Path(state) / "audit")
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


class Running:
    """A call that goes on until its file `go` appears, seen to run by its file `begun`."""

    def __init__(self, folder, script="touch begun; while ! test -e go; do read -t 0.02 < /dev/zero; done; true"):
        self.state, self.work = folder / "state", folder / "work"
        self.work.mkdir()
        if IS_ROOT:
            os.chown(self.work, 65000, 65000)
        self.process = subprocess.Popen(
            [PROGRAM, "exec", "--policy", "builtin:default", "--state", str(self.state), "--workdir",
             str(self.work), "--session", "s", "--call", "c1", "--", "/bin/bash", "-c", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_for("the box runs", lambda: (self.work / "begun").exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.process.communicate()

    def role(self, name):
        return wait_for(name, lambda: role_pid(self.process.pid, name))

    def everything(self):
        return set(descendants(self.process.pid))

    def finish(self):
        (self.work / "go").touch()
        return self.end()

    def end(self):
        out, err = self.process.communicate(timeout=120)
        return Done(self.process, out, err)
