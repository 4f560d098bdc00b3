"""What the file tools must refuse, and what must go on working."""
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess

from attack import remove


NODE = "the Node of the conformance tests"
CONFORMANCE = pathlib.Path(os.environ.get("GLOVEBOX_SOURCE_ROOT", ".")) / "tests/conformance"


@dataclasses.dataclass
class ToolCase:
    name: str
    tool: str
    input: dict
    answer: str
    links: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Twin:
    name: str
    script: str
    says: str = ""
    needs: tuple = ()


OUT = 'path "{0}" is outside the session\'s working directory'

TOOL_CASES = [
    ToolCase("G16 A01 read", "read", {"file_path": "{secret}"}, "is outside the session's"),
    ToolCase("G16 A22 read by /proc", "read", {"file_path": "/proc/self/root{secret}"},
             "is outside the session's"),
    ToolCase("A10 read by a link", "read", {"file_path": "out/id_ed25519"},
             OUT.format("out/id_ed25519"), {"out": "{home}/.ssh"}),
    ToolCase("A10 write by a link", "write", {"file_path": "out/.bashrc", "content": "owned"},
             OUT.format("out/.bashrc"), {"out": "{home}"}),
    ToolCase("A10 write by a dangling link", "write", {"file_path": "out", "content": "owned"},
             OUT.format("out"), {"out": "{new}"}),
    ToolCase("A10 edit by a link", "edit",
             {"file_path": "out/.bashrc", "old_string": "canary", "new_string": "owned"},
             OUT.format("out/.bashrc"), {"out": "{home}"}),
    ToolCase("A10 glob by a link", "glob", {"pattern": "out/*"}, "no matches", {"out": "{home}"}),
    ToolCase("A10 grep by a link", "grep", {"pattern": "canary-secret", "path": "out"},
             OUT.format("out"), {"out": "{home}"}),
    ToolCase("B08 glob over loops", "glob", {"pattern": "**/nothing"}, "no matches",
             {"loop": ".", "up": "..", "proc": "/proc/self/root"}),
    ToolCase("B08 grep over loops", "grep", {"pattern": "canary-" + "secret"}, "no matches",
             {"loop": ".", "up": "..", "proc": "/proc/self/root"}),
    ToolCase("E26 a hostile pattern", "grep", {"pattern": "(x+x+)+y"}, "no matches"),
    ToolCase("G08 dot-dot", "read", {"file_path": "../../etc/passwd"}, "is outside the session's"),
    ToolCase("G08 home is a name", "read", {"file_path": "~/.bashrc"}, "no such file or directory"),
    ToolCase("G08 a variable is a name", "read", {"file_path": "$HOME"},
             "no such file or directory"),
    ToolCase("G08 a NUL", "read", {"file_path": "a\0b"}, "contains a NUL byte"),
    ToolCase("G08 a path of 100 KiB", "read", {"file_path": "a" * 102_401}, "is longer than"),
    ToolCase("G01 no switch in the input", "read",
             {"file_path": "/etc/passwd", "sandbox": False, "unsandboxed": True},
             "is outside the session's"),
]

