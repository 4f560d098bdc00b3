"""Attempts that are a call's own input: scripts of bash, names and contents of files, floods."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import threading
import time

from attack import BINARY, audit_log, collect, own, remove, wrong
from host_facts import IS_ROOT

CASES = []
case = collect(CASES)
MIB = 1 << 20
ESCAPES = (r"\033]52;c;Zm9v\007", r"\033]0;title\007", r"\033]8;;http://evil\033\\x\033]8;;\033\\",
           r"\033[c", r"\033P\$q\042p\033\\", r"\033[8m", r"\302\2335n", r"\233c", r"\177", r"\b\b")
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")


def fresh(attack, name="fresh"):
    remove(attack.folder / name)
    return attack.make_work(name)


@case("A02 A11 a hidden path by every name", times=1)
def hidden(attack):
    work = fresh(attack)
    (work / "real").mkdir()
    (work / "real/key").write_text("hidden-canary\n")
    (work / "alias").symlink_to("real")
    (work / "far").symlink_to("/workspace/real")
    (work / "dot").symlink_to(".")
    for path in (work / "real", work / "real/key"):
        own(path)
    names = ("real/key", "alias/key", "far/key", "dot/alias/key", "real/../dot/real/key",
             "/proc/self/cwd/real/key", "/proc/self/root/workspace/alias/key")
    script = "".join(f"cat {name}; cat < {name}; cp {name} copy && cat copy;" for name in names)
    script += "mv alias a2 && cat a2/key; mv a2 alias; tar c . | grep -a hidden-canary; "
    script += "ln real/key linked && cat linked; chmod -R 777 real; cat real/key; rm -f copy linked;"
    script += "mv real r2; cat r2/key; mv r2 real"
    if "hidden-canary" not in attack.exec(["--", "/bin/sh", "-c", script], work=work).stdout:
        return "the control does not see it"
    for hidden_path in ("real", "real/key", "alias", "far/key", "dot/real/key"):
        text = re.sub(r'(\{ at = "@workspace", mode = "r[ow]"[^}]*\},)',
                      r'\1 { at = "@workspace/' + hidden_path + '", mode = "hide" },', attack.text)
        attack.policy("hide", text)
        done = attack.exec(["--", "/bin/sh", "-c", script], work=work, policy="hide")
        tools = [attack.tool("read", {"file_path": name}, work=work, policy="hide").stdout
                 for name in ("real/key", "alias/key")]
        tools.append(attack.tool("grep", {"pattern": "hidden-canary"}, work=work, policy="hide").stdout)
        for seen in (done.stdout, *tools):
            if "hidden-canary" in seen:
                return f"ESCAPED: hidden as {hidden_path}, and read:\n{seen}"
        if done.returncode in (71, 78):
            return f"hidden as {hidden_path}: {done.stdout}"
    return None


@case("B07 a hard link to an outside file, by the tools", modes=("kill",))
def hard_links(attack):
    alias = attack.work / "alias"
    for tool, value in (("edit", {"file_path": "alias", "old_string": "canary", "new_string": "owned"}),
                        ("write", {"file_path": "alias", "content": "owned"})):
        alias.unlink(missing_ok=True)
        os.link(attack.canaries.profile, alias)
        if not os.path.samefile(alias, attack.canaries.profile):
            return "the control is no link"
        done = attack.tool(tool, value)
        if attack.canaries.harm():
            return f"ESCAPED by {tool}: {done.stdout}"
        if done.returncode == 0 and "owned" not in alias.read_text():
            return f"{tool} says that it did and did not: {done.stdout}"
    alias.unlink()
    return None


@case("A19 deep folders and hostile names", times=1, modes=("kill",))
def path_torture(attack):
    script = """/usr/bin/python3 - <<'END'
import os
folder = os.open(".", os.O_RDONLY)
for name in ["deep"] + ["d" * 200] * DEPTH:
    os.mkdir(name, dir_fd=folder)
    inner = os.open(name, os.O_RDONLY, dir_fd=folder)
    os.close(folder)
    folder = inner
