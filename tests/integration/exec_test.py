#!/usr/bin/env python3
"""The contract of `glovebox exec`: exit codes, streams, --json, plans, folders, and what is refused."""
import json
import os
import pathlib
import pty
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from exec_support import (IS_ROOT, PROGRAM, Running, case, glovebox, processes, records, run_all,
                          run_exec, run_tool, wait_for)


@case
def the_status_of_the_command_is_ours(folder):
    for script, code in [("exit 0", 0), ("exit 7", 7), ("exit 77", 77), ("kill -9 $$", 137),
                         ("kill -15 $$", 143)]:
        done = run_exec("--state", folder / "state", "--", "/bin/sh", "-c", script).expect(code)
        assert "error" not in done.err, done.err


@case
def our_own_failures_say_so(folder):
    run_exec("--tool", "nothing", "--state", folder / "a", stdin=b"{}").expect(77, err="glovebox: error: not permitted by policy (builtin:default:")
    glovebox("exec", "--", "/bin/true").expect(78, err="glovebox: error: no policy")
    run_exec("--", "/bin/true", policy="builtin:nothing").expect(78, err="glovebox: error: ")
    run_exec("--", "/bin/true", policy=str(folder / "missing.toml")).expect(78, err="ENOENT")


@case
def policies_that_are_refused(folder):
    policy = folder / "policy.toml"
    shipped = glovebox("policy", "show", "builtin:default").expect(0).out
    policy.write_text(shipped)
    policy.chmod(0o600)
    run_exec("--state", folder / "state", "--", "/bin/true", policy=str(policy)).expect(0)
    policy.chmod(0o666)
    run_exec("--", "/bin/true", policy=str(policy)).expect(78, err="policy.toml")
    policy.chmod(0o600)
    link = folder / "link.toml"
    link.symlink_to(policy)
    run_exec("--", "/bin/true", policy=str(link)).expect(78, err="link")
    policy.write_text(shipped + "\nsurprise = 1\n")
    run_exec("--", "/bin/true", policy=str(policy)).expect(78, err="policy.toml:")
    policy.write_text("")
    run_exec("--", "/bin/true", policy=str(policy)).expect(78)


@case
def a_policy_inside_the_workspace_is_refused(folder):
    work = folder / "work"
    work.mkdir()
    policy = work / "policy.toml"
    policy.write_text(glovebox("policy", "show", "builtin:default").out)
    policy.chmod(0o600)
    run_exec("--state", folder / "state", "--workdir", work, "--", "/bin/true",
             policy=str(policy)).expect(78, err="must not lie in each other")
    run_exec("--state", work / "state", "--workdir", work, "--", "/bin/true").expect(
        78, err="must not lie in each other")


@case
def usage_errors_are_64(folder):
    for arguments in [["nothing"], ["exec"], ["exec", "--nothing"], ["exec", "--policy"], [],
                      ["audit"], ["exec", "--policy", "builtin:default", "--timeout", "soon", "--", "x"],
                      ["exec", "--policy", "builtin:default", "--tool", "bash", "--", "x"]]:
        glovebox(*arguments).expect(64, err="glovebox: error: ")
    run_exec("--tool", "bash", stdin=b"[1]").expect(64, err="not a JSON object")
    run_exec("--tool", "bash", stdin=b'{"a":1,"a":2}').expect(64)
    glovebox("--help").expect(0, out="exec")
    glovebox("--version").expect(0, out="glovebox ")


@case
def standard_input_goes_to_the_command(folder):
    run_exec("--state", folder / "state", "--", "/bin/cat", stdin=b"\0\x1b[31mraw").expect(
        0, out="\0\x1b[31mraw")


@case
def a_terminal_gets_no_controls(folder):
    main, secondary = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "exec", "--policy", "builtin:default", "--state", str(folder / "state"), "--",
         "/bin/sh", "-c", r"printf 'a\033]52;c;Zm9v\007b\n'; test -t 1 || echo plain; cat"],
        stdin=secondary, stdout=secondary, stderr=subprocess.PIPE)
    os.close(secondary)
    seen = b""
    while True:
        try:
            block = os.read(main, 4096)
        except OSError:  # the other side is closed
            break
        if not block:
            break
        seen += block
    process.communicate()
    os.close(main)
    assert process.returncode == 0, seen
    assert b"\x1b" not in seen and b"\x07" not in seen, seen
    assert b"a\\x1b]52" in seen and b"plain" in seen, seen


@case
def json_tells_outcome_usage_and_protection(folder):
    done = run_exec("--state", folder / "state", "--json", "--", "/bin/sh", "-c", "printf x; exit 3")
    done.expect(3)
    assert done.out.splitlines()[0] == "x", done.out
    answer = done.json()
    assert answer["outcome"] == "finished" and answer["status"] == 3, answer
    assert answer["usage"]["wall_us"] > 0 and answer["rule"].startswith("builtin:default:"), answer
    assert "seccomp" in answer["prot"]["layers"] and answer["prot"]["rung"] == (2 if IS_ROOT else 1)
    assert answer["audit"] == str(folder / "state/audit"), answer
    denied = run_exec("--state", folder / "state", "--json", "--tool", "nothing", stdin=b"{}")
    denied.expect(77)
    assert denied.json()["outcome"] == "denied" and denied.json()["prot"] is None, denied.out


