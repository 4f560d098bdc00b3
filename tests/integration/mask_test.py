#!/usr/bin/env python3
"""What glovebox itself was given (the environment key, an item's secret and its token, what egress
injects) is in no record and in no file below the state folder, in whatever form a tool says it; and
every record that hid something says where.

The search here is this file's own: it shares nothing with the product's.
"""
import base64
import json
import os
import pathlib
import signal
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from worker_harness import Plane, Worker, fresh_folder, run_cases, wait_for  # noqa: E402

INJECTED = 'Canary-of-egress/7Yq+2=="\\ end'
POLICY = """glovebox = 1
name = "mask-test"
[[bind]]
tools = {{ "*" = "p" }}
[secret.forge]
from = "file:{secret}"
only = ["a.test:443"]
[profile.p]
why = "the test"
audit = {{ level = "args+output" }}
mount = [ {{ at = "@workspace", mode = "rw", exec = true }} ]
[[profile.p.egress]]
host = "a.test"
port = 443
mode = "inspect"
allow = ["GET /open/**"]
inject = "forge"
[[profile.p.egress]]
host = "b.test"
port = 80
allow = ["GET /open/**"]
"""


def base64_cores(secret):
    """What of the secret's base64 depends on it alone, with 0, 1 and 2 bytes before it."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + secret)
        core = text[(before * 8 + 5) // 6:(before + len(secret)) * 8 // 6].decode()
        yield core
        yield core.translate(str.maketrans("+/", "-_"))


def forms(secret):
    plain = secret.encode()
    percent = "".join(f"%{byte:02X}" for byte in plain)
    return {secret, secret.lower(), secret.upper(), plain.hex(), plain.hex().upper(), *base64_cores(plain),
            urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret, safe="!'()*"),
            urllib.parse.quote(secret, safe="/"), percent, percent.lower(), json.dumps(secret)[1:-1]}


def said(secret):
    """Texts in which a tool may say it."""
    for before in range(3):
        around = b"<" * before + secret.encode() + b">>"
        yield base64.b64encode(around).decode()
        yield base64.urlsafe_b64encode(around).decode()
    yield from forms(secret) - set(base64_cores(secret.encode()))


def files_below(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            path = pathlib.Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path


def leaks(folder, secrets):
    """(file or name, whose, form) of everything below the folder that shows a secret."""
    found = []
    needles = [(name, form, form.encode()) for name, secret in secrets.items() for form in forms(secret)]
    for path in files_below(folder):
        content = path.read_bytes()
        for name, form, needle in needles:
            if needle in content or form in str(path.relative_to(folder)):
                found.append((str(path), name, form))
    return found


def records(state):
    """Every record that stands somewhere in the log's folder, however that keeps it."""
    found = {}
    for path in files_below(state + "/audit"):
        text = path.read_bytes().decode(errors="replace")
        at = text.find('{"')
        while at >= 0:
            try:
                value, end = json.JSONDecoder().raw_decode(text, at)
            except ValueError:
                end = at + 1
            else:
                if isinstance(value, dict) and {"v", "k", "boot", "prev"} <= value.keys():
                    found[text[at:end]] = value
            at = text.find('{"', end)
    return list(found.values())