os.close(os.open("needle", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
for name in (b"n" * 255, b"a\\nb", b"\\x1b[31mred", b"\\xff\\xfe", "\\u202eltr".encode(), b"-rf", b" ", b"$(id)"):
    with open(name, "w") as file:
        file.write("needle\\n")
END
find . -mindepth 1 -maxdepth 1 -printf x | wc -c"""
    for work in ("none", fresh(attack)):
        # 200 bytes each: no path of the second tree fits any buffer. The first is the product's to
        # remove.
        depth = "200" if work == "none" else "3000"
        done = attack.bash(script.replace("DEPTH", depth), work=work, policy="limit")
        problem = wrong(done, 0, "9" if work == "none" else "10")
        if problem:
            return problem
    for tool, value in (("glob", {"pattern": "**/*"}), ("grep", {"pattern": "needle"}),
                        ("glob", {"pattern": "**/needle"}), ("read", {"file_path": "deep/" + "d" * 200})):
        done = attack.tool(tool, value, work=work)
        if done.returncode not in (0, 1) or CONTROLS.search(done.stdout):
            return f"{tool}: status {done.returncode}: {done.stdout[:500]!r}"
        if tool == "grep" and done.stdout.count(":1:needle") != 8:
            return f"grep does not find each of the names: {done.stdout!r}"
    left = [str(path) for name in ("work", "sessions") if IS_ROOT
            for path in (attack.state / name).iterdir()]
    remove(work)
    return f"the fresh workspace was not removed: {left}" if left else None


@case("A22 G07 folders carried from call to call", times=1)
def carried_folders(attack):
    work = fresh(attack)
    for folder in ("/proc/1/cwd", "/proc/1/root", "/proc/self/fd/7", "../..", "/proc/self/root/../..",
                   attack.words("{home}"), "/tmp/../..", "$(printf '/etc\\n/')", "//", "/proc/$PPID/cwd"):
        script = f'cd {folder} 2>/dev/null; cat .ssh/id_ed25519 {attack.words("{secret}")}; ls ..; pwd'
        for command in (script, "pwd; ls .ssh ../.ssh; cat etc/shadow ../etc/shadow"):
            done = attack.exec(["--tool", "bash", "--session", "cd"], work=work,
                               text=json.dumps({"command": command}))
            problem = wrong(done, (0, 1, 2))
            if problem or "root:$" in done.stdout or "root:*" in done.stdout:
                return f"cd {folder}: {problem or done.stdout}"
    for tool in ("read", "glob", "grep"):
        for path in ("..", "/", "/proc/self/cwd/..", attack.words("{home}"), "/etc"):
            value = {"read": {"file_path": path}, "glob": {"pattern": "*", "path": path},
                     "grep": {"pattern": "canary", "path": path}}[tool]
            done = attack.tool(tool, value, work=work)
            if "outside the session's working directory" not in done.stdout:
                return f"{tool} of {path}: {done.stdout}"
    return None


LAUNCHERS = {
    "as it is": "{0}",
    "a renamed copy": "cp {probe} /tmp/other-name && /tmp/other-name C13; s=$?; rm -f /tmp/other-name; (exit $s)",
    "the dynamic linker": "/lib64/ld-linux-x86-64.so.2 /bin/sh -c '{0}'",
    "python": "/usr/bin/python3 -c 'import os; os.execv(\"{probe}\", [\"x\", \"C13\"])'",
    "a file in memory": "/usr/bin/python3 -c 'import os, shutil\n"
                        "fd = os.memfd_create(\"x\", 0)\n"
                        "os.write(fd, open(\"{probe}\", \"rb\").read())\n"
                        "os.execve(fd, [\"x\", \"C13\"], {{}})'",
    "find": "find {probe} -maxdepth 0 -exec sh -c '{0}; echo $? > s' ';'; (exit $(cat s; rm s))",
    "git": "git -c alias.x='!{0}' x",
    "awk": "awk 'BEGIN {{ exit system(\"{0}\") }}'",
    "perl": "perl -e 'exec(\"{probe}\", \"C13\"); exit 126'",
    "env": "env -i {0}",
    "a script": "printf '#!{probe} C13\\n' > ./script; chmod +x script; ./script; s=$?; rm script; (exit $s)",
}


@case("C28 no right is gained by the way of starting")
def launchers(attack):
    names = [name for name in LAUNCHERS if name != "git" or shutil.which("git")]

    def statuses(run, probe):
        script = "export HOME=/tmp\n" + "".join(
            f"({LAUNCHERS[name].format(f'{probe} C13', probe=probe)})\necho \"=$? {name}\"\n"
            for name in names)
        out = run(script)
        return out, {line[line.index(" ") + 1:]: int(line[1:line.index(" ")])
                     for line in out.splitlines() if re.match(r"=\d+ ", line)}

    def outside(script):
        return subprocess.run(["/bin/sh", "-c", script], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, cwd=attack.scratch,
                              env={"PATH": "/usr/bin:/bin"}).stdout

    out, seen = statuses(outside, attack.probe)
    if seen != dict.fromkeys(names, 0):
        return f"a control does not get through: {seen}\n{out}"
    for policy in ("agent", "noexec"):
        out, seen = statuses(lambda script: attack.exec(["--", "/bin/sh", "-c", script],
                                                        policy=policy).stdout, "/workspace/probe")
        good = {10} if policy == "agent" else {10, 126, 2, 1, 255}
        if set(seen) != set(names) or not set(seen.values()) <= good or "through" in out:
            return f"ESCAPED under {policy}: {seen}\n{out}"
    return None


def on_terminal(attack, arguments, text=""):
    """What a terminal would get to see."""
    leader, terminal = pty.openpty()
    process = subprocess.Popen(
        [BINARY, "exec", "--policy", str(attack.folder / "agent.toml"), "--state", str(attack.state),
         "--workdir", str(attack.work), *arguments],
        stdin=subprocess.PIPE, stdout=terminal, stderr=terminal)
    os.close(terminal)
    process.stdin.write(text.encode())
    process.stdin.close()
    seen = b""
    while select.select([leader], [], [], 30)[0]:
        try:
            block = os.read(leader, 65536)
        except OSError:  # the other side is closed
            break
        if not block:
            break
        seen += block
    process.wait()
    os.close(leader)
    return seen.decode(errors="replace")


@case("D10 escapes for the operator's terminal", modes=("kill",))
def escapes(attack):
    script = "; ".join(f"printf 'a{text}b\\n'; printf '{text}' >&2" for text in ESCAPES)
    script += r"; printf 'needle' > \"$(printf 'x\033[31m\302\233y')\""
    tool = json.dumps({"command": script})
    for what, seen in (
            ("a program", on_terminal(attack, ["--", "/bin/bash", "-c", script])),
            ("the bash tool", on_terminal(attack, ["--tool", "bash"], tool)),
            ("--json", on_terminal(attack, ["--json", "--tool", "bash"], tool)),
            ("glob", on_terminal(attack, ["--tool", "glob"], '{"pattern": "*"}')),
            ("an error", on_terminal(attack, ["--tool", "read"],
                                     r'{"file_path": "x\u001b[31m\u009b\n\u202e"}'))):
        text = seen.replace("\r\n", "\n")
        if CONTROLS.search(text.replace("\t", "")) or "\u202e" in text:
            return f"ESCAPED by {what}: {text!r}"
        if what == "a program" and text.count("a") < len(ESCAPES):
            return f"the text itself is gone: {text!r}"
    for path in attack.work.iterdir():
        if path.name != "probe":
            path.unlink()
    return None


@case("D17 a daemon that keeps the output open")
def kept_output(attack):
    script = "(setsid /bin/sleep 45 &) ; /bin/sleep 45 & echo done"
    began = time.monotonic()
    subprocess.run(["/bin/sh", "-c", script.replace("45", "1")], stdout=subprocess.PIPE, check=True)
    if time.monotonic() - began < 0.9:
        return "the control does not wait"
    for done in (attack.exec(["--", "/bin/sh", "-c", script], seconds=20), attack.bash(script, seconds=20)):
        problem = wrong(done, 0, "done")
        if problem:
            return problem
    return None


class MemoryWatch:
    """The largest resident set of any process of glovebox itself."""

    def __enter__(self):
        self.largest, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def look(self):
        while not self.over.wait(0.05):
            for entry in pathlib.Path("/proc").iterdir():
                try:
                    if not entry.name.isdigit() or not (entry / "comm").read_text().startswith(("gb-", "glovebox")):
                        continue
                    found = re.search(r"RssAnon:\s+(\d+)", (entry / "status").read_text())
                    self.largest = max(self.largest, int(found[1]) * 1024 if found else 0)
                except OSError:
                    pass

    def __exit__(self, *unused):
        self.over.set()
        self.thread.join()


FLOODS = {
    "both streams": ("(yes out & yes err >&2 & wait) & sleep 1.5; kill -9 -1", (0, 1, 137)),
    "one line": ("head -c 200M /dev/zero | tr '\\0' x", (0,)),
    "zeros": ("head -c 8M /dev/zero", (0,)),
    "invalid text": ("head -c 8M /dev/zero | tr '\\0' '\\377'", (0,)),
}


@case("E10 E11 floods of output")
def floods(attack):
    for name, (script, statuses) in FLOODS.items():
        with MemoryWatch() as watch:
            done = attack.exec(["--json", "--tool", "bash"], text=json.dumps({"command": script}))
        if done.returncode not in statuses:
            return f"{name}: status {done.returncode}: {done.stdout[-500:]!r}"
        text = json.loads(done.stdout)["content"][0]["text"]
        if not text.startswith("[output truncated: ") or len(text.encode()) > 110 * 1024 * 6:
            return f"{name}: {len(text)} characters: {text[:100]!r}"
        if watch.largest > 64 * MIB:
            return f"{name}: a process of ours grew to {watch.largest >> 20} MiB"
    drip = attack.exec(["--tool", "bash"], text=json.dumps(
        {"command": "while :; do printf x; sleep 0.05; done", "timeout_ms": 1000}))
    return wrong(drip, (1, 124), "xxx") or wrong(drip, (1, 124), "timed out after 1000ms")


FILLS = {
    "plain files": "for i in $(seq 9); do head -c 6M /dev/zero > f$i; sleep 0.03; done",
    "closed folders": "for i in $(seq 9); do mkdir d$i; head -c 6M /dev/zero > d$i/f; chmod 0 d$i; "
                      "sleep 0.03; done",
    "deep folders": "p=.; for i in $(seq 250); do p=$p/d; done; mkdir -p $p; cd $p; "
                    "for i in $(seq 9); do head -c 6M /dev/zero > f$i; sleep 0.03; done",
    "empty files": "seq 45000 | xargs -n 1000 sh -c 'touch \"$@\"; sleep 0.01' x",
}


@case("E08 the workspace filled", times=1)
def fills(attack):
    large = (attack.folder / "limit.toml").read_text()
    assert 'disk = "1GiB"' in large
    attack.policy("small", large.replace('disk = "1GiB"', 'disk = "16MiB"'))
    for name, script in FILLS.items():
        for policy in ("limit", "small"):
            work = fresh(attack)
            done = attack.exec(["--", "/bin/bash", "-c", script], work=work, policy=policy)
            subprocess.run(["chmod", "-R", "u+rwx", str(work)], check=True)
            remove(work)
            problem = (wrong(done, 0) if policy == "limit" else
                       wrong(done, 137, "stopped by the disk limit"))
            if problem:
                return f"{name} under {policy}: {problem}"
    return None


BOMBS = {
    "gzip": "head -c 300M /dev/zero | gzip -1 > b.gz; gzip -dc b.gz > b",
    "many files": "head -c 1M /dev/zero > s; for i in $(seq 2000); do cat s > f$i; done",
    "entities": "/usr/bin/python3 -c 's = \"x\" * 100\nwhile True: s = s * 10'",
    "git": "git init -q g && cd g && b=$(yes | head -c 2M | git hash-object -w --stdin) && "
           "for i in $(seq 1000); do printf '100644 blob %s\\tf%s\\n' $b $i; done | git mktree > t && "
           "git read-tree $(cat t) && git checkout-index -a",
}


@case("E25 bombs in local archives", times=1, modes=("kill",))
def bombs(attack):
    for name, script in BOMBS.items():
        if name == "git" and shutil.which("git") is None:
            continue
        work = fresh(attack)
        done = attack.exec(["--", "/bin/bash", "-c", "set -e; export HOME=/tmp; " + script], work=work,
                           policy="agent")
        used = sum(os.lstat(os.path.join(folder, file)).st_blocks * 512
                   for folder, _, files in os.walk(work) for file in files)
        # Watched, not walled: one look comes every 100 ms.
        if done.returncode == 0 or used > 400 * MIB:
            return f"{name}: status {done.returncode}, {used >> 20} MiB: {done.stdout[-500:]}"
        after = attack.exec(["--", "/bin/echo", "alive"])
        if wrong(after, 0, "alive"):
            return f"{name}: the next call: {after.stdout}"
        remove(work)
    return None


@case("E26 a pattern of a megabyte", modes=("kill",))
def long_patterns(attack):
    for tool, value in (("grep", {"pattern": "(a|" * 200_000 + "b" + ")" * 200_000}),
                        ("grep", {"pattern": "a" * MIB}), ("grep", {"pattern": "(a{1000}){1000}"}),
                        ("glob", {"pattern": "**/" * 100_000 + "x"}), ("glob", {"pattern": "{a,b}" * 50_000})):
        done = attack.tool(tool, value, seconds=30)
        if done.returncode not in (0, 1):
            return f"{tool}: status {done.returncode}: {done.stdout[-500:]}"
    return None


@case("E28 inputs that are too much to parse", modes=("kill",))
def hostile_inputs(attack):
    deep, many = 10 ** 6, 10 ** 6
    inputs = {
        "100 MiB": '{"file_path":"' + "a" * (100 * MIB) + '"}',
        "nesting": '{"file_path":' + "[" * deep + "]" * deep + "}",
        "nested objects": '{"a":' * deep + "1" + "}" * deep,
        "equal keys": '{"file_path":"a","file_path":"b"}',
        "no object": '["a"]',
        "half a text": '{"file_path":"',
        "bad text": '{"file_path":"\udcff\udcfe"}',
    }
    for name, text in inputs.items():
        done = attack.exec(["--tool", "read"], text=text, seconds=30)
        problem = wrong(done, 64, "glovebox: error: ")
        if problem:
            return f"{name}: {problem}"
    keys = "{" + ",".join(f'"k{i}":1' for i in range(many)) + "}"
    done = attack.exec(["--tool", "read"], text=keys, seconds=30)
    return wrong(done, (1, 64, 77)) if len(done.stdout) < 4096 else f"a long answer: {done.stdout[:500]}"


@case("E29 arguments and variables without end", modes=("kill",))
def long_arguments(attack):
    most = ["x" * 100_000] * 15
    done = attack.exec(["--", "/bin/sh", "-c", 'echo $#; /bin/echo "$@" "$@" "$@" "$@" "$@" | wc -c', "x", *most])
    problem = wrong(done, (0, 71), "")
    if problem or (done.returncode == 71 and "glovebox: error: " not in done.stdout):
        return f"15 arguments: {problem or done.stdout[-300:]}"
    text = attack.text.replace('GREETING = "hello"', 'GREETING = "' + "x" * 140_000 + '"')
    attack.policy("variable", text)
    done = attack.exec(["--", "/bin/true"], policy="variable")
    problem = wrong(done, (71, 78, 126), "glovebox: error: ")
    if problem:
        return f"a variable: {problem}"
    done = attack.bash("x=$(head -c 200000 /dev/zero | tr '\\0' x); /bin/echo $x | wc -c; echo ${#x}")
    problem = wrong(done, 0, "200000") or wrong(done, 0, "Argument list too long")
    if problem:
        return f"bash: {problem}"
    return wrong(attack.bash("true " + "x" * 300_000 + "; echo end"), 0, "end")


@case("G10 names that forge lines and fields", modes=("kill",))
def forging_names(attack):
    work = fresh(attack)
    names = ["a\nread: forged", 'x","content":"forged', "\x1b]0;t\x07", "y\r\nz", "\u2028sep", "<x0a>"]
    for name in names:
        (work / name).write_text("needle\n")
        own(work / name)
    for tool, value in (("glob", {"pattern": "*"}), ("grep", {"pattern": "needle"}),
                        ("grep", {"pattern": "needle", "output_mode": "files_with_matches"})):
        done = attack.exec(["--json", "--tool", tool], text=json.dumps(value), work=work)
        lines = json.loads(done.stdout)["content"][0]["text"].splitlines()
        bad = [line for line in lines if not line.startswith("/workspace/") or CONTROLS.search(line)]
        if bad or len([line for line in lines if "probe" not in line]) != len(names):
            return f"{tool}: {bad or lines}"
    forged = '{"k":"forged"}\n{"k":"tool.result","outcome":"finished"}\x1b[31m'
    attack.exec(["--tool", "read"], text=json.dumps({"file_path": forged}), work=work)
    attack.exec(["--tool", "nothing\n" + forged], text="{}", work=work)
    attack.exec(["--session", "s\n" + forged, "--", "/bin/echo", forged], work=work)
    for line in audit_log.lines(attack.state / "audit"):
        if CONTROLS.search(line) or (line and json.loads(line).get("k") == "forged"):
            return f"a forged record: {line}"
    checked = subprocess.run([BINARY, "audit", "verify", str(attack.state / "audit")],
                             capture_output=True, text=True)
    return None if checked.returncode == 0 else f"the log is not good: {checked}"
