"""Attempts to leave in a workspace what the host's own tools act on: hooks, settings, servers, another
repository; and to read what a pattern hides. The control of each is the same call under the same
policy without the rule: there it must work."""
import json
import os
import re
import subprocess

from attack import BINARY, collect, own, remove, wrong
from keep_cases import play, step

CASES = []
case = collect(CASES)

GUARD = ('guard = [".git/config", ".git/hooks", ".vscode", ".idea", ".claude", ".mcp.json", ".bashrc", '
         '".gitmodules", ".envrc", ".npmrc", ".codex/config.toml", "secrets/new*"]\n')
# Those that write to the workspace: elsewhere a guard has no effect, and is refused.
PROFILE = re.compile(r"^(\[profile\.(?:shell|files)\]\n)", re.MULTILINE)
WORKSPACE = re.compile(r'(\{ at = "@workspace", mode = "r[ow]"[^}]*\},)')


def guarding(attack):
    return PROFILE.sub(lambda found: found.group(1) + GUARD, attack.text)


def policies(attack):
    """`guard` and `hide`: the suite's policy with these rules in every profile that they say something to."""
    attack.policy("guard", guarding(attack))
    attack.policy("hide", WORKSPACE.sub(r'\1 { at = "@workspace/.env*", mode = "hide" },',
                                        attack.text))


class Place:
    """A workspace that a person works in too, with a state folder of its own."""

    def __init__(self, attack, name):
        self.attack = attack
        self.work, self.state = attack.folder / f"{name}-work", attack.folder / f"{name}-state"
        for path in (self.work, self.state):
            remove(path)
        self.work.mkdir()
        own(self.work)
        policies(attack)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        remove(self.work)
        remove(self.state)

    def host_makes(self, name, text="", mode=0o644):
        path = self.work / name
        for folder in reversed(path.parents):
            if self.work in folder.parents and not folder.exists():
                folder.mkdir()
                own(folder)
        path.write_text(text)
        path.chmod(mode)
        own(path)

    def run(self, script, policy="guard"):
        return self.attack.exec(["--", "/bin/bash", "-c", script], work=self.work, policy=policy,
                                state=self.state)

    def tool(self, name, value, policy="guard"):
        return self.attack.tool(name, value, work=self.work, policy=policy, state=self.state)

    def listing(self):
        return {str(path.relative_to(self.work)): None if path.is_dir() and not path.is_symlink()
                else path.read_bytes() for path in sorted(self.work.rglob("*"))}

    def denials(self):
        """(names that were taken away, whether each stands between its intent and its result)."""
        done = subprocess.run([BINARY, "audit", "show", "--json", str(self.state / "audit")],
                              capture_output=True, text=True, check=True)
        names, ordered, running = [], True, False
        for line in done.stdout.splitlines():
            record = json.loads(line)
            kind = record["k"]
            if kind == "tool.intent":
                running = True
            elif kind == "tool.result":
                running = False
            elif kind == "fs.deny":
                ordered = ordered and running
                names.append(record.get("name"))
        return names, ordered


def git_runs_hook(place, folder="."):
    """What a person's git does next. True: code of the guest's ran."""
    mark = place.work / "owned"
    mark.unlink(missing_ok=True)
    subprocess.run(["git", "-c", "safe.directory=*", "-c", "user.name=p", "-c", "user.email=p@h",
                    "-C", str(place.work / folder), "commit", "--allow-empty", "-qm", "x"],
                   capture_output=True, env={**os.environ, "HOME": str(place.state)}, check=False)
    ran = mark.exists()
    mark.unlink(missing_ok=True)
    return ran


