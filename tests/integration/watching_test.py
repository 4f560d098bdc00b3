#!/usr/bin/env python3
"""What an operator and a service manager see of the worker: state, metrics, health, notices."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from operations_harness import Configured, configuration, policy, refused, write
from worker_harness import PROGRAM, Plane, Worker, fresh_folder, run_cases, wait_for


def state_is_one_json_line(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    out = open(folder + "/out", "wb")
    process = subprocess.Popen([PROGRAM, "run", "--config", configuration(folder, plane)],
                               env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                               stdout=out, stderr=subprocess.DEVNULL)
    try:
        wait_for("a poll", lambda: plane.trace("work.poll"))
        process.send_signal(signal.SIGUSR1)
        line = wait_for("a line", lambda: pathlib.Path(folder, "out").read_text())
        state = json.loads(line)
        assert state["policy"] == "builtin:default" and state["state"] == folder + "/state", state
        assert set(state["roles"]) == {"auditor", "boxer", "egress", "worker"}, state
        assert all(role["restarts"] == 0 and role["pid"] > 0 for role in state["roles"].values())
        assert line.count("\n") == 1
    finally:
        process.terminate()
        assert process.wait(30) == 0


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        # The path may be longer than a socket's name can be.
        folder, name = os.path.split(self.path)
        fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        try:
            self.sock.connect(f"/proc/self/fd/{fd}/{name}")
        finally:
            os.close(fd)


def ask(connection, path, method="GET"):
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def numbers(worker):
    status, body = ask(Unix(worker.state + "/run/metrics.sock"), "/metrics")
    assert status == 200, body
    table = {}
    for line in body.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            table[name] = float(value)
    return table


def health(worker, path):
    return ask(Unix(worker.state + "/run/metrics.sock"), path)


def metrics_are_counted_where_it_happens(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    file = configuration(folder, plane)
    write(file, pathlib.Path(file).read_text().replace("builtin:default", policy(folder, "bash")))
    worker = keep(Configured(file))
    session = plane.session()
    assert not plane.result(session, plane.bash(session, "true"))[1]
    assert plane.result(session, plane.bash(session, "exit 3"))[1]
    call = plane.emit(session, {"type": "agent.tool_use", "name": "read",
                                "input": {"file_path": "x"}})[0]
    assert plane.result(session, call)[1]
    seen = numbers(worker)
    assert seen['glovebox_calls_total{tool="bash",outcome="finished"}'] == 2, seen
    assert seen['glovebox_calls_total{tool="read",outcome="denied"}'] == 1, seen
    assert seen['glovebox_denials_total{layer="policy"}'] == 1, seen
    assert seen['glovebox_call_seconds_count{tool="bash"}'] == 2, seen
    assert seen['glovebox_call_seconds_bucket{tool="bash",le="+Inf"}'] == 2, seen
    assert seen['glovebox_sessions{state="idle"}'] == 1, seen
    assert seen['glovebox_poll_total{result="item"}'] == 1, seen
    assert seen["glovebox_lease_lost_total"] == 0, seen
    assert seen["glovebox_result_post_retries_total"] == 0, seen
    # boot, session.open, two intents with results, one denial
    assert seen["glovebox_audit_records_total"] == 8, seen
    assert seen["glovebox_audit_flush_seconds_count"] >= 5, seen
    assert seen["glovebox_audit_space_bytes"] > 0, seen
    assert {seen[f'glovebox_role_restarts_total{{role="{role}"}}']
            for role in ("auditor", "boxer", "egress", "worker")} == {0}, seen
    starts = [value for name, value in seen.items()
              if name.startswith("glovebox_box_start_seconds_count")]
    assert sum(starts) == 2, seen
    assert [name for name in seen if name.startswith("glovebox_policy_info")], seen
    plane.fault(route="events.send", status=500, count=1)
    call = plane.bash(session, "echo twice")
    assert plane.result(session, call) == ("twice", False)
    worker.kill_role("boxer")
    seen = wait_for("the new boxer's numbers", lambda: (
        lambda n: n if "glovebox_sessions{state=\"idle\"}" in n else None)(numbers(worker)))
    assert seen["glovebox_result_post_retries_total"] == 1, seen
    assert seen['glovebox_role_restarts_total{role="boxer"}'] == 1, seen


def health_tells_the_truth(keep):
    plane = keep(Plane())
    worker = keep(Worker(plane))
    path = worker.state + "/run/metrics.sock"
    wait_for("a poll", lambda: plane.trace("work.poll"))
    wait_for("the socket", lambda: os.path.exists(path))
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert health(worker, "/healthz") == (200, "ok\n")
    assert wait_for("readiness", lambda: health(worker, "/readyz")[0] == 200)
    again = health(worker, "/readyz")
    assert again == (200, "ready\n"), again
    # A box was made for that, and recorded; the second time none was due.
    seen = numbers(worker)
    assert seen['glovebox_calls_total{tool="bash",outcome="finished"}'] == 1, seen
    assert ask(Unix(path), "/other")[0] == 404
    assert ask(Unix(path), "/metrics", "POST")[0] == 405
    # A role that hangs is told by its name, and again well when it goes on.
    auditor = int(worker.role("auditor"))
    os.kill(auditor, signal.SIGSTOP)
    try:
        answer = health(worker, "/healthz")
        assert answer == (503, "the auditor does not answer\n"), answer
        status, body = health(worker, "/readyz")
        assert status == 503 and "the auditor does not answer" in body, body
    finally:
        os.kill(auditor, signal.SIGCONT)
    wait_for("health", lambda: health(worker, "/healthz") == (200, "ok\n"))
    # The worker that serves it may die; whoever asks is answered by the next.
    worker.kill_role("worker")
    answer = health(worker, "/healthz")
    assert answer == (200, "ok\n"), answer


def readiness_says_why_not(keep):
    plane = keep(Plane())
    plane.fault(route="work.poll", status=401, count=0)
    worker = keep(Worker(plane))
    wait_for("the refusal", lambda: "poll refused" in worker.log())
    status, body = health(worker, "/readyz")
    assert status == 503 and "no poll was accepted yet: 401" in body, (status, body)
    # What cannot be made is not assumed.
    folder = fresh_folder()
    text = policy(folder, "sealed")
    write(text, pathlib.Path(text).read_text().replace('root = "host"', 'root = "host"\nlandlock = 60'),
          0o644)
    file = configuration(folder, plane)
    write(file, pathlib.Path(file).read_text().replace("builtin:default", text))
    other = keep(Configured(file))
    wait_for("the socket", lambda: os.path.exists(other.state + "/run/metrics.sock"))
    status, body = wait_for("an answer", lambda: health(other, "/readyz"))
    assert status == 503 and "no box can be made" in body and "Landlock" in body, (status, body)


def metrics_go_where_the_file_says(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    worker = keep(Configured(configuration(folder, plane, '[metrics]\nlisten = "127.0.0.1:0"')))
    where = wait_for("the port", lambda: re.search(r"127\.0\.0\.1 port (\d+)", worker.log()))
    port = int(where.group(1))
    assert wait_for("an answer", lambda: ask(http.client.HTTPConnection("127.0.0.1", port), "/healthz")
                    ) == (200, "ok\n")
    other = fresh_folder()
    path = other + "/here.sock"
    keep(Configured(configuration(other, plane, f'[metrics]\nlisten = "{path}"')))
    wait_for("the socket", lambda: os.path.exists(path))
    assert ask(Unix(path), "/healthz") == (200, "ok\n")
    third = fresh_folder()
    silent = keep(Configured(configuration(third, plane, '[metrics]\nlisten = "none"')))
    wait_for("it serves", lambda: "serving" in silent.log())
    assert "metrics" not in silent.log()
    refused(f"{pathlib.Path(configuration(fresh_folder(), plane)).read_text()}\n"
            f'[metrics]\nlisten = "{path}"', "metrics: ", "the name is taken")


def heard(manager):
    lines = []
    while True:
        try:
            lines += manager.recv(4096).decode().split("\n")
        except BlockingIOError:
            return lines


def the_service_manager_is_told(keep):
    plane = keep(Plane())
    for abstract in (False, True):
        folder = fresh_folder()
        name = f"\0glovebox-operations-{os.getpid()}" if abstract else folder + "/notify"
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        manager.bind(name)
        worker = keep(Configured(configuration(folder, plane), variables={
            "NOTIFY_SOCKET": name.replace("\0", "@"), "WATCHDOG_USEC": "400000"}))
        said = []

        def told(*wanted):
            said.extend(heard(manager))
            return all(line in said for line in wanted)
        wait_for("READY", lambda: told("READY=1", "STATUS=serving"))
        wait_for("three beats", lambda: told() and said.count("WATCHDOG=1") >= 3)
        said.clear()
        worker.process.send_signal(signal.SIGHUP)
        wait_for("a reload", lambda: told("RELOADING=1", "READY=1"))
        worker.process.terminate()
        wait_for("STOPPING", lambda: told("STOPPING=1", "STATUS=draining"))
        assert worker.process.wait(30) == 0
        manager.close()


CASES = [
    ("state is one JSON line", state_is_one_json_line),
    ("metrics are counted where it happens", metrics_are_counted_where_it_happens),
    ("health tells the truth", health_tells_the_truth),
    ("readiness says why not", readiness_says_why_not),
    ("metrics go where the file says", metrics_go_where_the_file_says),
    ("the service manager is told", the_service_manager_is_told),
]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    sys.exit(run_cases([(name, case) for name, case in CASES
                        if not wanted or any(word in name for word in wanted)]))
