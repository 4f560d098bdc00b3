"""Attempts of one call on another of the same session, and on a session beside it. Calls of one
session are played by `glovebox rehearse`; each case first shows that the thing to reach is there."""
import json
import os
import re
import shutil
import time

import oracle
from attack import BINARY, audit_log, box_starts, collect, remove, wrong
from host_cases import LongCall

CASES = []
case = collect(CASES, modes=("keep",))
TMP = '{ at = "@tmp", mode = "tmp", exec = true },'
LIVE = "kill -0 $(cat pid)"


def step(command, timeout_ms=None, tool="bash", **expect):
    value = {"command": command} if tool == "bash" else command
    if timeout_ms:
        value["timeout_ms"] = timeout_ms
    return {"tool": tool, "input": value, "expect": expect}


def inline(value):
    """As TOML: JSON's texts are TOML's as well."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {inline(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


def play(attack, *steps, seconds=90, text=None, starts=None):
    """One session, with these calls in a row. `text`: of another policy than the suite's. `starts`: a
    list to be filled, see attack.box_starts."""
    script_text = 'rehearsal = 1\nname = "keep"\nabout = "calls of one session"\n'
    for number, one in enumerate(steps):
        script_text += f'\n[[step]]\ntitle = "step {number}"\n'
        script_text += "".join(f"{key} = {inline(value)}\n" for key, value in one.items() if value != {})
    script = attack.folder / "keep-rehearsal.toml"
    script.write_text(script_text)
    # Each with folders of its own; a worker takes no workspace that somebody has filled. The probe
    # comes by a mount.
    state = attack.folder / f"played-{len(list(attack.folder.glob('played-*')))}"
    shown = attack.folder / "shown"
    if not shown.exists():
        shown.mkdir()
        shown.chmod(0o755)
        shutil.copy2(attack.probe, shown / "probe")
    policy = attack.policy("played", (text or attack.text).replace(
        TMP, f'{TMP} {{ at = "/shown", from = "{shown}", mode = "ro", exec = true }},'))
    done = attack.finish([BINARY, "rehearse", str(script), "--policy", str(policy),
                          "--state", str(state), "--timeout", f"{seconds}s"], "",
                         {"ATTACK_TOKEN": "canary-token-77aa"}, seconds, {})
    if starts is not None:
        starts += box_starts(audit_log.lines(state / "audit"))
    problem = wrong(done, 0)
    bad = re.findall(r"^.*\n +NOT ok.*\n(?: +!.*\n)*", done.stdout, re.MULTILINE)
    if not problem or not bad:
        return problem
    return ("ESCAPED: " if "ESCAPED" in problem else "") + "".join(bad)


@case("C01 C02 C04 D08 what an earlier call left, by a later one")
def earlier_process(attack):
    files = "environ maps mem auxv stack fd/1 root/shown/probe cwd/pid exe map_files/x"
    return play(
        attack,
        step("SECRET=env-7f3a sleep 300 >/dev/null 2>&1 & echo $! > pid", exit=0),
        step(f"{LIVE} && tr '\\0' ' ' < /proc/$(cat pid)/cmdline", contains="sleep 300"),
        step(f"p=/proc/$(cat pid); for f in {files}; do cat $p/$f; done 2>&1 | tr '\\0' '\\n'; "
             "cat /proc/1/environ /proc/1/maps; tr -d '\\0' < /proc/1/cmdline; ls $p/fd $p/task/*/fd",
             contains="Permission denied", lacks=["env-7f3a", "glovebox"]),
        step("/shown/probe C01 $(cat pid)", exit=10, contains="denied", lacks="through"),
        step("/shown/probe C02 $(cat pid):0x400000", exit=10, contains="denied", lacks="through"),
        step(f"kill $(cat pid); sleep 0.2; {LIVE}", is_error=True))


@case("C05 C34 E16 the session's first process, by every signal")
def first_process(attack):
    return play(
        attack,
        step("for s in $(seq 1 64); do kill -$s 1 2>/dev/null; done; echo on", contains="on"),
        step("/shown/probe C34", exit=10),
        # It hits the calls of this session, and the next one works.
        step("sleep 300 >/dev/null 2>&1 & echo $! > pid", exit=0),
        step("/bin/sh -c 'kill -9 -1'; echo never", is_error=True),
        step(f"{LIVE}", is_error=True, lacks="never"),
        step("rm pid; echo alive", equals="alive"))


@case("E01 E11 E13 a call that is ended, and its neighbours")
def ended_call(attack):
    bomb = "b() { b | b & }; b 2>/dev/null; (setsid sleep 302 &); ( (sleep 302 &) & ); sleep 302"
    return play(
        attack,
        step("sleep 301 >/dev/null 2>&1 & echo $! > pid", exit=0),
        step(bomb, timeout_ms=1500, is_error=True, contains="timed out after 1500ms"),
        step(f"{LIVE} && cat /proc/[0-9]*/cmdline | tr '\\0' ' '", contains="sleep 301",
             lacks="sleep 302"),
        step("rm pid; echo alive", equals="alive"))


@case("D17 E10 output after the answer")
def late_output(attack):
    return play(
        attack,
        step("(sleep 0.5; echo late-words; exec yes late-flood) & echo now", equals="now"),
        step("sleep 1.5; echo mine", equals="mine"),
        step("echo mine again; head -1 /outputs/*.late.txt", equals="mine again\nlate-words"),
        step({"file_path": "probe.none"}, tool="read", is_error=True, lacks="late"),
        step("kill -9 -1; sleep 0.2; wc -c < /outputs/$(ls /outputs | tail -1)", lacks="late-flood"))


@case("E01 E04 E08 what is left is limited like one call")
def limited_remains(attack):
    grow = "/usr/bin/python3 -c 'x = []\nwhile True: x.append(b\"x\" * (1 << 20))' >/dev/null 2>&1 &"
    return play(
        attack,
        step("for i in $(seq 40); do sleep 303 >/dev/null 2>&1 & done", exit=0),
        step("for i in $(seq 50); do sleep 304 >/dev/null 2>&1 & done", exit=0),
        step("sleep 1; ps=$(cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -ao 'sleep 30[34]' | wc -l); "
             "[ $ps -le 64 ] && echo fits", contains="fits"),
        step(grow, exit=0),
        step("for i in $(seq 100); do pgrep python3 >/dev/null || break; sleep 0.1; done; "
             "cat /proc/[0-9]*/comm | grep -c python; echo over", contains="0\nover"),
        step("(while :; do head -c 6M /dev/zero > fill$RANDOM; done) >/dev/null 2>&1 &", exit=0),
        step("sleep 3; rm -f fill*; sleep 1; ls fill* 2>/dev/null | wc -l"),
        step("rm -f fill*"),
        step("rm -f fill*; sleep 0.5; ls | grep -c fill; echo alive", contains="0\nalive"))


@case("D14 C05 two sessions side by side")
def beside(attack):
    other = attack.folder / "beside"
    with LongCall(attack):
        guests = oracle.survivors(attack.probe)
        script = ("ls -d /proc/[0-9]* | wc -l; ls -A /tmp /dev/shm; kill -9 -1; "
                  f"for i in $(seq 2 4000) {' '.join(map(str, guests))}; do [ $i = $$ ] || kill -9 $i 2>/dev/null; done; "
                  "echo on")
        done = attack.exec(["--", "/bin/bash", "-c", script], state=other)
        problem = wrong(done, 0, "on")
        if not problem and int(done.stdout.split("\n")[0]) > 5:
            problem = f"ESCAPED: it sees other processes: {done.stdout}"
        if not problem and set(guests) - set(oracle.survivors(attack.probe)):
            problem = "ESCAPED: a call of another session was ended"
    remove(other)
    return problem


@case("E13 E32 nothing is left of a session that ends in the middle", times=1)
def ended_session(attack):
    for how in ("close", "kill"):
        mark = f"86000.{os.getpid()}"
        script = f"(setsid sleep {mark} >/dev/null 2>&1 &); sleep {mark} >/dev/null 2>&1 & sleep {mark}"
        process = attack.start(["--", "/bin/bash", "-c", script])
        deadline = time.monotonic() + 20
        while count(mark) < 3:
            if time.monotonic() > deadline:
                process.kill()
                return f"the call did not start: {process.communicate()[0]}"
            time.sleep(0.02)
        if how == "kill":
            process.kill()
        else:
            process.terminate()
        process.communicate()
        deadline = time.monotonic() + 5
        while count(mark):
            if time.monotonic() > deadline:
                return f"ESCAPED: {how}: {count(mark)} processes are left"
            time.sleep(0.02)
    return None


def count(mark):
    wanted = f"sleep\0{mark}\0".encode()
    return len(list(oracle.each_process(
        lambda entry: [entry] if (entry / "cmdline").read_bytes() == wanted else [])))