TWINS = [
    Twin("twin git", "export HOME=/workspace; rm -rf g; git init -q g && cd g && git config "
         "user.email a@b && git config user.name a && echo x > f && git add f && git commit -qm one"
         " && git status --short && git log --oneline", "one", ("git",)),
    Twin("twin make", "mkdir -p m && cd m && printf 'all: a b\\na b:\\n\\ttouch $@\\n' > Makefile && "
         "rm -f a b && make -j2 && ls a b", "a", ("make",)),
    Twin("twin gcc", "printf '#include <stdio.h>\\nint main(){puts(\"built\");}' > c.c && "
         "gcc c.c -o c.out && ./c.out", "built", ("gcc",)),
    Twin("twin python multiprocessing", "/usr/bin/python3 -c 'import multiprocessing as m\n"
         "if __name__ == \"__main__\":\n"
         "  with m.get_context(\"fork\").Pool(2) as p: print(sum(p.map(abs, range(10))))'", "45",
         ("/usr/bin/python3",)),
    Twin("twin python asyncio", "/usr/bin/python3 -c 'import asyncio, socket\n"
         "async def main():\n"
         "  a, b = socket.socketpair()\n"
         "  r, w = await asyncio.open_connection(sock=a)\n"
         "  b.send(b\"pair\\n\"); print((await r.readline()).decode())\n"
         "asyncio.run(main())'", "pair", ("/usr/bin/python3",)),
    Twin("twin sqlite", "/usr/bin/python3 -c 'import sqlite3\n"
         "c = sqlite3.connect(\"/workspace/d.db\"); c.execute(\"pragma journal_mode=wal\")\n"
         "c.execute(\"create table if not exists t(x)\"); c.execute(\"insert into t values(1)\")\n"
         "c.commit(); print(\"rows\", c.execute(\"select count(*) from t\").fetchone()[0])'", "rows",
         ("/usr/bin/python3",)),
    Twin("twin tar", "mkdir -p t && ln -sf f t/l && echo x > t/f && tar cf t.tar t && rm -r t && "
         "tar xf t.tar && cat t/l", "x", ("tar",)),
    Twin("twin find on 50,000 files", "cd /tmp && mkdir many && cd many && seq 50000 | xargs touch "
         "&& find . -type f | wc -l", "50000", ("find",)),
    Twin("twin localhost", "/usr/bin/python3 -m http.server 8080 --bind 127.0.0.1 >/dev/null 2>&1 & "
         "for i in $(seq 100); do (exec 9<>/dev/tcp/127.0.0.1/8080) 2>/dev/null && break; "
         "sleep 0.1; done; exec 9<>/dev/tcp/127.0.0.1/8080; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&9; "
         "head -1 <&9; kill %1", "200 OK", ("/usr/bin/python3",)),
    Twin("twin interactive terminal", "/usr/bin/python3 -c 'import pty; pty.spawn([\"/bin/sh\", \"-c\", "
         "\"tty; stty size; echo typed | cat\"])'", "/dev/pts/", ("/usr/bin/python3",)),
    Twin("twin node", "/node/node -e '\n"
         "const {createServer} = require(\"http\"), {Worker} = require(\"worker_threads\");\n"
         "let sum = 0; for (let i = 0; i < 2e7; ++i) sum += i % 7;\n"
         "const server = createServer((ask, answer) => answer.end(\"pong\"));\n"
         "server.listen(0, \"127.0.0.1\", async () => {\n"
         "  const text = await (await fetch(`http://127.0.0.1:${server.address().port}`)).text();\n"
         "  server.close();\n"
         "  const child = require(\"child_process\").execFileSync(\"/bin/echo\", [\"child\"]);\n"
         "  require(\"fs\").writeFileSync(\"f.txt\", text);\n"
         "  const code = `require(\"worker_threads\").parentPort.postMessage(42)`;\n"
         "  new Worker(code, {eval: true}).on(\"message\", (got) =>\n"
         "    console.log(\"node\", text, got, String(child).trim(), sum > 0));\n"
         "});'", "node pong 42 child true", (NODE,)),
    Twin("twin long output", "seq 300000 | tail -1", "300000"),
]


def by_tool(attack, case):
    """The control is that the links really lead to the canaries: whoever follows them gets there."""
    for name, target in case.links.items():
        path = attack.work / name
        path.unlink(missing_ok=True)
        path.symlink_to(attack.words(target))
        outside = os.path.realpath(path)
        if target.startswith("{") and not outside.startswith(str(attack.canaries.folder)):
            return f"the control does not lead outside: {outside}"
    text = json.dumps({key: attack.words(value) if isinstance(value, str) else value
                       for key, value in case.input.items()})
    done = attack.exec(["--tool", case.tool], text=text)
    for name in case.links:
        (attack.work / name).unlink()
    if "canary-secret" in done.stdout:
        return f"ESCAPED: the secret was read:\n{done.stdout}"
    harm = attack.canaries.harm()
    if harm:
        return f"ESCAPED: {harm}\n{done.stdout}"
    answer = attack.words(case.answer)
    if answer not in done.stdout:
        return f"answered (status {done.returncode}):\n{done.stdout}\nnot {answer}"
    return None


def with_node(attack):
    """The policy that mounts the Node of package-lock.json; it is installed where it is missing."""
    binary = CONFORMANCE / "node_modules/node/bin/node"
    if not binary.exists():
        subprocess.run([CONFORMANCE / "run", "--version"], check=True)
    folder = attack.folder / "node"
    folder.mkdir(exist_ok=True)
    shutil.copy2(binary, folder / "node")
    text = (attack.folder / "twins.toml").read_text()
    anchor = '{ at = "@tmp", mode = "tmp", exec = true },'
    assert anchor in text
    entry = f'{{ at = "/node", from = "{folder}", mode = "ro", exec = true }},'
    return attack.policy("node", text.replace(anchor, anchor + entry))


def twin(attack, case):
    missing = [name for name in case.needs if name != NODE and shutil.which(name) is None]
    if missing:
        return f"not on this host: {' '.join(missing)}"
    policy = with_node(attack) if NODE in case.needs else "twins"
    work = attack.make_work("twin")
    done = attack.exec(["--", "/bin/bash", "-c", case.script], policy=str(policy), work=work)
    remove(work)
    if done.returncode == 0 and case.says in done.stdout:
        return None
    return f"BROKE-LEGITIMATE-USE (status {done.returncode}):\n{done.stdout[-2000:]}"