def ask_as(plane, method, path):
    request = urllib.request.Request(
        plane.base_url + path, method=method,
        headers={"authorization": "Bearer " + plane.environment_key,
                 "anthropic-version": "2026-10-21", "anthropic-beta": "managed-agents-2026-04-01"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


class Scene:
    """A session that the test claimed itself, so that it knows what was given for it, and a worker
    that serves it."""

    def __init__(self, keep, injected=INJECTED):
        self.plane = keep(Plane())
        self.session = self.plane.session()
        path = f"/v1/environments/{self.plane.environment}/work"
        item = ask_as(self.plane, "GET", path + "/poll")
        ask_as(self.plane, "POST", f"{path}/{item['id']}/ack")
        self.folder = fresh_folder()
        self.injected = self.private("forge", injected)
        policy = pathlib.Path(self.folder, "policy.toml")
        policy.write_text(POLICY.format(secret=self.injected))
        policy.chmod(0o644)
        os.mkdir(self.folder + "/work-of-tools", 0o700)
        token = json.loads(base64.urlsafe_b64decode(item["secret"] + "=="))["sessions_token"]
        self.secrets = {"environment_key": self.plane.environment_key, "work_secret": item["secret"],
                        "sessions_token": token, "forge": injected}
        self.worker = keep(Worker(
            self.plane, "--work-id", item["id"], "--session-id", self.session, "--work-secret-file",
            self.private("work", item["secret"]), "--max-idle", "200ms", "--workdir",
            self.folder + "/work-of-tools", "--workspace", "shared", command=("worker", "run"), state=self.folder,
            policy=str(policy)))

    def private(self, name, text):
        path = pathlib.Path(self.folder, name)
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    def call(self, name, arguments):
        call = self.plane.emit(self.session, {"type": "agent.tool_use", "name": name, "input": arguments})[0]
        return self.plane.result(self.session, call, patience=20)

    def bash(self, command):
        return self.call("bash", {"command": command})

    def finish(self):
        self.plane.end_turn(self.session)
        assert self.worker.process.wait(60) == 0, self.worker.log()
        return records(self.worker.state)

    def nothing_shown(self):
        assert not leaks(self.worker.state, self.secrets), leaks(self.worker.state, self.secrets)[:5]


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def in_no_record_in_any_form(keep):
    scene = Scene(keep)
    for secret in scene.secrets.values():
        for text in said(secret):
            # Said by the model, and by the program on both of its outputs.
            answer, _ = scene.bash(f"printf '%s\\n' {quoted(text)}; printf '%s\\n' {quoted(text)} >&2")
            assert answer.count(text) == 2, (text, answer)
            if len(text) < 200:
                scene.call("write", {"file_path": f"/workspace/n/{text}", "content": text})
    found = scene.finish()
    scene.nothing_shown()
    calls = [r for r in found if r["k"] in ("tool.intent", "tool.result")]
    for name in scene.secrets:
        hidden = [r for r in calls if any(one["m"] == name for one in r.get("red", []))]
        assert len(hidden) > 20, (name, len(hidden))
    for record in calls:
        for one in record.get("red", []):
            value = record
            for step in one["p"].split("/")[1:]:
                step = step.replace("~1", "/").replace("~0", "~")
                value = value[int(step)] if isinstance(value, list) else value[step]
            text = value["text"] if isinstance(value, dict) else value
            assert "<masked:" in text, (one, record)


def in_no_record_of_the_network(keep):
    scene = Scene(keep)
    texts = {text: name for name, secret in scene.secrets.items() for text in said(secret)}
    paths = [text for text in texts if text.isprintable() and not set(text) & set(' "\\<>')]
    for text in paths:
        answer, _ = scene.bash(
            "exec 3<>/dev/tcp/b.test/80; printf 'GET /closed/%s HTTP/1.1\\r\\nHost: b.test\\r\\n"
            f"Connection: close\\r\\n\\r\\n' {quoted(text)} >&3; timeout 20 head -1 <&3")
        assert answer.startswith("HTTP/1.1 40"), (text, answer)  # some forms are no path at all
    # Where a name may be as long; what is split over several labels is not found.
    labels = [text for text in texts if len(text) <= 63 and all(c.isalnum() or c == "-" for c in text)]
    assert len(labels) >= 3, "no form of any secret can be a label"
    for text in labels:
        scene.bash(f"getent hosts {text}.other.test; getent hosts {'x' * 60}.{'y' * 50}.{text}.test; true")
    found = scene.finish()
    scene.nothing_shown()
    by_path = [r for r in found if r["k"] == "net.deny" and "/path" in [o["p"] for o in r.get("red", [])]]
    by_name = [r for r in found if r["k"] == "net.deny" and "/host" in [o["p"] for o in r.get("red", [])]]
    assert len(by_path) >= len(paths) // 2 and by_name, (len(paths), len(by_path), len(by_name))
    assert all("<masked:" in r["path"] for r in by_path) and all("<masked:" in r["host"] for r in by_name)


def after_any_role_was_started_again(keep):
    scene = Scene(keep)
    assert scene.bash("echo up")[0] == "up"
    for role in ("auditor", "boxer", "egress", "auditor"):
        scene.worker.kill_role(role)
        for name, secret in scene.secrets.items():
            wait_for(f"a call after the death of the {role}", lambda: scene.bash("echo up")[0] == "up")
            assert secret in scene.bash(f"printf %s {quoted(secret)}")[0], (role, name)
    found = scene.finish()
    scene.nothing_shown()
    hidden = {one["m"] for r in found for one in r.get("red", [])}
    assert hidden == set(scene.secrets), hidden


def what_is_read_again_is_masked_too(keep):
    scene = Scene(keep)
    assert scene.bash("echo up")[0] == "up"
    other = "another-Canary-of-egress"
    pathlib.Path(scene.injected).write_text(other)
    # Twice: what was replaced is still masked, and the new one before anybody has it.
    os.kill(scene.worker.process.pid, signal.SIGHUP)
    wait_for("the new one is masked", lambda: masked_now(scene, other))
    scene.bash(f"echo {quoted(INJECTED)} {quoted(base64.b64encode(other.encode()).decode())}")
    found = scene.finish()
    scene.nothing_shown()
    last = [r for r in found if r["k"] == "tool.intent"][-1]
    assert last["arg"]["command"].count("<masked:forge>") == 2, last


def masked_now(scene, text):
    """Whether the record of a call that says the text now hides it."""
    scene.bash(f"echo {quoted(text)}")
    with_it = [r for r in records(scene.worker.state) if r["k"] == "tool.intent"]
    return any("<masked:forge>" in r.get("arg", {}).get("command", "") for r in with_it)


def what_is_too_short_is_told_by_name(keep):
    scene = Scene(keep, injected="1234567")
    assert scene.bash("echo 1234567")[0] == "1234567"
    found = scene.finish()
    assert [r["unmasked"] for r in found if r["k"] == "boot"] == [["forge"]], found
    assert "too short to be masked in records secret=forge" in scene.worker.log()
    assert [r["arg"]["command"] for r in found if r["k"] == "tool.intent"] == ["echo 1234567"]


CASES = [
    ("no record and no file shows a secret in any form", in_no_record_in_any_form),
    ("no record of the network shows one", in_no_record_of_the_network),
    ("none does after a role died", after_any_role_was_started_again),
    ("what is read again is masked as well", what_is_read_again_is_masked_too),
    ("what is too short is told by name", what_is_too_short_is_told_by_name),
]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    sys.exit(run_cases([case for case in CASES if not wanted or any(word in case[0] for word in wanted)]))
