#!/usr/bin/env python3
"""The worker against the plane: sessions served from boxes, faults, deaths, shutdown."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from worker_harness import (PROGRAM, Plane, Worker, cmdline, descendants, fresh_folder, run_cases,
                            wait_for)

REHEARSAL = """
rehearsal = 1
name = "mini"
about = "files, the shell and the person who is asked"
[[step]]
title = "write"
tool = "write"
input = { file_path = "a.txt", content = "hello" }
expect = { equals = "wrote 5 bytes to a.txt" }
[[step]]
title = "side by side"
[[step.call]]
tool = "read"
input = { file_path = "a.txt" }
expect = { equals = "hello" }
[[step.call]]
tool = "glob"
input = { pattern = "*.txt" }
expect = { equals = "/workspace/a.txt" }
[[step]]
title = "a status"
tool = "bash"
input = { command = "cat a.txt; exit 3" }
expect = { exit = 3, contains = "hello" }
[[step]]
title = "asked and allowed"
tool = "bash"
input = { command = "echo yes" }
ask = "allow"
expect = { equals = "yes" }
[[step]]
title = "asked and denied"
tool = "bash"
input = { command = "rm a.txt" }
ask = "deny"
[[step]]
title = "it did not run"
tool = "bash"
input = { command = "cat a.txt" }
expect = { equals = "hello" }
"""

# Appends to a file in the workspace, then waits for the file `go`: a call that can be caught in
# its middle and whose side effect can be counted.
WAIT_FOR_GO = "echo x >> effect; until [ -e go ]; do sleep 0.05; done; echo done"


def workspace(worker):
    return pathlib.Path(worker.folder) / "work"


def shared(keep, plane, *arguments):
    """A worker whose sessions share a workspace that the test can look into."""
    folder = fresh_folder()
    work = folder + "/work"
    os.mkdir(work, 0o700)
    return keep(Worker(plane, "--workdir", work, "--workspace", "shared", *arguments, state=folder))


def effects(worker):
    try:
        return (workspace(worker) / "effect").read_text().count("x")
    except FileNotFoundError:
        return 0


def let_go(plane, session):
    return plane.bash(session, "touch go")


def rehearsal(keep):
    plane = keep(Plane())
    keep(Worker(plane))
    session = plane.rehearse("mini", REHEARSAL)
    report = wait_for("the end of the rehearsal", lambda: (
        lambda r: r if r["state"] in ("passed", "failed") else None)(plane.report(session)))
    assert report["state"] == "passed", json.dumps(report, indent=1)


def several_sessions(keep):
    plane = keep(Plane())
    shared(keep, plane)
    first, second = plane.session(), plane.session()
    one = plane.bash(first, "touch one; until [ -e two ]; do sleep 0.05; done; echo met")
    two = plane.bash(second, "touch two; until [ -e one ]; do sleep 0.05; done; echo met")
    assert plane.result(first, one) == ("met", False)
    assert plane.result(second, two) == ("met", False)


def claims_only_what_it_can_serve(keep):
    plane = keep(Plane())
    shared(keep, plane, "--max-sessions", "1")
    first = plane.session()
    one = plane.bash(first, WAIT_FOR_GO)
    wait_for("a running call", lambda: len([w for w in plane.work() if w["state"] == "active"]) == 1)
    second = plane.session()
    two = plane.bash(second, "echo second")
    polls = len(plane.trace("work.poll"))
    assert not plane.results(second, two)
    plane.ask("POST", f"/v1/sessions/{first}/archive", {})
    assert plane.result(second, two) == ("second", False)
    assert polls <= 2, polls


def stop_during_a_call(keep):
    plane = keep(Plane("--ttl", "4"))
    worker = shared(keep, plane)
    session = plane.session()
    call = plane.bash(session, WAIT_FOR_GO)
    wait_for("the call's effect", lambda: effects(worker) == 1)
    item = next(w for w in plane.work() if w["data"]["id"] == session)
    plane.ask("POST", f"/v1/environments/{plane.environment}/work/{item['id']}/stop", {})
    wait_for("the confirming stop", lambda: next(
        w for w in plane.work() if w["id"] == item["id"])["state"] == "stopped")
    text, is_error = plane.result(session, call)
    assert is_error, text


def lease_lost(keep):
    plane = keep(Plane("--ttl", "4"))
    worker = shared(keep, plane)
    session = plane.session()
    call = plane.bash(session, WAIT_FOR_GO)
    wait_for("the call's effect", lambda: effects(worker) == 1)
    item = next(w for w in plane.work() if w["data"]["id"] == session)
    stops = len(plane.trace("work.stop"))
    plane.ask("POST", f"/_plane/work/{item['id']}/lose_lease")
    wait_for("the lost lease", lambda: "lease lost" in worker.log())
    assert len(plane.trace("work.stop")) == stops, "it stopped an item that is not its own"
    # The item is offered again, to this worker too: the call is answered, not run again.
    plane.result(session, call)
    assert len(plane.results(session, call)) == 1
    assert effects(worker) == 1


def faults(keep):
    """Each fault once; every call is answered once and ran once."""
    rows = [
        ("a server error on a post", dict(route="events.send", status=503)),
        ("a rate limit on a post", dict(route="events.send", status=429, retry_after_ms=10)),
        ("a post that was done, its answer cut", dict(route="events.send", applied=True, cut="before")),
        ("a post that was done, answered 500", dict(route="events.send", applied=True, status=500)),
        ("a cut stream", dict(route="events.stream", cut="head")),
        ("a stream that says nothing", dict(route="events.stream", stall=True)),
        ("a server error on the stream", dict(route="events.stream", status=500)),
        ("a history that is no JSON", dict(route="events.list", malformed=True)),
        ("a server error on the history", dict(route="events.list", status=502)),
        ("a session that is not read at first", dict(route="sessions.retrieve", status=503)),
        ("a heartbeat that fails", dict(route="work.heartbeat", status=500)),
        ("a poll that fails", dict(route="work.poll", status=500)),
        ("an ack that fails once", dict(route="work.ack", status=503)),
        ("an answer cut in its body", dict(route="sessions.retrieve", cut="body")),
    ]
    plane = keep(Plane())
    worker = shared(keep, plane, "--stream-silence", "7s")
    for number, (name, rule) in enumerate(rows, 1):
        plane.fault(**rule)
        session = plane.session()
        call = plane.bash(session, "echo x >> effect; echo done")
        wait_for("the fault: " + name, plane.fault_struck)
        assert plane.result(session, call) == ("done", False), name
        assert len(plane.results(session, call)) == 1, name
        assert effects(worker) == number, (name, effects(worker))
        plane.ask("POST", f"/v1/sessions/{session}/archive", {})


def killed(role):
    def case(keep):
        plane = keep(Plane("--ttl", "6"))
        worker = shared(keep, plane)
        session = plane.session()
        call = plane.bash(session, WAIT_FOR_GO)
        wait_for("the call's effect", lambda: effects(worker) == 1)
        worker.kill_role(role)
        # Whatever was cut is answered; if the box still runs, it may end now.
        (workspace(worker) / "go").touch()
        plane.result(session, call)

        # While the log is away, and only then, calls are refused; it comes back by itself.
        def goes_on():
            text, is_error = plane.result(session, plane.bash(session, "echo still here"))
            assert is_error == (role == "auditor" and "the audit log cannot be written" in text), text
            return text == "still here"
        wait_for("the session goes on", goes_on)
        assert len(plane.results(session, call)) == 1
        assert effects(worker) == 1
        assert worker.terminate() == 0
        verified = subprocess.run([PROGRAM, "audit", "verify", worker.state + "/audit"],
                                  capture_output=True, text=True)
        assert verified.returncode == 0, verified.stdout + verified.stderr
    return case


def keeps_dying(role):
    """Five deaths, most of them while the role starts: glovebox ends, says why, and the next start
    answers what was left."""
    def case(keep):
        plane = keep(Plane("--ttl", "4"))
        worker = shared(keep, plane)
        session = plane.session()
        call = plane.bash(session, "echo x >> effect; echo done" if role == "boxer" else WAIT_FOR_GO)
        wait_for("the call's effect", lambda: effects(worker) == 1)
        if role == "boxer":
            plane.result(session, call)
        seen = [None]
        for _ in range(5):
            wait_for(f"another {role}", lambda: worker.role(role) not in seen)
            seen.append(worker.role(role))
            os.kill(seen[-1], signal.SIGKILL)
        assert worker.process.wait(20) == 70, worker.log()
        assert f"roles died 5 times within 60 s, last the {role}" in worker.log()
        assert "ended while it started" not in worker.log()
        keep(Worker(plane, "--workdir", worker.folder + "/work", "--workspace", "shared",
                    state=worker.folder))
        plane.result(session, call)
        after = plane.bash(session, "echo still here")
        assert plane.result(session, after) == ("still here", False)
        assert len(plane.results(session, call)) == 1
        assert effects(worker) == 1
    return case


def started_again(keep):
    """kill -9 of everything between result and post: the next start posts the stored result."""
    plane = keep(Plane("--ttl", "4"))
    worker = shared(keep, plane)
    plane.fault(route="events.send", status=503, count=0)
    session = plane.session()
    call = plane.bash(session, "echo x >> effect; echo done")
    wait_for("a refused post", lambda: "posting a result again" in worker.log())
    for pid in [worker.process.pid, *descendants(worker.process.pid)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    worker.process.wait()
    plane.ask("DELETE", "/_plane/faults")
    keep(Worker(plane, "--workdir", worker.folder + "/work", "--workspace", "shared",
                state=worker.folder))
    assert plane.result(session, call) == ("done", False)
    assert len(plane.results(session, call)) == 1
    assert effects(worker) == 1


def no_key_in_proc(keep):
    plane = keep(Plane())
    worker = keep(Worker(plane, "--environment-key", plane.environment_key))
    session = plane.session()
    assert plane.result(session, plane.bash(session, "echo up"))[0] == "up"
    seen = set()
    for pid in [worker.process.pid, *descendants(worker.process.pid)]:
        for name in ("environ", "cmdline"):
            try:
                text = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
            except PermissionError:
                continue
            seen.add(cmdline(pid).split("\0")[0])
            assert plane.environment_key.encode() not in text, (pid, name)
    assert len(seen) >= 1, seen
    assert plane.environment_key not in worker.log()


def health_check(keep):
    plane = keep(Plane())
    worker = keep(Worker(plane))
    item = plane.ask("POST", "/_plane/healthcheck", {})
    done = wait_for("the stop", lambda: next(
        (w for w in plane.work() if w["id"] == item["id"] and w["state"] == "stopped"), None))
    assert done["acknowledged_at"] and done["latest_heartbeat_at"]
    wait_for("its outcome", lambda: "health check passed" in worker.log())


def plane_is_confined(keep):
    plane = keep(Plane())
    status = pathlib.Path(f"/proc/{plane.process.pid}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Seccomp"] == "2" and facts["NoNewPrivs"] == "1", status
    assert int(facts["CapEff"], 16) == 0 and int(facts["CapPrm"], 16) == 0, status


def drain(keep):
    plane = keep(Plane())
    worker = shared(keep, plane, "--drain", "1s")
    session = plane.session()
    call = plane.bash(session, "echo begun; " + WAIT_FOR_GO)
    wait_for("the call's effect", lambda: effects(worker) == 1)
    assert worker.terminate() == 0
    text, is_error = plane.result(session, call)
    assert is_error and "begun" in text and "shutting down" in text, text
    assert [w["state"] for w in plane.work()] == ["stopped"]


def drain_of_the_group(keep):
    """As a Ctrl-C or timeout(1) does it: every process of the group gets the signal."""
    plane = keep(Plane())
    worker = shared(keep, plane, "--drain", "1s")
    session = plane.session()
    call = plane.bash(session, "echo begun; " + WAIT_FOR_GO)
    wait_for("the call's effect", lambda: effects(worker) == 1)
    os.killpg(worker.process.pid, signal.SIGINT)
    assert worker.process.wait(60) == 0
    text, is_error = plane.result(session, call)
    assert is_error and "begun" in text and "shutting down" in text, text
    assert "died" not in worker.log()


def drain_lets_finish(keep):
    plane = keep(Plane())
    worker = shared(keep, plane, "--drain", "60s")
    session = plane.session()
    call = plane.bash(session, WAIT_FOR_GO)
    wait_for("the call's effect", lambda: effects(worker) == 1)
    worker.process.terminate()
    wait_for("the shutdown", lambda: "shutting down" in worker.log())
    (workspace(worker) / "go").touch()
    assert plane.result(session, call) == ("done", False)
    assert worker.process.wait(60) == 0


def idle_ends_the_item(keep):
    plane = keep(Plane())
    keep(Worker(plane, "--max-idle", "100ms"))
    session = plane.session()
    assert plane.result(session, plane.bash(session, "echo up"))[0] == "up"
    plane.end_turn(session)
    wait_for("the stop", lambda: [w["state"] for w in plane.work()] == ["stopped"])


def no_item_without_its_token(keep):
    plane = keep(Plane())
    worker = keep(Worker(plane))
    for secret in ("none", "garbage", "empty_token", "with_base_url", "usual"):
        plane.settings(secret=secret)
        session = plane.session()
        assert plane.result(session, plane.bash(session, "echo up"))[0] == "up", secret
    assert "the environment key serves this item" in worker.log()


def one_claimed_item(keep):
    plane = keep(Plane())
    session = plane.session()
    path = f"/v1/environments/{plane.environment}/work"
    item = ask_as(plane, "GET", path + "/poll")
    ask_as(plane, "POST", f"{path}/{item['id']}/ack")
    folder = fresh_folder()
    secret = folder + "/secret"
    pathlib.Path(secret).write_text(item["secret"])
    flags = ["--work-id", item["id"], "--session-id", session, "--work-secret-file", secret,
             "--max-idle", "100ms"]
    os.chmod(secret, 0o644)
    refused = keep(Worker(plane, *flags, command=("worker", "run"), key_variable=False))
    assert refused.process.wait(30) == 78 and "group or others can read it" in refused.log()
    os.chmod(secret, 0o600)
    for credentials in (flags[:4], flags):  # none, and one that is of no use
        pathlib.Path(secret).write_text("nonsense")
        refused = keep(Worker(plane, *credentials, command=("worker", "run"), key_variable=False))
        assert refused.process.wait(30) == 78, refused.log()
        assert "credential" in refused.log() and "hint: ANTHROPIC_WORK_SECRET" in refused.log()
    pathlib.Path(secret).write_text(item["secret"])
    worker = keep(Worker(plane, *flags, command=("worker", "run"), key_variable=False))
    assert plane.result(session, plane.bash(session, "echo up"))[0] == "up"
    plane.end_turn(session)
    assert worker.process.wait(60) == 0


def ask_as(plane, method, path):
    request = urllib.request.Request(
        plane.base_url + path, method=method,
        headers={"authorization": "Bearer " + plane.environment_key,
                 "anthropic-version": "2026-10-21",
                 "anthropic-beta": "managed-agents-2026-04-01"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


def refusals(keep):
    plane = keep(Plane())
    rows = [
        (["--on-work", "x.sh"], 64, "--on-work"),
        (["--no-such-flag"], 64, "--no-such-flag"),
        (["--max-sessions", "0"], 64, "--max-sessions"),
        (["--max-idle", "soon"], 64, "--max-idle"),
        (["--workspace", "none"], 64, "--workspace"),
        (["--ca-file", "/nowhere"], 78, "/nowhere"),
    ]
    for flags, code, word in rows:
        worker = keep(Worker(plane, *flags))
        assert worker.process.wait(30) == code, (flags, worker.log())
        assert word in worker.log(), (flags, worker.log())
    far = subprocess.run([PROGRAM, "worker", "--base-url", "http://192.0.2.1", "--environment-id",
                          "env", "--policy", "builtin:default"],
                         env={"ANTHROPIC_ENVIRONMENT_KEY": "k"}, capture_output=True, text=True)
    assert far.returncode == 78 and "--allow-http" in far.stderr, far.stderr
    bare = subprocess.run([PROGRAM, "worker", "--environment-id", "env"], env={},
                          capture_output=True, text=True)
    assert bare.returncode == 78 and "ANTHROPIC_ENVIRONMENT_KEY" in bare.stderr, bare.stderr


def rehearse_command(keep):
    folder = fresh_folder()
    good, wrong, broken = (f"{folder}/{name}.toml" for name in ("good", "wrong", "broken"))
    pathlib.Path(good).write_text(REHEARSAL)
    pathlib.Path(wrong).write_text(REHEARSAL.replace('equals = "yes"', 'equals = "no"'))
    pathlib.Path(broken).write_text("rehearsal = 1\nbananas = 3\n")
    rows = [(good, "builtin:default", 0, "good"), (wrong, "builtin:default", 1, "NOT ok"),
            (broken, "builtin:default", 2, "broken.toml:2"), (good, broken, 78, "broken.toml"),
            (good, folder + "/none.toml", 78, "none.toml")]
    for file, policy, code, word in rows:
        done = subprocess.run([PROGRAM, "rehearse", file, "--policy", policy, "--state",
                               f"{folder}/{time.monotonic_ns()}"],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == code, (file, policy, done.stdout, done.stderr)
        assert word in done.stdout + done.stderr, (file, policy, done.stdout, done.stderr)


CASES = [
    ("a rehearsal is served from boxes", rehearsal),
    ("several sessions at once", several_sessions),
    ("an item is claimed only when it can be served", claims_only_what_it_can_serve),
    ("a stop during a call ends it and answers it", stop_during_a_call),
    ("a lost lease leaves the item alone", lease_lost),
    ("faults of the control plane", faults),
    ("kill -9 of the worker in a call", killed("worker")),
    ("kill -9 of the boxer in a call", killed("boxer")),
    ("kill -9 of the auditor in a call", killed("auditor")),
    ("kill -9 of all before the post", started_again),
    ("a worker that keeps dying", keeps_dying("worker")),
    ("a boxer that keeps dying", keeps_dying("boxer")),
    ("an auditor that keeps dying", keeps_dying("auditor")),
    ("no key in /proc", no_key_in_proc),
    ("a health check is probed and released", health_check),
    ("the plane is confined", plane_is_confined),
    ("SIGTERM answers a running call after the drain time", drain),
    ("a signal to the group is for the supervisor", drain_of_the_group),
    ("SIGTERM lets a running call finish within the drain time", drain_lets_finish),
    ("an idle session is released", idle_ends_the_item),
    ("items with secrets of every form", no_item_without_its_token),
    ("worker run serves one claimed item", one_claimed_item),
    ("what the worker refuses to start with", refusals),
    ("rehearse: exit codes", rehearse_command),
]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    sys.exit(run_cases([(name, case) for name, case in CASES
                        if not wanted or any(word in name for word in wanted)]))