@case("A07 a repository that runs the guest's code", times=1)
def repository(attack):
    with Place(attack, "git") as place:
        mark = place.work / "owned"
        hook = f"printf '#!/bin/sh\\ntouch {mark}\\n'"
        attempts = {
            "a hook": (f"{hook} > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit", "."),
            "hooks elsewhere": ("mkdir -p h && " + hook + " > h/pre-commit && chmod +x h/pre-commit && "
                                f"git config core.hooksPath {place.work}/h", "."),
            "a file in place of .git": (
                f"cp -r .git evil && {hook} > evil/hooks/pre-commit && chmod +x evil/hooks/pre-commit && "
                f"mv .git old && echo 'gitdir: {place.work}/evil' > .git", "."),
            "another .git": (f"cp -r .git evil && {hook} > evil/hooks/pre-commit && "
                             "chmod +x evil/hooks/pre-commit && mv .git old && mv evil .git", "."),
            "one in a folder": (f"git init -q sub && {hook} > sub/.git/hooks/pre-commit && "
                                "chmod +x sub/.git/hooks/pre-commit", "sub"),
            "a file in a folder": (
                f"mkdir -p sub && cp -r .git evil && {hook} > evil/hooks/pre-commit && "
                f"chmod +x evil/hooks/pre-commit && echo 'gitdir: {place.work}/evil' > sub/.git", "sub"),
        }
        for name, (script, folder) in attempts.items():
            for policy in ("agent", "guard"):
                subprocess.run(["rm", "-rf", *map(str, place.work.iterdir())], check=True)
                subprocess.run(["git", "init", "-q", str(place.work)], check=True,
                               env={**os.environ, "HOME": str(place.state.parent)})
                for path in place.work.rglob("*"):
                    own(path)
                before = (place.work / ".git/config").read_bytes()
                done = place.run(f"export HOME=/workspace; {script}; true", policy)
                if done.returncode != 0:
                    return f"{name}: {done.stdout}"
                ran = git_runs_hook(place, folder)
                if policy == "agent" and not ran:
                    return f"{name}: the control does not run it: {done.stdout}"
                if policy == "guard" and ran:
                    return f"ESCAPED: {name}: the person's git ran it: {done.stdout}"
                if policy == "guard" and (place.work / ".git/config").read_bytes() != before:
                    return f"ESCAPED: {name}: the configuration is another: {done.stdout}"
        names, ordered = place.denials()
        if "/workspace/sub/.git/hooks" not in names or "/workspace/sub/.git" not in names or not ordered:
            return f"the log does not tell it in order: {names}"
    return None


PLANTED = (".claude/settings.json", ".mcp.json", ".codex/config.toml", ".vscode/tasks.json", ".envrc",
           ".npmrc", ".bashrc", ".gitmodules", ".idea/workspace.xml")


@case("A08 files that tools of the host pick up", times=1)
def planted(attack):
    with Place(attack, "planted") as place:
        place.host_makes(".claude/CLAUDE.md", "the person's\n")
        script = "".join(f"mkdir -p $(dirname {name}); echo owned > {name}; " for name in PLANTED)
        place.run(script + "true", "agent")
        if any(not (place.work / name).exists() for name in PLANTED):
            return "the control does not make them all"
        subprocess.run(["rm", "-rf", *(str(place.work / name) for name in PLANTED), str(place.work / ".vscode"),
                        str(place.work / ".idea"), str(place.work / ".codex")], check=True)
        before = place.listing()
        for again in range(2):
            done = place.run(script + "ls -A; true")
            if done.returncode != 0:
                return done.stdout
            after = place.listing()
            after.pop(".codex", None)  # the folder above a guarded name is a folder
            if after != before:
                return f"ESCAPED: {sorted(set(after) ^ set(before))} or a text differs: {done.stdout}"
            remove(place.work / ".codex")
        names, ordered = place.denials()
        missing = [name for name in (".mcp.json", ".vscode", ".codex/config.toml", ".envrc")
                   if f"/workspace/{name}" not in names]
        if missing or not ordered:
            return f"not in the log, or not before the result: {missing} {names}"
        kept = [path for path in place.state.glob("sessions/*/quarantine/*")]
        if not kept:
            return "nothing is kept of what was taken away"
        for name in PLANTED:
            done = place.tool("write", {"file_path": name, "content": "owned"})
            if (place.work / name).exists():
                return f"ESCAPED by write: {name}: {done.stdout}"
            if done.returncode == 0 and name != ".claude/settings.json":
                return f"write says that it made {name}: {done.stdout}"
        if place.listing().get(".claude/CLAUDE.md") != b"the person's\n":
            return "ESCAPED: what was there is not any more"
        done = place.tool("edit", {"file_path": ".claude/CLAUDE.md", "old_string": "person",
                                   "new_string": "guest"})
        if done.returncode == 0 or (place.work / ".claude/CLAUDE.md").read_text() != "the person's\n":
            return f"ESCAPED by edit: {done.stdout}"
    return None


@case("A04 what matches a rule only after the start", times=1)
def later(attack):
    with Place(attack, "later") as place:
        make = "mkdir -p secrets; echo later-canary > secrets/new.pem; cat secrets/new.pem"
        for policy, wanted in (("agent", True), ("guard", False)):
            remove(place.work / "secrets")
            place.run(make, policy)
            seen = [place.run("cat secrets/new.pem", policy).stdout,
                    place.tool("read", {"file_path": "secrets/new.pem"}, policy).stdout,
                    place.tool("grep", {"pattern": "later-canary"}, policy).stdout]
            for text in seen:
                if ("later-canary" in text) != wanted:
                    return f"{'ESCAPED' if not wanted else 'the control'}: {policy}: {seen}"
    return None


