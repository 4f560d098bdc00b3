#!/usr/bin/env python3
"""Guarded names through `glovebox exec`: what the host finds afterwards, what the log says and in which
order, and what becomes of it when a process is killed in the middle."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from exec_support import (IS_ROOT, PROGRAM, case, descendants, glovebox, records, role_pid, run_all,
                          run_exec, run_tool, wait_for)

GUARD = 'guard = [".git/hooks", ".git/config", ".vscode", ".env*"]\n'
BOX_USER = 65000


def own(path):
    if IS_ROOT:
        os.chown(path, BOX_USER, BOX_USER)


def policy_with(folder, name="policy.toml", background=None):
    text = glovebox("policy", "show", "builtin:default").expect(0).out
    text, lists = re.subn(r"^guard = \[.*?\]\n", GUARD, text, flags=re.MULTILINE | re.DOTALL)
    assert lists == 1, text  # of `files`, which `shell` extends
    if background:
        text = text.replace('background = "keep"', f'background = "{background}"')
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def workspace(folder):
    """A folder that somebody works in: a repository with a configuration, and a file with a key."""
    work = folder / "work"
    for name, text in ((".git/config", "[core]\n"), (".git/HEAD", "ref: refs/heads/main\n"),
                       (".env", "KEY=1\n")):
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in [work, *work.rglob("*")]:
        own(path)
    return work


def sandboxed(folder, work, script, policy, *arguments):
    return run_exec("--state", folder / "state", "--workdir", work, *arguments, "--", "/bin/bash", "-c",
                    script, policy=policy)


def denied(state):
    return [record for record in records(state) if kind(record) == "fs.deny"]


def kind(record):
    return record["k"]


@case
def what_is_made_is_taken_away_and_told_before_the_result(folder):
    for background in ("kill", "keep"):
        policy = policy_with(folder, background=background)
        work = workspace(folder / background)
        state = folder / background / "state"
        done = run_exec("--state", state, "--workdir", work, "--", "/bin/bash", "-c",
                        "mkdir -p .vscode .git/hooks; echo t > .vscode/tasks.json; "
                        "echo h > .git/hooks/pre-commit; echo k > .env.local; echo f > file; "
                        "echo x 2>/dev/null >> .env || echo refused; mv .git g 2>/dev/null || echo busy",
                        policy=policy)
        done.expect(0, out="refused\nbusy\n")
        assert sorted(path.name for path in work.iterdir()) == [".env", ".git", "file"], list(work.iterdir())
        assert not (work / ".git/hooks").exists()
        assert (work / ".env").read_text() == "KEY=1\n"
        seen = records(state)
        kinds = [kind(record) for record in seen]
        first, result = kinds.index("tool.intent"), kinds.index("tool.result")
        told = seen[first + 1:result]
        assert [kind(record) for record in told] == ["fs.deny"] * 3, kinds
        names = {record["name"]: record for record in told}
        assert set(names) == {"/workspace/.vscode", "/workspace/.git/hooks", "/workspace/.env.local"}, names
        vscode = names["/workspace/.vscode"]
        assert vscode["type"] == "folder" and vscode["count"] == 2 and vscode["size"] > 0, vscode
        assert vscode["did"] == "quarantined" and "policy.toml:" in vscode["rule"], vscode
        assert all(record["tu"] == seen[first]["tu"] for record in told), told
        assert seen[first]["prot"]["guard"] == 4, seen[first]
        kept = list(state.glob(f"sessions/*/quarantine/{vscode['to']}/tasks.json"))
        assert len(kept) == 1 and kept[0].read_text() == "t\n", kept
        glovebox("audit", "verify", state / "audit").expect(0)


@case
def the_plan_says_what_is_guarded(folder):
    policy = policy_with(folder)
    done = run_exec("--state", folder / "state", "--plan", "--", "/bin/true", policy=policy).expect(0)
    for text in ("guard     at the root of the workspace", ".git/hooks", "not to be changed or made",
                 "policy.toml:"):
        assert text in done.out, done.out


@case
def a_link_in_place_of_a_guarded_name_refuses_the_call(folder):
    policy, work = policy_with(folder), workspace(folder)
    (work / ".vscode").symlink_to("elsewhere")
    done = sandboxed(folder, work, "echo ran > ran", policy)
    done.expect(71, err="guards .vscode, which is a symbolic link in the workspace")
    assert "hint: put in its place what it leads to" in done.err, done.err
    assert not (work / "ran").exists()


@case
def the_tools_say_what_is_refused(folder):
    policy, state = policy_with(folder), folder / "state"
    run = lambda tool, value: run_tool(state, tool, value, policy=policy)  # noqa: E731
    run("bash", {"command": "mkdir -p .claude; echo a > a.txt"}).expect(0)
    done = run("write", {"file_path": ".vscode/tasks.json", "content": "x"})
    assert done.code != 0 and "write: not permitted by policy (" in done.out + done.err, (done.out, done.err)
    done = run("bash", {"command": "echo x > .envrc; echo done"})
    done.expect(0, out="taken away: .envrc]\ndone")
    run("bash", {"command": "ls -A"}).expect(0, out=".claude\na.txt")
    assert len(denied(state)) == 2, denied(state)


@case
def what_a_call_has_shut_stays_shut(folder):
    policy, work = policy_with(folder), workspace(folder)
    sandboxed(folder, work, "mkdir -p closed/in; echo x > closed/in/f; chmod 0 closed/in; chmod 0 closed",
              policy).expect(0)
    assert (work / "closed").stat().st_mode & 0o7777 == 0
    sandboxed(folder, work, "stat -c %a closed; ls closed 2>/dev/null || echo refused; chmod 700 closed; "
              "stat -c %a closed/in", policy).expect(0, out="0\nrefused\n0\n")


@case
def what_the_host_makes_between_calls_stays(folder):
    for background in ("kill", "keep"):
        policy = policy_with(folder, background=background)
        work = workspace(folder / background)
        run = lambda script: run_exec("--state", folder / background / "state", "--workdir", work,  # noqa: E731
                                      "--session", "s", "--", "/bin/bash", "-c", script, policy=policy)
        run("true").expect(0)
        (work / ".vscode").mkdir()
        (work / ".vscode/settings.json").write_text("{}\n")
        own(work / ".vscode")
        own(work / ".vscode/settings.json")
        run("cat .vscode/settings.json; echo x 2>/dev/null > .vscode/settings.json || echo refused").expect(
            0, out="{}\nrefused\n")
        assert (work / ".vscode/settings.json").read_text() == "{}\n"


@case
def what_runs_on_in_keep_mode_is_swept_at_the_end_of_the_session(folder):
    policy, work = policy_with(folder, background="keep"), workspace(folder)
    sandboxed(folder, work, "(while :; do mkdir -p .vscode; echo t > .vscode/t; done) >/dev/null 2>&1 & "
              "while ! [ -e .vscode/t ]; do :; done", policy).expect(0)
    assert not (work / ".vscode").exists()
    kinds = [kind(record) for record in records(folder / "state")]
    assert kinds.index("fs.deny") < kinds.index("session.close"), kinds


def stop_in_the_middle(folder, work, policy, what):
    """A call that has made something, whose `what` is then killed."""
    process = subprocess.Popen(
        [PROGRAM, "exec", "--policy", policy, "--state", folder / "state", "--workdir", work, "--session",
         "s", "--", "/bin/bash", "-c", "mkdir .vscode; echo t > .vscode/tasks.json; sleep 9137"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for("the call makes it", lambda: (work / ".vscode/tasks.json").exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    if what == "everything":
        # At one instant: a role that sees another one die may do its work before it dies as well.
        victims = [process.pid, *descendants(process.pid)]
    else:
        victims = [wait_for(what, lambda: role_pid(process.pid, what))]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


@case
def what_a_killed_process_did_not_sweep_is_swept(folder):
    for what in ("keeper", "everything"):
        base = folder / what
        policy, work = policy_with(folder), workspace(base)
        stop_in_the_middle(base, work, policy, what)
        if what == "everything":
            # Nobody was left to look. The next to open the session does, before anything runs.
            wait_for("its processes are gone", lambda: not subprocess.run(
                ["pgrep", "-f", "sleep 9137$"], capture_output=True, check=False).stdout)
            assert (work / ".vscode").exists()
            run_exec("--state", base / "state", "--workdir", work, "--session", "s", "--", "/bin/ls", "-A",
                     policy=policy).expect(0)
        assert not (work / ".vscode").exists(), what
        assert (work / ".git/config").exists() and (work / ".env").exists()
        assert [record["name"] for record in denied(base / "state")] == ["/workspace/.vscode"], what


@case
def a_session_that_is_removed_takes_its_quarantine_along(folder):
    policy, state = policy_with(folder), folder / "state"
    run_exec("--state", state, "--", "/bin/bash", "-c", "mkdir .vscode; echo x > .vscode/x; chmod 0 .vscode",
             policy=policy).expect(0)
    assert len(denied(state)) == 1
    assert not list((state / "sessions").iterdir()), list((state / "sessions").iterdir())


@case
def under_the_shipped_policies_git_works_and_leaves_nothing_that_runs(folder):
    for name in ("builtin:default", "builtin:strict"):
        base = folder / name.partition(":")[2]
        work = base / "work"
        work.mkdir(parents=True)
        own(work)
        run = lambda script: run_exec("--state", base / "state", "--workdir", work, "--session", "s",  # noqa: E731
                                      "--", "/bin/bash", "-c", script, policy=name)
        assert run("ls -A").expect(0).out == ""
        assert not list(work.iterdir())
        run("git init -q a && cd a && echo 1 > f && git add f && git commit -qm one && "
            "git config core.hooksPath /workspace/h && echo h > .git/hooks/pre-commit").expect(0)
        assert not (work / "a/.git/config").exists() and not (work / "a/.git/hooks").exists()
        # Who commits comes from the box, and what was configured for all stays.
        run("cd a && echo 2 >> f && git commit -qam two && git log --format=%ae").expect(
            0, out="agent@box.localhost\nagent@box.localhost\n")
        run("git config --global user.email me@example.com && git config --global user.name me").expect(0)
        run("git clone -q a b && cd b && git checkout -qb branch && echo 3 >> f && git commit -qam three && "
            "git log --format=%ae -1 && git status --short && cat f").expect(0, out="me@example.com\n1\n2\n3\n")
        assert sorted(path.name for path in (work / "b").iterdir()) == [".git", "f"]
        assert not (work / "b/.git/config").exists()


@case
def a_read_only_place_in_the_workspace(folder):
    text = glovebox("policy", "show", "builtin:default").out.replace(
        '{ at = "@workspace", mode = "rw", exec = true },',
        '{ at = "@workspace", mode = "rw", exec = true },\n  { at = "@workspace/docs", mode = "ro" },')
    policy = folder / "policy.toml"
    policy.write_text(text)
    policy.chmod(0o600)
    work = workspace(folder)
    (work / "docs").mkdir()
    (work / "docs/a").write_text("text\n")
    own(work / "docs")
    own(work / "docs/a")
    done = sandboxed(folder, work, "cat docs/a; touch docs/b 2>/dev/null || echo refused; mv docs d "
                     "2>/dev/null || echo busy; mkdir -p sub/docs && touch sub/docs/x && echo elsewhere",
                     str(policy))
    done.expect(0, out="text\nrefused\nbusy\nelsewhere\n")
    assert (work / "sub/docs/x").exists()


if __name__ == "__main__":
    sys.exit(run_all())