@case
def a_time_limit_ends_the_call(folder):
    state = folder / "state"
    run_exec("--state", state, "--timeout", "300ms", "--", "/bin/sleep", "100").expect(
        124, err="stopped by the time limit")
    assert [r["outcome"] for r in records(state) if r["k"] == "tool.result"] == ["timed_out"]


@case
def the_first_signal_cancels_the_call(folder):
    running = Running(folder)
    below = running.everything()
    running.process.terminate()
    done = running.end()
    assert done.code == 143, (done.code, done.err)
    wait_for("nothing is left", lambda: not below & set(processes()))
    results = [r for r in records(running.state) if r["k"] == "tool.result"]
    assert [r["outcome"] for r in results] == ["shutting_down"], results


@case
def a_plan_runs_nothing(folder):
    state = folder / "state"
    done = run_exec("--state", state, "--plan", "--", "/bin/sh", "-c", "touch /workspace/x").expect(0)
    for line in ["tool ", "profile ", "rung ", "identity "]:
        assert any(text.startswith(line) for text in done.out.splitlines()), done.out
    assert not [r for r in records(state) if r["k"].startswith("tool.")]
    run_exec("--state", state, "--plan", "--tool", "nothing").expect(77)


@case
def a_session_keeps_its_workspace_and_its_shell(folder):
    state = folder / "state"
    run_tool(state, "write", {"file_path": "a.txt", "content": "one\n"}).expect(0)
    run_tool(state, "edit", {"file_path": "a.txt", "old_string": "one", "new_string": "two"}).expect(0)
    run_tool(state, "read", {"file_path": "a.txt"}).expect(0, out="two")
    run_tool(state, "glob", {"pattern": "*.txt"}).expect(0, out="a.txt")
    run_tool(state, "grep", {"pattern": "tw."}).expect(0, out="a.txt")
    run_tool(state, "bash", {"command": "x=7; cd /tmp"}).expect(0)
    run_tool(state, "bash", {"command": "echo $x $PWD"}).expect(0, out="7 /tmp")
    run_tool(state, "bash", {"command": "echo $x $PWD"}, session="other").expect(0, out="/workspace\n")
    run_tool(state, "read", {"file_path": "a.txt"}, session="other").expect(1, out="no such file")
    run_tool(state, "bash", {"command": "exit 9"}).expect(9)


@case
def without_a_session_nothing_stays_but_the_log(folder):
    state = folder / "state"
    run_exec("--state", state, "--", "/bin/sh", "-c",
             "mkdir -p a/b; touch a/b/c; chmod 0 a/b; ln -s / l").expect(0)
    if IS_ROOT:
        assert not list((state / "work").iterdir()) and not list((state / "sessions").iterdir())
    else:
        assert [p.name for p in state.iterdir() if any(p.iterdir() if p.is_dir() else [])] == ["audit"]


@case
def a_fresh_log_is_named(folder):
    environment = dict(os.environ, TMPDIR=str(folder))
    folder.chmod(0o755)
    done = run_exec("--", "/bin/true", environment=environment).expect(0, err="glovebox: audit log: ")
    named = done.err.split("audit log: ")[1].strip()
    assert named.startswith(str(folder)), named
    glovebox("audit", "verify", named).expect(0, out="good")


@case
def a_state_folder_has_one_owner(folder):
    running = Running(folder)
    run_exec("--state", running.state, "--", "/bin/true").expect(
        75, err=f"is in use by process {running.process.pid}")
    running.finish().expect(0)
    run_exec("--state", running.state, "--", "/bin/true").expect(0)


@case
def a_folder_with_other_things_is_no_state_folder(folder):
    (folder / "state").mkdir()
    (folder / "state/letters").touch()
    mode = (folder / "state").stat()
    run_exec("--state", folder / "state", "--", "/bin/true").expect(78, err="letters")
    assert (folder / "state").stat().st_mode == mode.st_mode


@case
def a_call_runs_at_most_once(folder):
    state, work = folder / "state", folder / "work"
    work.mkdir()
    if IS_ROOT:
        os.chown(work, 65000, 65000)
    arguments = ["--state", state, "--workdir", work, "--session", "s", "--call", "one", "--",
                 "/bin/sh", "-c", "echo x >> count"]
    run_exec(*arguments).expect(0)
    run_exec(*arguments).expect(78, err="settled before")
    assert (work / "count").read_text() == "x\n"
    run_exec(*[("t" if a == "s" else a) for a in arguments]).expect(78, err="settled before")
    assert (work / "count").read_text() == "x\n"


@case
def roots_own_folder_is_no_workspace(folder):
    work = folder / "work"
    work.mkdir()
    done = run_exec("--state", folder / "state", "--workdir", work, "--", "/bin/sh", "-c", "touch x")
    if IS_ROOT:
        done.expect(78, err="a box never runs as root")
    else:
        done.expect(0)
        assert (work / "x").exists()


@case
def doctor_tries_a_real_call(folder):
    done = glovebox("doctor", "--json").expect(0)
    checks = {c["name"]: c for c in json.loads(done.out)["checks"]}
    assert checks["one real call"]["state"] == "good", checks
    assert all(c["remedy"] or c["state"] == "good" for c in checks.values()), checks
    for role in ["supervisor", "auditor", "boxer", "keeper", "worker", "egress"]:
        assert f"role-{role}" in checks[f"role {role}"]["detail"], checks
    glovebox("doctor", "--policy", folder / "missing").expect(78)


sys.exit(run_all())