@case("A02 names that a pattern hides, by every path", times=1)
def hidden_pattern(attack):
    with Place(attack, "pattern") as place:
        place.host_makes(".env", "pattern-canary\n")
        place.host_makes(".env.local", "pattern-canary\n")
        place.host_makes("sub/.git/HEAD", "ref: refs/heads/main\n")
        place.host_makes("sub/.env.test", "pattern-canary\n")
        names = (".env", ".env.local", "sub/.env.test", "./sub/../.env", "/proc/self/cwd/.env",
                 "/proc/self/root/workspace/sub/.env.test", "alias", "folder/.env.test")
        script = "ln -sf .env alias; ln -sfn sub folder; "
        script += "".join(f"cat {name}; cat < {name}; cp {name} copy && cat copy;" for name in names)
        script += ("tar c . | grep -a pattern-canary; ln .env linked && cat linked; chmod 666 .env; "
                   "cat .env; mv .env moved; cat moved; rm -f copy linked; "
                   "python3 -c 'print(open(\".env\").read())'; [ -e moved ] && mv moved .env; "
                   "rm -f alias folder; true")
        by_tool = [("read", {"file_path": name}) for name in names[:4]]
        by_tool.append(("grep", {"pattern": "pattern-canary"}))
        for policy, wanted in (("agent", True), ("hide", False)):
            seen = [place.run(script, policy)]
            seen += [place.tool(tool, value, policy) for tool, value in by_tool]
            for done in seen:
                if done.returncode in (71, 78):
                    return f"{policy}: {done.stdout}"
                if ("pattern-canary" in done.stdout) != wanted:
                    return f"{'the control' if wanted else 'ESCAPED'}: {policy}: {done.args} {done.stdout}"
        # One that a call makes is hidden from the next.
        place.run("echo made-canary > .env.made", "hide")
        done = place.run("cat .env.made", "hide")
        problem = wrong(done, 1, "Permission denied", "made-canary")
        if problem:
            return problem
    return None


@case("A07 A08 what is guarded is there to be used", times=1)
def in_use(attack):
    with Place(attack, "use") as place:
        subprocess.run(["git", "init", "-q", str(place.work)], check=True,
                       env={**os.environ, "HOME": str(place.state.parent)})
        for path in place.work.rglob("*"):
            own(path)
        place.host_makes(".vscode/settings.json", "{}\n")
        done = place.run("export HOME=/workspace GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b "
                         "GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b; echo x > f && git add -A && "
                         "git commit -qm one && git checkout -qb other && git log --oneline && "
                         "git status --short && git stash list && git gc -q && cat .vscode/settings.json")
        return wrong(done, 0, "one")
    return None


@case("A04 A07 A08 calls of one session, by boxes that waited", times=1)
def in_a_session(attack):
    plant = "mkdir -p .vscode .git/hooks; echo t > .vscode/tasks.json; echo h > .git/hooks/x; echo made"
    steps = [
        step("true", exit=0),
        step(plant, contains=["taken away: .git/hooks, .vscode]", "made"]),
        step("ls -A .vscode .git/hooks", is_error=True, lacks="tasks.json"),
        step({"file_path": ".envrc", "content": "x"}, tool="write", is_error=True,
             contains="write: not permitted by policy ("),
        step({"file_path": ".mcp.json"}, tool="read", is_error=True, contains="no such file"),
        step({"pattern": ".vscode/*"}, tool="glob", lacks="tasks"),
        step(plant, contains="taken away"),
        step("ls -A; echo alive", contains="alive", lacks=[".vscode", ".envrc"]),
    ]
    if attack.mode == "keep":
        steps += [
            step("(while [ ! -e go ]; do read -t 0.01 < /dev/zero; done; mkdir .idea; echo > made) "
                 ">/dev/null 2>&1 &", exit=0),
            step("touch go; while [ ! -e made ]; do read -t 0.01 < /dev/zero; done; echo seen",
                 contains=["taken away: .idea]", "seen"]),
            step("ls -A .idea", is_error=True),
        ]
    control = play(attack, step(plant, contains="made", lacks="taken away"),
                   step("ls -A .vscode .git/hooks", contains="tasks.json"))
    return control or play(attack, *steps, text=guarding(attack))
