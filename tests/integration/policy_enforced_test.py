#!/usr/bin/env python3
"""What a policy denies, lets expire and keeps out of the log, seen from outside."""
import datetime
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from exec_support import case, glovebox, records, run_all, run_exec, run_tool

CANARY = "canary-4711"


def policy(folder, more=""):
    path = folder / "policy.toml"
    path.write_text(f"""glovebox = 1
name = "enforced"
[[bind]]
tools = {{ "*" = "p" }}
[profile.p]
root = "host"
mount = [{{ at = "@workspace", mode = "rw" }}]
{more}
""")
    path.chmod(0o644)
    return path


def line_of(path, words):
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if words in line)


def denied(folder, file, words, why):
    """Denied by the line with these words, told to the model and recorded."""
    rule = f"{file}:{line_of(file, words)}"
    done = run_tool(folder / "state", "bash", {"command": f"echo {CANARY}"}, policy=str(file))
    assert done.code == 77, (done.code, done.out, done.err)
    assert f"bash: not permitted by policy ({rule})" in done.out + done.err, (done.out, done.err)
    record = [r for r in records(folder / "state") if r["k"] == "tool.deny"][-1]
    assert record["rule"] == rule and record["dec"] == "deny" and why in record["why"], record
    assert not [r for r in records(folder / "state") if r["k"] == "tool.intent"]


@case
def a_call_that_needs_an_approval_is_denied(folder):
    file = policy(folder, """[[profile.p.approve]]
when = { tool = "ba*" }
by = "webhook:desk"
timeout = "10m"
otherwise = "deny"
""")
    denied(folder, file, "otherwise", "approval of webhook:desk")
    file.write_text(file.read_text().replace('"ba*"', '"write"'))
    run_exec("--state", folder / "state", "--", "/bin/true", policy=str(file)).expect(0)


@case
def a_tool_that_is_denied_is_denied_whatever_binds_it(folder):
    denied(folder, policy(folder, 'deny = { tools = ["bash"] }'), "deny = ", "")


@case
def what_has_ended_is_not_begun_with(folder):
    yesterday = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
    file = policy(folder, f'why = "SEC-1"\nexpires = {yesterday}')
    done = run_exec("--state", folder / "state", "--", "/bin/true", policy=str(file))
    done.expect(78, err=f"GB0041: profile `p` ended on {yesterday} and allows nothing")
    assert not (folder / "state" / "audit").exists(), "nothing begins with such a policy"
    tomorrow = yesterday + datetime.timedelta(days=2)
    file = policy(folder, f'why = "SEC-1"\nexpires = {tomorrow}')
    run_exec("--state", folder / "state", "--", "/bin/true", policy=str(file)).expect(0)


@case
def a_system_call_that_is_denied_answers_so(folder):
    script = "mkdir made && echo made; mkdir made 2>&1"
    file = policy(folder)
    run_exec("--state", folder / "state", "--", "/bin/sh", "-c", script, policy=str(file)).expect(1, "made")
    file = policy(folder, 'deny = { syscalls = ["mkdir", "mkdirat"] }')
    done = run_exec("--state", folder / "state", "--", "/bin/sh", "-c", script, policy=str(file))
    assert "Operation not permitted" in done.out and "made\n" not in done.out, (done.out, done.err)
    plain, denying = [r for r in records(folder / "state") if r["k"] == "tool.intent"]
    assert plain["prot"]["bpf"] != denying["prot"]["bpf"] and plain["pol"] != denying["pol"]


@case
def the_log_holds_what_the_level_says(folder):
    for level, arguments, output in (("metadata", False, False), ("args", True, False),
                                     ("args+output", True, True)):
        state = folder / level.replace("+", "-")
        file = policy(folder, f'audit = {{ level = "{level}" }}')
        secret = f"{CANARY}-{level.replace('+', '-')}"
        done = run_tool(state, "bash", {"command": f"printf %s {secret[:10]}; echo {secret[10:]}"},
                        policy=str(file)).expect(0)
        log = {r["k"]: r for r in records(state)}
        intent, result = log["tool.intent"], log["tool.result"]
        assert ("arg" in intent) == arguments, intent
        assert (CANARY[:10] in json.dumps(intent)) == arguments, intent
        assert intent["in"]["n"] > 0 and len(intent["in"]["c"]) == 64, intent
        assert (secret in json.dumps(result)) == output, result
        assert glovebox("audit", "verify", state / "audit").code == 0


if __name__ == "__main__":
    sys.exit(run_all())
