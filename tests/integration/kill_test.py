#!/usr/bin/env python3
"""kill -9 of each role at each point of a call, as the messages between the roles show it.

usage: kill_test.py root|user [WORD...]    (WORD: only points with it in their name)

The control plane queues one call that appends to a file. At the point the role is killed; then
glovebox has to come back by itself (or, after the death of the supervisor, by another start on the
same state folder), answer the call once and in time, have run it at most once, serve the next call,
and leave nothing on the host. The messages are seen and held from outside (message_tap.py), which
takes root whoever glovebox runs as.
"""
import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from message_tap import TappedProcess  # noqa: E402
from run_harness import LEASE_SECONDS, Run, nothing_left, oracle, reachable_program  # noqa: E402
from unheard_policy import write_unheard_policy  # noqa: E402
from worker_harness import fresh_folder, remove_folders, run_case, wait_for  # noqa: E402

ANSWER_SECONDS = LEASE_SECONDS + 10
# The answer of the plane that a role is killed before; far more than a kill takes.
ANSWER_DELAY_MS = 3000

APPEND = "echo x >> effect; echo done"
# More than the pipe and the keeper's reader hold at once: when `half` is there, it was half read.
APPEND_AND_TALK = ("echo x >> effect; head -c 150000 /dev/zero | tr '\\0' a; touch half; "
                   "until [ -e go ]; do sleep 0.02; done; echo; echo done")

# What the answer may say: the call ran to its end; it may have run in part; it was not recorded.
RAN, INTERRUPTED, UNRECORDED = ({"done"}, {"interrupted by a restart"},
                                {"refused, the audit log cannot be written"})


class OfRecord:
    """Picks the request for a record of a kind, or the word that it is durable."""

    def __init__(self, message, kind):
        self.message, self.kind, self.asked = message, kind.encode(), set()

    def __call__(self, message):
        sequence, size = message.body[:8], int.from_bytes(message.body[8:12], "little")
        is_request = message.is_a("Append") and message.body[12:12 + size] == self.kind
        if is_request:
            self.asked.add(sequence)
        return is_request if self.message == "Append" else (
            message.is_a("Appended") and sequence in self.asked)


def of_type(name):
    return lambda message: message.is_a(name)


class HeldMessage:
    """The point at which a message is about to be sent."""
    command = APPEND

    def __init__(self, wanted, *arguments):
        self.wanted, self.arguments = wanted, arguments

    def prepare(self, run):
        wanted, earlier = self.wanted(*self.arguments), run.first.encode()
        # The worker may still be busy with the end of the call before.
        run.worker.process.hold(lambda message: earlier not in message.body and wanted(message))

    def reached(self, run):
        return run.worker.process.held.is_set()

    def leave(self, run):
        run.worker.process.release()


class HalfRead:
    command = APPEND_AND_TALK

    def prepare(self, run):
        pass

    def reached(self, run):
        return (run.work / "half").exists()

    def leave(self, run):
        pass  # it would talk for ever


class Posted:
    """The plane has the post, and took it or not; its answer is not there yet."""
    command = APPEND

    def __init__(self, **fault):
        self.fault = fault

    def prepare(self, run):
        run.plane.fault(route="events.send", **self.fault)

    def reached(self, run):
        return run.plane.fault_struck()

    def leave(self, run):
        # Still unanswered when the role was gone, else this was another point.
        assert f"answered session={run.session} call={run.call}" not in run.worker.log()


POINTS = {
    "before the intent": HeldMessage(OfRecord, "Append", "tool.intent"),
    "intent durable": HeldMessage(OfRecord, "Appended", "tool.intent"),
    "box started": HeldMessage(of_type, "BoxStarted"),
    "output half read": HalfRead(),
    "box ended": HeldMessage(of_type, "BoxDone"),
    "result stored": HeldMessage(OfRecord, "Append", "tool.result"),
    "result durable": HeldMessage(OfRecord, "Appended", "tool.result"),
    "before the post": HeldMessage(of_type, "CallDone"),
    "post sent but unanswered": Posted(applied=True, delay_ms=ANSWER_DELAY_MS),
    "post sent and lost": Posted(stall=True),
    "post answered": HeldMessage(of_type, "Settled"),
}

