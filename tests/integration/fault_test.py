#!/usr/bin/env python3
"""The fault table: whatever goes wrong, a call runs at most once and is answered once and in time,
the session ends, the log is whole, and nothing is left on the host.

usage: fault_test.py root|user [WORD...]    (WORD: only rows with it in their name)

What the control plane does wrong stands in fault_table.py, a row a fault. What happens to the host
(a full disk, a power cut) stands in host_faults.py. kill_test.py has the deaths of the roles.
"""
import datetime
import json
import os
import pathlib
import random
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import fault_table  # noqa: E402
import host_faults  # noqa: E402
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


def check_pause(run, row):
    asked = [(datetime.datetime.fromisoformat(entry["at"].replace("Z", "+00:00")), entry["fault"])
             for entry in run.plane.trace(row.rules[0]["route"]) if entry["credential"] != "api_key"]
    hit = next(index for index, (_, fault) in enumerate(asked) if fault)
    waited = (asked[hit + 1][0] - asked[hit][0]).total_seconds()
    assert waited >= row.pause, f"asked again after {waited} s"


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
            served = lambda: run.bash("echo up", within) == ("up", False)
            assert served() or (row.loses_lease and served())
        end_session(run, within)
        if row.all_hit:
            assert struck(run, row.rules), run.plane.ask("GET", "/_plane/faults")
        if row.pause:
            check_pause(run, row)
        run.plane.ask("DELETE", "/_plane/faults")
        check_end(run, row.effects)
    return case


def check_end(run, effects, kept=frozenset()):
    """That each call was answered once and ran as often as it may, and that nothing is left."""
    assert set(results_of(run).values()) == {1}, results_of(run)
    assert run.effects() in effects, (effects, run.effects())
    left = run.finish() - UNDISTURBED - kept
    assert not left, f"left in the state folder: {left}"


def unreadable_call(text, user):
    def case(keep):
        run = Run(keep, user, *MAX_IDLE, ttl=6)
        run.session = run.plane.session()
        call = run.plane.bash(run.session, APPEND)
        shown = f"{{\"id\":\"{call}\",\"type\":\"agent.tool_use\",\"name\":\"bash\",\"input\":{text}}}"
        run.plane.fault(route="events.list", credential="worker", body=f"{{\"data\":[{shown}]}}")
        run.start()
        answer, is_error = run.plane.result(run.session, call, run.answer_seconds)
        assert is_error and "the input is not a JSON object" in answer, answer
        assert run.bash("echo up") == ("up", False)
        end_session(run, run.answer_seconds)
        check_end(run, fault_table.NEVER)
    return case


def long_call(size, user):
    def case(keep):
        run = Run(keep, user, *MAX_IDLE, ttl=6)
        run.start()
        run.session = run.plane.session()
        assert run.bash(f"{APPEND} #{'x' * size}", 60) == ("done", False)
        assert run.bash("echo up") == ("up", False)
        end_session(run, run.answer_seconds)
        check_end(run, fault_table.ONCE)
    return case


SESSIONS_CUT = 24


def cut_at_every_byte(user):
    """Streams of many sessions, each cut somewhere else in the frames of a message, a call and what
    waits for it, until each byte was the last one of a stream."""
    def case(keep):
        run = Run(keep, user, ttl=30)
        run.start()
        frame = lambda event: len(f"event: {event['type']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n")
        run.session = run.plane.session()
        run.bash("true")
        longest = {}
        for event in run.plane.events(run.session):
            longest[event["type"]] = frame(event)
        bytes_shown = longest["agent.tool_use"] + len("echo x >> effect-00; echo done") + \
            longest["session.status_idle"] + longest["session.status_running"]
        cuts = [fault_table.rule("events.stream", cut=count) for count in range(bytes_shown)]
        random.Random(1).shuffle(cuts)  # cuts in the first frame alone make a reader wait ever longer
        run.plane.ask("POST", "/_plane/faults", cuts)
        left = lambda: any(entry["hits"] == 0 for entry in run.plane.ask("GET", "/_plane/faults"))
        calls = {}

        def keep_calling(number):
            session = run.plane.session()
            made = []
            while left():
                made.append(run.plane.bash(session, f"echo x >> effect-{number}; echo done"))
                answer = run.plane.result(session, made[-1])
                assert answer == ("done", False), answer
            calls[session] = (number, made)

        with ThreadPoolExecutor(SESSIONS_CUT) as sessions:
            list(sessions.map(keep_calling, range(SESSIONS_CUT)))
        run.plane.ask("DELETE", "/_plane/faults")
        for session, (number, made) in calls.items():
            run.session = session
            assert results_of(run) == {call: 1 for call in made}, results_of(run)
            effects = (run.work / f"effect-{number}").read_text().count("x")
            assert effects == len(made), (effects, len(made))
        run.finish()
    return case


def posts_fail_for_longer_than_the_lease(user):
    def case(keep):
        run = Run(keep, user, *MAX_IDLE, ttl=3)
        run.start()
        run.session = run.plane.session()
        assert run.bash("echo up") == ("up", False)
        run.plane.fault(route="events.send", credential="worker", status=503, count=0)
        call = run.plane.bash(run.session, APPEND)
        wait_for("the end of patience", lambda: "could not be posted, it is kept" in run.worker.log())
        run.plane.ask("DELETE", "/_plane/faults")
        assert run.plane.result(run.session, call, run.answer_seconds) == ("done", False)
        end_session(run, run.answer_seconds)
        check_end(run, fault_table.ONCE)
    return case


KEY_PAUSE = 60  # after a refused poll, at most


