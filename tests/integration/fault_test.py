#!/usr/bin/env python3
"""The fault table: whatever goes wrong, a call runs at most once and is answered once and in time,
the session ends, the log is whole, and nothing is left on the host.

usage: fault_test.py root|user [WORD...]    (WORD: only rows with it in their name)

What the control plane does wrong stands in fault_table.py, a row a fault. What happens to the host
(a full disk, a power cut) stands in host_faults.py. kill_test.py has the deaths of the roles.
"""
import os
import pathlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import fault_table  # noqa: E402
from fault_table import ATTACH, CLAIM, END, LIVE, RUNNING  # noqa: E402
from run_harness import Run, nothing_left, oracle, reachable_program  # noqa: E402
from worker_harness import remove_folders, run_case, wait_for  # noqa: E402

SIDE_BY_SIDE = 16
APPEND = "echo x >> effect; echo done"
APPEND_AND_WAIT = "echo x >> effect; until [ -e go ]; do sleep 0.02; done; echo done"
MAX_IDLE = ("--max-idle", "300ms")


def results_of(run):
    """How often each call of the session was answered."""
    events = run.plane.events(run.session)
    answers = {e["id"]: 0 for e in events if e["type"] == "agent.tool_use"}
    for event in events:
        if event["type"] == "user.tool_result":
            answers[event["tool_use_id"]] += 1
    return answers


def struck(run, rules):
    """Whether each of the rules has hit."""
    report = run.plane.ask("GET", "/_plane/faults")
    return all(entry["hits"] > 0 for entry in report if entry["rule"] in rules)


def end_session(run, seconds):
    run.plane.end_turn(run.session)
    wait_for("the end of the session's items",
             lambda: all(item["state"] == "stopped" for item in run.plane.work()), seconds)


def start(run, row):
    """Up to the call. Returns its id."""
    make = lambda: run.plane.bash(run.session, APPEND_AND_WAIT if row.when == RUNNING else APPEND)
    faults = lambda: [run.plane.fault(**each) for each in row.rules]
    if row.when == CLAIM:
        run.session = run.plane.session()
        call = make()
        faults()
        run.start()
        return call
    run.start()
    if row.when == ATTACH:
        faults()
        run.session = run.plane.session()
        wait_for("the fault", lambda: struck(run, row.rules[:1]), row.ttl + 10)
        return make()
    run.session = run.plane.session()
    assert run.bash("echo up") == ("up", False)
    if row.when == LIVE:
        faults()
    call = make()
    if row.when == RUNNING:
        wait_for("the call's effect", lambda: run.effects() == 1)
        faults()
        wait_for("the fault", lambda: struck(run, row.rules), row.ttl + 10)
        (run.work / "go").touch()
    return call


def control_plane_fault(row, user):
    def case(keep):
        within = row.within or row.ttl + 10
        run = Run(keep, user, *MAX_IDLE, *row.arguments, ttl=row.ttl)
        call = start(run, row)
        text, is_error = run.plane.result(run.session, call, within)
        if row.answer is not None:
            words, wanted = row.answer
            assert words in text and is_error == wanted, (text[-300:], is_error)
        if row.when == END:
            for each in row.rules:
                run.plane.fault(**each)
        else:
            assert run.bash("echo up", within) == ("up", False)
        end_session(run, within)
        if row.all_hit:
            assert struck(run, row.rules), run.plane.ask("GET", "/_plane/faults")
        run.plane.ask("DELETE", "/_plane/faults")
        assert set(results_of(run).values()) == {1}, results_of(run)
        assert run.effects() in row.effects, (row.effects, run.effects())
        left = run.finish() - UNDISTURBED
        assert not left, f"left in the state folder: {left}"
    return case


# What a glovebox that nothing happened to leaves in its state folder after the same calls.
UNDISTURBED = set()


def undisturbed(user):
    def case(keep):
        run = Run(keep, user, *MAX_IDLE)
        run.start()
        run.session = run.plane.session()
        for command in (APPEND, "echo up"):
            run.bash(command)
        end_session(run, 10)
        UNDISTURBED.update(run.finish())
    return case


def main():
    user, words = sys.argv[1], sys.argv[2:]
    reachable_program()
    wanted = lambda name: not words or any(word in name for word in words)
    results = [run_case("nothing happens", undisturbed(user))]
    cases = [(row.name, control_plane_fault(row, user)) for row in fault_table.TABLE]
    before = oracle.residue()
    began = time.monotonic()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        results += side_by_side.map(lambda each: run_case(*each),
                                    [each for each in cases if wanted(each[0])])
    results.append(run_case("nothing is left", nothing_left(before)))
    remove_folders()
    if os.environ.get("GLOVEBOX_TIMES"):
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