# For each role the answer and how often the command may have appended.
NEVER, ONCE, PERHAPS = {0}, {1}, {0, 1}
EXPECTED = {
    "before the intent": {
        "worker": (INTERRUPTED, PERHAPS), "boxer": (RAN, ONCE),
        "auditor": (UNRECORDED, NEVER), "supervisor": (RAN, ONCE)},
    "intent durable": {
        "worker": (INTERRUPTED, PERHAPS), "boxer": (INTERRUPTED, NEVER),
        "auditor": (UNRECORDED, NEVER), "supervisor": (INTERRUPTED, NEVER)},
    # The boxer may read the end of the worker and the end of the box in one turn.
    "box started": {
        "worker": (RAN | INTERRUPTED, PERHAPS), "boxer": (INTERRUPTED, PERHAPS),
        "auditor": (UNRECORDED, PERHAPS), "supervisor": (INTERRUPTED, PERHAPS)},
    "output half read": {
        "worker": (INTERRUPTED, ONCE), "boxer": (INTERRUPTED, ONCE),
        "auditor": (UNRECORDED, ONCE), "supervisor": (INTERRUPTED, ONCE)},
    # The answer is stored while the box ends. Both the result and the end of the worker are there to
    # be read by the boxer.
    "box ended": {
        "worker": (RAN | INTERRUPTED, ONCE), "boxer": (INTERRUPTED, ONCE),
        "auditor": (UNRECORDED, ONCE), "supervisor": (INTERRUPTED, ONCE)},
    "post sent and lost": {"worker": (RAN, ONCE), "supervisor": (RAN, ONCE)},
}
# From when the result is stored, it is the answer whoever dies.
for late in ("result stored", "result durable", "before the post", "post sent but unanswered",
             "post answered"):
    EXPECTED[late] = {role: (RAN, ONCE) for role in ("worker", "boxer", "auditor", "supervisor")}


def start_run(keep, user):
    run = Run(keep, user, popen=TappedProcess, policy=write_unheard_policy(fresh_folder()))
    run.start()
    run.session = run.plane.session()
    return run


def killed(role, name, user):
    point = POINTS[name]
    answers, effects = EXPECTED[name][role]

    def case(keep):
        run = start_run(keep, user)
        run.first = run.plane.bash(run.session, "echo up")
        assert run.plane.result(run.session, run.first) == ("up", False)
        point.prepare(run)
        run.call = run.plane.bash(run.session, point.command)
        wait_for(name, lambda: point.reached(run))
        run.kill(role)
        point.leave(run)
        if role == "supervisor":
            run.start()
        text, is_error = run.plane.result(run.session, run.call, ANSWER_SECONDS)
        said = {words for words in answers if words in text}
        assert said and is_error == (said != RAN), (answers, text[-200:], is_error)
        assert said != RAN or run.effects() == 1, (text[-200:], run.effects())
        # Until the auditor is back, calls are refused.
        wait_for("a call that is served", lambda: run.bash("echo up") == ("up", False), ANSWER_SECONDS)
        assert len(run.plane.results(run.session, run.call)) == 1
        assert run.effects() in effects, (effects, run.effects())
        refused = [entry for entry in run.plane.trace("events.send") if entry["status"] >= 300]
        assert not refused, f"the plane was sent what it did not want: {refused}"
        left = run.finish() - UNDISTURBED[point.command]
        assert not left, f"left in the state folder: {left}"
    return case


# What a glovebox that nobody killed leaves in its state folder after the same calls.
UNDISTURBED = {}


def nobody_killed(user):
    def case(keep):
        for command in (APPEND, APPEND_AND_TALK):
            run = start_run(keep, user)
            (run.work / "go").touch()
            for each in ("echo up", command, "echo up"):
                run.bash(each)
            UNDISTURBED[command] = run.finish()
    return case


def main():
    user, words = sys.argv[1], sys.argv[2:]
    reachable_program()
    results = [run_case("nobody killed", nobody_killed(user))]
    for name, roles in EXPECTED.items():
        if words and not any(word in name for word in words):
            continue
        before = oracle.residue()
        with ThreadPoolExecutor() as side_by_side:
            results += side_by_side.map(
                lambda role, name=name: run_case(f"{role} killed: {name}", killed(role, name, user)),
                roles)
        results.append(run_case(f"nothing is left: {name}", nothing_left(before)))
    remove_folders()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