def key_is_refused_for_a_while(user):
    """Everything that the worker asks is answered 401: the run ends, the item lapses, and is served
    again when the key is good again."""
    def case(keep):
        run = Run(keep, user, *MAX_IDLE, ttl=6)
        run.start()
        run.session = run.plane.session()
        assert run.bash("echo up") == ("up", False)
        call = run.plane.bash(run.session, APPEND_AND_WAIT)
        wait_for("the call's effect", lambda: run.effects() == 1)
        run.plane.fault(route="*", credential="worker", status=401, count=0)
        wait_for("the end of the run", lambda: "item ended" in run.worker.log())
        wait_for("a refused poll", lambda: "poll refused" in run.worker.log())
        run.plane.ask("DELETE", "/_plane/faults")
        run.plane.result(run.session, call, KEY_PAUSE + run.answer_seconds)
        assert run.bash("echo up", KEY_PAUSE) == ("up", False)
        end_session(run, run.answer_seconds)
        check_end(run, fault_table.ONCE)
    return case


def rotate(run, tokens):
    path = f"/_plane/environments/{run.plane.environment}/rotate_key"
    run.plane.environment_key = run.plane.ask("POST", path, {"tokens": tokens})["environment_key"]


def under_way(keep, user, prepare=lambda run: None):
    """A run with a call that has had its effect and waits for a word."""
    run = Run(keep, user, *MAX_IDLE, ttl=6)
    prepare(run)
    run.start()
    run.session = run.plane.session()
    assert run.bash("echo up") == ("up", False)
    call = run.plane.bash(run.session, APPEND_AND_WAIT)
    wait_for("the call's effect", lambda: run.effects() == 1)
    return run, call


def go_on(run):
    (run.work / "go").touch()


def end_well(run):
    end_session(run, run.answer_seconds)
    check_end(run, fault_table.ONCE)


def key_is_rotated(user):
    """The session in flight has a token of its own and does not notice."""
    def case(keep):
        run, call = under_way(keep, user)
        rotate(run, "keep")
        go_on(run)
        assert run.plane.result(run.session, call, run.answer_seconds) == ("done", False)
        assert run.bash("echo up") == ("up", False)
        end_session(run, run.answer_seconds)
        wait_for("a refused poll", lambda: "poll refused" in run.worker.log())
        check_end(run, fault_table.ONCE)
    return case


def key_and_tokens_are_revoked(user):
    """Nothing can be posted any more: the result is kept for the start with the new key."""
    def case(keep):
        run, call = under_way(keep, user)
        rotate(run, "revoke")
        go_on(run)
        wait_for("the end of the run", lambda: "item ended" in run.worker.log())
        assert run.worker.terminate() == 0
        run.start()
        run.plane.result(run.session, call, run.answer_seconds)
        assert run.bash("echo up") == ("up", False)
        end_well(run)
    return case


def key_file_is_ahead(user):
    """The new key is in its file when the old one is refused: nobody has to do anything."""
    def case(keep):
        run, call = under_way(keep, user, Run.take_key_from_file)
        ahead = run.plane.environment_key + "-r1"
        run.write("key", ahead)
        rotate(run, "keep")
        assert run.plane.environment_key == ahead
        wait_for("a refused poll", lambda: "poll refused" in run.worker.log())
        # The refused poll itself brings the new key: another session is claimed with it.
        first, run.session = run.session, run.plane.session()
        assert run.bash("echo up") == ("up", False)
        run.plane.end_turn(run.session)
        run.session = first
        go_on(run)
        assert run.plane.result(run.session, call, run.answer_seconds) == ("done", False)
        end_well(run)
    return case


def key_file_comes_late(user):
    """Key and tokens are revoked; the new key comes later, and a SIGHUP says so."""
    def case(keep):
        run, call = under_way(keep, user, Run.take_key_from_file)
        rotate(run, "revoke")
        go_on(run)
        wait_for("the end of the run", lambda: "item ended" in run.worker.log())
        wait_for("a refused poll", lambda: "poll refused" in run.worker.log())
        run.write("key", run.plane.environment_key)
        run.worker.process.send_signal(signal.SIGHUP)
        run.plane.result(run.session, call, run.answer_seconds)
        assert run.bash("echo up") == ("up", False)
        end_well(run)
    return case


def other_cases(user):
    yield from host_faults.cases(user, check_end)
    yield "the key is refused for a while, while a call runs", key_is_refused_for_a_while(user)
    yield "streams are cut at every byte", cut_at_every_byte(user)
    yield "posts fail for longer than the lease", posts_fail_for_longer_than_the_lease(user)
    yield "the key is rotated, while a call runs", key_is_rotated(user)
    yield "the key is rotated, its file too", key_file_is_ahead(user)
    yield "the key and tokens are revoked, the file and SIGHUP follow", key_file_comes_late(user)
    yield "the key and tokens are revoked, while a call runs", key_and_tokens_are_revoked(user)
    for what, text in fault_table.UNREADABLE.items():
        yield f"a call whose input is unreadable: {what}", unreadable_call(text, user)
    for what, size in fault_table.LONG_COMMANDS.items():
        yield f"a call of {what}", long_call(size, user)


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
    host_faults.own_mounts()
    reachable_program()
    wanted = lambda name: not words or any(word in name for word in words)
    results = [run_case("nothing happens", undisturbed(user))]
    # The slowest first.
    cases = list(other_cases(user))
    cases += [(row.name, control_plane_fault(row, user)) for row in sorted(fault_table.TABLE, key=lambda row: -row.ttl)]
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
