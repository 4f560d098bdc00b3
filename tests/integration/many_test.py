#!/usr/bin/env python3
"""Many sessions at one worker: what each costs, that none waits for another, and in which order
calls start when there are too many. The order is read from the audit log."""
import collections
import json
import os
import pathlib
import resource
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from many_support import TlsPlane, attach, open_files, raise_file_limit, resident
from worker_harness import PROGRAM, Plane, Worker, run_cases, wait_for

# What a session may cost the worker role, and what an empty worker may take: 1,000 sessions then
# stay below 64 MiB.
SESSION_KIB, EMPTY_KIB = 48, 16 * 1024
SESSIONS = 200
UNTIL_GO = "until [ -e go ]; do sleep 0.5; done"


def records(worker):
    shown = subprocess.run([PROGRAM, "audit", "show", "--json", worker.state + "/audit"],
                           capture_output=True, text=True, timeout=60)
    return [json.loads(line) for line in shown.stdout.splitlines()]


def kinds(worker, *wanted):
    return [r for r in records(worker) if r["k"] in wanted]


def go(worker, session):
    (pathlib.Path(worker.state) / "work" / session / "go").touch()


def with_few_files(*arguments, **more):
    """The soft limit of most hosts, and less."""
    soft, hard = 128, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return subprocess.Popen(*arguments, **more, preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (soft, hard)))


def beats_of(plane):
    """How often the lease of each item was extended."""
    return collections.Counter(e["path"] for e in plane.trace("work.heartbeat"))


def attached_and_idle(keep):
    front = keep(TlsPlane("--ttl", "4"))
    worker = keep(front.worker("--max-sessions", "1024", popen=with_few_files))
    wait_for("a worker that serves", lambda: "serving" in worker.log())
    role = worker.role("worker")
    empty = resident(role)
    ids = attach(front.plane, SESSIONS)
    wait_for("heartbeats", lambda: (lambda beats: len(beats) == SESSIONS and
                                    min(beats.values()) >= 2)(beats_of(front.plane)))
    full = resident(role)
    each = (full["rss_kib"] - empty["rss_kib"]) / SESSIONS
    print(f"empty {empty['rss_kib']} KiB, {SESSIONS} sessions {full['rss_kib']} KiB, {each:.1f} each")
    assert empty["rss_kib"] <= EMPTY_KIB, empty
    assert each <= SESSION_KIB, each
    # A stream each, and no more than a few connections for requests. Only root may look.
    if os.geteuid() == 0:
        assert open_files(role) <= SESSIONS + 64, open_files(role)
    call = front.plane.bash(ids[-1], "echo served")
    assert front.plane.result(ids[-1], call) == ("served", False)


def a_hundred_at_once(keep):
    plane = keep(Plane())
    worker = keep(Worker(plane, "--max-sessions", "128"))
    ids = [plane.session() for _ in range(100)]
    calls = {session: plane.bash(session, UNTIL_GO + "; echo done") for session in ids}
    wait_for("a hundred intents", lambda: len(kinds(worker, "tool.intent")) == 100)
    assert not kinds(worker, "tool.result")
    for session in reversed(ids):
        go(worker, session)
    for session, call in calls.items():
        assert plane.result(session, call) == ("done", False)


def none_waits_for_another(keep):
    """Forty sessions are busy; one more is served as if it were alone."""
    plane = keep(Plane())
    worker = keep(Worker(plane, "--max-sessions", "128", "--max-calls", "128"))
    busy = [plane.session() for _ in range(40)]
    for session in busy:
        plane.bash(session, UNTIL_GO)
    wait_for("all of them", lambda: len(kinds(worker, "tool.intent")) == 40)
    other = plane.session()
    for word in ("one", "two", "three"):
        assert plane.result(other, plane.bash(other, "echo " + word)) == (word, False)
    assert len(kinds(worker, "tool.result")) == 3
    for session in busy:
        go(worker, session)


