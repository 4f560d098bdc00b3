"""A plane and a worker of their own for a test, and the questions that tests ask them.

Waiting is for something to be seen (an event, a process, a line), never for a time; every wait has
a limit that only a failing test reaches.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

PROGRAM = os.environ["GLOVEBOX_BINARY"]
PATIENCE = 60.0


def wait_for(what, look, patience=PATIENCE):
    end = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s in vain: {what}")
        time.sleep(0.02)  # between two looks


class Plane:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([PROGRAM, "plane", *arguments], stdout=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL)
        facts = json.loads(self.process.stdout.readline())
        self.base_url, self.api_key = facts["base_url"], facts["api_key"]
        self.environment, self.environment_key = facts["environment_id"], facts["environment_key"]

    def ask(self, method, path, body=None):
        data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
        request = urllib.request.Request(self.base_url + path, data=data, method=method, headers={
            "x-api-key": self.api_key, "anthropic-version": "2026-10-21",
            "anthropic-beta": "managed-agents-2026-04-01", "content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read() or b"null")

    def session(self, metadata=None, **more):
        body = {"agent": "agent_test", "environment_id": self.environment,
                "metadata": metadata or {"brain": "manual"},
                "initial_events": [{"type": "user.message",
                                    "content": [{"type": "text", "text": "begin"}]}], **more}
        return self.ask("POST", "/v1/sessions", body)["id"]

    def rehearse(self, name, text):
        self.ask("PUT", f"/_plane/rehearsals/{name}", text.encode())
        return self.session({"rehearsal": name})

    def report(self, session):
        return self.ask("GET", f"/_plane/rehearsals/{session}")

    def emit(self, session, *events):
        return self.ask("POST", f"/_plane/sessions/{session}/emit", {"events": list(events)})["ids"]

    def bash(self, session, command):
        return self.emit(session, {"type": "agent.tool_use", "name": "bash",
                                   "input": {"command": command}})[0]

    def end_turn(self, session):
        self.ask("POST", f"/_plane/sessions/{session}/emit", {"events": [], "end_turn": True})

    def events(self, session):
        found, page = [], ""
        while page is not None:
            answer = self.ask("GET", f"/v1/sessions/{session}/events?limit=1000{page}")
            found += answer["data"]
            page = answer["next_page"] and "&page=" + urllib.parse.quote(answer["next_page"])
        return found

    def results(self, session, call):
        return [e for e in self.events(session)
                if e["type"] == "user.tool_result" and e["tool_use_id"] == call]

    def result(self, session, call, patience=PATIENCE):
        found = wait_for(f"a result of {call}", lambda: self.results(session, call), patience)
        text = "\n".join(b.get("text", "") for b in found[0]["content"])
        return text, bool(found[0].get("is_error"))

    def work(self):
        return self.ask("GET", f"/v1/environments/{self.environment}/work")["data"]

    def fault(self, **rule):
        self.ask("POST", "/_plane/faults", rule)

    def fault_struck(self):
        """Whether every rule has had a hit. A test must not ask for what it has a fault on before
        that: its own question would be hit."""
        return all(rule["hits"] > 0 for rule in self.ask("GET", "/_plane/faults"))

    def settings(self, **settings):
        self.ask("POST", "/_plane/settings", settings)

    def trace(self, route):
        entries = self.ask("GET", "/_plane/trace")
        entries = entries if isinstance(entries, list) else entries["data"]
        return [e for e in entries if e["route"] == route]

    def end(self):
        self.process.kill()
        self.process.wait()


class Worker:
    def __init__(self, plane, *arguments, state=None, command=("worker",), variables=None,
                 key_variable=True, program=(PROGRAM,), popen=subprocess.Popen, policy="builtin:default"):
        self.folder = state or fresh_folder()
        self.state = self.folder + "/state"
        self.log_path = f"{self.folder}/worker-{time.monotonic_ns()}.log"
        environment = {"PATH": os.environ["PATH"], **(variables or {})}
        if key_variable:
            environment["ANTHROPIC_ENVIRONMENT_KEY"] = plane.environment_key
        with open(self.log_path, "wb") as log:
            self.process = popen(
                [*program, *command, "--base-url", plane.base_url, "--environment-id",
                 plane.environment, "--policy", policy, "--state", self.state,
                 *arguments],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

    def log(self):
        return pathlib.Path(self.log_path).read_text(errors="replace")

    def role(self, name):
        """The pid of a role of this worker, or None."""
        for line in children(self.process.pid):
            if cmdline(line).split("\0")[0] == f"glovebox: {name}":
                return line
        return None

    def kill_role(self, name):
        pid = wait_for(f"the {name}", lambda: self.role(name))
        os.kill(pid, signal.SIGKILL)
        wait_for(f"another {name}", lambda: self.role(name) not in (None, pid))

    def terminate(self, patience=PATIENCE):
        self.process.terminate()
        return self.process.wait(patience)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def children(parent):
    pids = []
    try:
        for task in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            pids += [int(word) for word in task.read_text().split()]
    except OSError:
        pass  # it has ended
    return pids


def descendants(parent):
    found = []
    for pid in children(parent):
        found += [pid, *descendants(pid)]
    return found


def cmdline(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def fresh_folder():
    folder = tempfile.mkdtemp(prefix="glovebox-test-")
    os.chmod(folder, 0o711)  # the roles' own ids must reach what is in it
    FOLDERS.append(folder)
    return folder


FOLDERS = []


def run_case(name, case):
    """Prints `ok NAME` or `not ok NAME` and why, at once; returns whether it is ok. What the case
    gave to keep() is ended, the last first."""
    made, lines = [], []

    def keep(thing):
        made.append(thing)
        return thing
    try:
        case(keep)
        lines.append(f"ok {name}")
    except Exception as problem:  # one case must not hide the others
        lines.append(f"{type(problem).__name__}: {problem}")
        for thing in made:
            if isinstance(thing, Worker):
                lines.append(re.sub(r"^", "  | ", thing.log()[-3000:], flags=re.MULTILINE))
        lines.append(f"not ok {name}")
    for thing in reversed(made):
        thing.end()
    print("\n".join(lines), flush=True)
    return lines[-1].startswith("ok")


def remove_folders():
    for folder in FOLDERS:
        shutil.rmtree(folder, ignore_errors=True)


def run_cases(cases):
    """Returns the exit status."""
    results = [run_case(name, case) for name, case in cases]
    remove_folders()
    return 0 if all(results) else 1