def slots_go_round(keep):
    """One slot: a session with many calls does not keep another from its first."""
    plane = keep(Plane())
    worker = keep(Worker(plane, "--max-calls", "1"))
    greedy, modest, third = plane.session(), plane.session(), plane.session()
    names = {greedy: "greedy", modest: "modest", third: "third"}
    first = plane.bash(greedy, UNTIL_GO)
    wait_for("the slot's first holder", lambda: len(kinds(worker, "tool.intent")) == 1)
    more = [plane.bash(greedy, "true") for _ in range(3)]
    one = plane.bash(modest, "true")
    wait_for("a session in the queue", lambda: one in worker.log())
    two = plane.bash(third, "true")
    wait_for("another in the queue", lambda: two in worker.log())
    assert len(kinds(worker, "tool.intent")) == 1
    go(worker, greedy)
    for session, call in [(greedy, first), *((greedy, c) for c in more), (modest, one), (third, two)]:
        plane.result(session, call)
    order = [names[r["sid"]] for r in kinds(worker, "tool.intent")]
    assert order == ["greedy", "modest", "third", "greedy", "greedy", "greedy"], order
    # One after another, also in the log.
    told = [r["k"] for r in kinds(worker, "tool.intent", "tool.result")]
    assert told == ["tool.intent", "tool.result"] * 6, told


def calls_in_order(keep):
    """Readers wait for earlier writers, writers for everything earlier; at most four readers."""
    plane = keep(Plane())
    worker = keep(Worker(plane))
    session = plane.session()

    def use(name, **given):
        return {"type": "agent.tool_use", "name": name, "input": given}
    first = plane.bash(session, "mkdir tree; seq 3000 | (cd tree && xargs touch); " + UNTIL_GO)
    rest = plane.emit(session, *[use("glob", pattern="**/*7*") for _ in range(6)],
                      use("write", file_path="tree/new", content="x"), use("glob", pattern="tree/new"),
                      use("bash", command="true"))
    wait_for("all of them at the worker", lambda: rest[-1] in worker.log())
    assert len(kinds(worker, "tool.intent")) == 1
    go(worker, session)
    for call in [first, *rest]:
        plane.result(session, call)
    told = [(r["k"], r["tu"]) for r in kinds(worker, "tool.intent", "tool.result")]
    assert [i for k, i in told if k == "tool.intent"] == [first, *rest], told
    open_now, most = set(), 0
    writers = {first, rest[6], rest[8]}
    for kind, call in told:
        if kind == "tool.result":
            open_now.discard(call)
            continue
        assert not open_now & writers, told
        assert call not in writers or not open_now, told
        open_now.add(call)
        most = max(most, len(open_now))
    assert 2 <= most <= 4, most
    assert plane.result(session, rest[7])[0].strip().endswith("tree/new")


def limits_are_named(keep):
    del keep
    for arguments in (["--max-sessions", "1025"], ["--max-sessions", "0"], ["--max-calls", "0"],
                      ["--max-calls", "4097"], ["--keep", "7d"], ["--keep", "idle:0s"],
                      ["--seed", "/x", "--workspace", "shared", "--environment-id", "e"]):
        ended = subprocess.run([PROGRAM, "worker", *arguments], capture_output=True, text=True,
                               timeout=30, env={"ANTHROPIC_ENVIRONMENT_KEY": "k"})
        assert ended.returncode == 64 and arguments[0] in ended.stderr, (arguments, ended.stderr)


def few_files_are_told(keep):
    plane = keep(Plane())

    def popen(*arguments, **more):
        return subprocess.Popen(*arguments, **more, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (256, 256)))
    worker = keep(Worker(plane, "--max-sessions", "1024", popen=popen))
    wait_for("the warning", lambda: "limit of open files is too low" in worker.log())
    session = plane.session()
    assert plane.result(session, plane.bash(session, "echo served")) == ("served", False)


CASES = [
    ("limits that are none", limits_are_named),
    ("too few open files are told", few_files_are_told),
    ("two hundred sessions over TLS, attached and idle", attached_and_idle),
    ("a hundred sessions have a call running at once", a_hundred_at_once),
    ("a session among forty busy ones is served at once", none_waits_for_another),
    ("sessions that wait for a slot get it in turn", slots_go_round),
    ("calls of a session in their order, readers side by side", calls_in_order),
]

if __name__ == "__main__":
    raise_file_limit()
    sys.exit(run_cases(CASES))
