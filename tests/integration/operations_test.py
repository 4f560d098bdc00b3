#!/usr/bin/env python3
"""What an operator does with the worker: configures, signals, and reads exit codes."""
import base64
import json
import os
import pathlib
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from operations_harness import (Configured, a_running_call, configuration, policy, refused, run,
                                write)
from worker_harness import Plane, Worker, descendants, fresh_folder, run_cases, wait_for

IS_ROOT = os.geteuid() == 0


def a_file_is_all_a_worker_needs(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    audit = folder + "/log"
    file = configuration(folder, plane, f'[audit]\ndir = "{audit}"\norigin = "host-1"\n'
                                        '[log]\nformat = "json"\n')
    worker = keep(Configured(file))
    session = plane.session()
    call = plane.bash(session, "echo configured")
    assert plane.result(session, call) == ("configured", False)
    assert worker.terminate() == 0
    for line in worker.log().splitlines():
        assert json.loads(line)["level"], line
    assert pathlib.Path(audit, "key.pub").read_text().startswith("host-1+")
    assert not any(pathlib.Path(folder, "state/audit").iterdir())
    assert run("audit", "verify", audit).returncode == 0
    assert plane.environment_key not in worker.log()


def variables_come_before_the_file(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    file = configuration(folder, plane, key="sk-wrong")
    keep(Configured(file, command=("worker",),
                    variables={"ANTHROPIC_ENVIRONMENT_KEY": plane.environment_key}))
    session = plane.session()
    call = plane.bash(session, "echo variable")
    assert plane.result(session, call) == ("variable", False)


def a_bad_file_is_refused_with_its_place(keep):
    refused("[worker]\nworkdri = '/w'\n", "FOLDER/glovebox.toml:2:1: error GB0010",
            "did you mean `workdir`?")
    refused("[tunnel]\n", "glovebox.toml:1:2: error GB0017", "not in this version")
    refused("[egress]\nresolvers = ['dns.example']\n", "glovebox.toml:2:14: error", "an IP address")
    refused("", "group", mode=0o664)
    refused("", "no environment")
    refused("[control_plane]\nenvironment_id = 'e'\n", "no environment key")
    key = "[control_plane]\nenvironment_id = 'e'\nenvironment_key = 'file:FOLDER/key'\n"
    refused(key, "environment_key: FOLDER/key", "ENOENT")
    refused(key, "group or others can read it", "hint: chmod 600 FOLDER/key",
            prepare=lambda folder: write(folder + "/key", "k", 0o644))
    done = run("run", "--config", "/nowhere/glovebox.toml")
    assert done.returncode == 78 and "/nowhere/glovebox.toml" in done.stderr, done


def a_file_is_judged_without_starting_anything(keep):
    folder = fresh_folder()
    good = write(folder + "/good.toml", "[log]\nlevel = 'info'\n")
    done = run("config", "check", "--config", good)
    assert (done.returncode, done.stdout) == (0, good + ": good\n"), done
    bad = write(folder + "/bad.toml", "[log]\nlevle = 'info'\n")
    done = run("config", "check", "--config", bad)
    assert done.returncode == 2 and "did you mean `level`?" in done.stderr, done
    done = run("config", "check", "--config", folder + "/none.toml")
    assert done.returncode == 78, done


def checks(*arguments):
    done = run("doctor", "--json", *arguments)
    return done, {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def doctor_looks_at_what_the_file_names(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    audit = folder + "/log"
    file = configuration(folder, plane, f'[audit]\ndir = "{audit}"\n')
    done, seen = checks("--config", file)
    assert done.returncode == 0, done
    assert f"{plane.base_url} answers with status 404" in seen["control plane"]["detail"], seen
    assert "does not exist yet" in seen["audit log"]["detail"], seen
    assert seen["one real call"]["state"] == "good", seen
    worker = keep(Configured(file))
    wait_for("it serves", lambda: "serving" in worker.log())
    done, seen = checks("--config", file)
    assert done.returncode == 0, (done, seen)
    for name in ("state folder", "its sessions", "its workspaces", "audit log"):
        assert seen[name]["state"] == "good" and "user" in seen[name]["detail"], seen
    assert worker.terminate() == 0
    os.chmod(audit, 0o777)
    done, seen = checks("--config", file)
    assert done.returncode == 71 and "audit log" in done.stderr, done
    assert seen["audit log"]["remedy"] == f"chmod go-w {audit}", seen
    # What is named for the way there is used, and what is wrong with it told.
    other = write(folder + "/proxy.toml", """
[control_plane]
base_url = "https://api.example.com"
proxy = "http://127.0.0.1:1"
""")
    done, seen = checks("--config", other, "--state", folder + "/other")
    assert done.returncode == 69, done
    assert "127.0.0.1:1" in seen["control plane"]["detail"], seen
    assert "proxy" in seen["control plane"]["remedy"], seen


def rotate(plane, folder):
    """Another key is valid from now on, and stands in the file; the worker's polls find nothing
    amiss before both are so."""
    plane.fault(route="work.poll", status=503, count=0)
    key = plane.ask("POST", f"/_plane/environments/{plane.environment}/rotate_key",
                    {})["environment_key"]
    assert key != plane.environment_key
    write(folder + "/key", key + "\n")
    plane.ask("DELETE", "/_plane/faults")
    return key


def a_refused_key_is_read_again(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    worker = keep(Configured(configuration(folder, plane)))
    wait_for("a poll", lambda: plane.trace("work.poll"))
    key = rotate(plane, folder)
    session = plane.session()
    call = plane.bash(session, "echo rotated")
    assert plane.result(session, call) == ("rotated", False)
    assert "a secret is read again" in worker.log(), worker.log()
    worker.kill_role("worker")  # the next one has the new key
    session = plane.session()
    call = plane.bash(session, "echo again")
    assert plane.result(session, call) == ("again", False)
    for secret in (key, plane.environment_key):
        assert secret not in worker.log()


def a_key_is_read_again_on_a_hang_up(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    worker = keep(Configured(configuration(folder, plane, key="sk-wrong")))
    wait_for("the refusal", lambda: "poll refused" in worker.log())
    write(folder + "/key", plane.environment_key)
    worker.process.send_signal(signal.SIGHUP)
    session = plane.session()
    call = plane.bash(session, "echo in time")
    assert plane.result(session, call, patience=30) == ("in time", False)
    # One that others may read, or that is gone, is refused: the last one holds.
    write(folder + "/key", "sk-other", 0o644)
    worker.process.send_signal(signal.SIGHUP)
    wait_for("the second refusal", lambda: "group or others can read it" in worker.log())
    call = plane.bash(session, "echo still")
    assert plane.result(session, call) == ("still", False)


class Proxy:
    """Whoever knows the word gets to the plane, whatever the name is that is asked for."""

    def __init__(self, plane, word):
        self.word, self.refused, self.asked = word, 0, []
        where = urllib.parse.urlsplit(plane.base_url)
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    byte = self.connection.recv(1)
                    if not byte:
                        return
                    head += byte
                proxy.asked.append(head.split()[1].decode())
                token = base64.b64encode(proxy.word.encode())
                if b"Basic " + token + b"\r\n" not in head:
                    proxy.refused += 1
                    self.connection.sendall(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n")
                    return
                self.connection.sendall(b"HTTP/1.1 200 Yes\r\n\r\n")
                with socket.create_connection((where.hostname, where.port)) as far:
                    back = threading.Thread(target=pump, args=(far, self.connection), daemon=True)
                    back.start()
                    pump(self.connection, far)
                    back.join()

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()


def pump(source, drain):
    try:
        while data := source.recv(65536):
            drain.sendall(data)
        drain.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def a_word_that_the_proxy_refuses_is_read_again(keep):
    plane = keep(Plane())
    proxy = keep(Proxy(plane, "user:new word"))
    folder = fresh_folder()
    write(folder + "/proxy", "user:old word\n")
    file = configuration(folder, plane)
    text = pathlib.Path(file).read_text().replace(plane.base_url, "http://plane.test")
    write(file, text.replace("[control_plane]", f"""[control_plane]
allow_http = true
proxy = "127.0.0.1:{proxy.port}"
proxy_auth = "file:{folder}/proxy"
"""))
    worker = keep(Configured(file))
    wait_for("a refusal", lambda: proxy.refused)
    write(folder + "/proxy", "user:new word\n")
    session = plane.session()
    call = plane.bash(session, "echo through")
    assert plane.result(session, call) == ("through", False)
    assert set(proxy.asked) == {"plane.test:80"}, proxy.asked
    assert "word" not in re.sub("a word that", "", worker.log()), worker.log()


def through_a_proxy(folder, plane, proxy, program):
    """A configuration with a program that prints the word."""
    file = configuration(folder, plane)
    text = pathlib.Path(file).read_text().replace(plane.base_url, "http://plane.test")
    return write(file, text.replace("[control_plane]", f"""[control_plane]
allow_http = true
proxy = "127.0.0.1:{proxy.port}"
proxy_auth = ["{program}", "{folder}/word"]
"""))


def a_program_prints_the_word_for_the_proxy(keep):
    plane = keep(Plane())
    proxy = keep(Proxy(plane, "user:second word"))
    folder = fresh_folder()
    write(folder + "/word", "user:first word\n", 0o644)
    program = write(folder + "/program", "#!/bin/sh\necho asked for $1 >&2\ncat $1\n", 0o755)
    worker = keep(Configured(through_a_proxy(folder, plane, proxy, program)))
    wait_for("a refusal", lambda: proxy.refused)
    # It is asked again, and prints the same, before it prints another.
    wait_for("another run", lambda: "a secret is as it was" in worker.log())
    write(folder + "/word", "user:second word\n", 0o644)
    session = plane.session()
    assert plane.result(session, plane.bash(session, "echo through")) == ("through", False)
    assert "asked for " + folder + "/word" in worker.log(), worker.log()
    # A run that fails leaves the word that there was.
    proxy.word = "user:third word"
    write(folder + "/word", "one\ntwo\n", 0o644)
    worker.process.send_signal(signal.SIGHUP)
    wait_for("the failure", lambda: "more than one line" in worker.log())
    write(folder + "/word", "user:third word\n", 0o644)
    worker.process.send_signal(signal.SIGHUP)
    wait_for("the third", lambda: worker.log().count("a secret is read again") == 2)
    worker.kill_role("worker")  # the next one has it
    session = plane.session()
    assert plane.result(session, plane.bash(session, "echo again")) == ("again", False)
    for word in ("first word", "second word", "third word"):
        assert word not in worker.log(), worker.log()
    assert worker.terminate() == 0


def a_program_for_the_word_that_cannot_be_used(keep):
    plane = keep(Plane())
    proxy = keep(Proxy(plane, "user:word"))

    def refuses(says, text="cat $1", mode=0o755, more=lambda folder: None):
        folder = fresh_folder()
        write(folder + "/word", "user:word\n", 0o644)
        program = write(folder + "/program", f"#!/bin/sh\n{text}\n", mode)
        file = through_a_proxy(folder, plane, proxy, program)
        more(folder)
        done = run("run", "--config", file)
        assert done.returncode == 78, done
        assert f"proxy_auth: {folder}/program: " in done.stderr and says in done.stderr, done.stderr
        assert "user:word" not in done.stderr, done.stderr
        return done
    refuses("can be written by group or others", mode=0o775)
    refuses("cannot be executed", mode=0o644)
    refuses("others can put something in its place", more=lambda folder: os.chmod(folder, 0o777))
    refuses("ENOENT", more=lambda folder: os.unlink(folder + "/program"))
    done = refuses("ended with status 3", text="echo 'no ticket \x1b[2J' >&2; cat $1; exit 3")
    assert "no ticket" in done.stderr and "\x1b" not in done.stderr, done.stderr
    refuses("printed nothing", text="true")
    assert not proxy.asked
    # Whoever looks at the way there has the word from the program too.
    folder = fresh_folder()
    write(folder + "/word", "user:word\n", 0o644)
    program = write(folder + "/program", "#!/bin/sh\ncat $1\n", 0o755)
    done, seen = checks("--config", through_a_proxy(folder, plane, proxy, program))
    assert "answers with status 404" in seen["control plane"]["detail"], seen
    write(folder + "/word", "user:wrong\n", 0o644)
    done, seen = checks("--config", folder + "/glovebox.toml")
    assert done.returncode == 69 and "407" in seen["control plane"]["detail"], seen


def a_new_policy_is_for_new_sessions(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    policy(folder, "one")
    file = configuration(folder, plane)
    text = pathlib.Path(file).read_text().replace("builtin:default", folder + "/policy.toml")
    write(file, text)
    worker = keep(Configured(file))
    first = plane.session()
    ask = lambda session: plane.result(session, plane.bash(session, "echo $NAME"))
    assert ask(first) == ("one", False)
    # A bad one is refused, and told.
    policy(folder, "two", limit="none")
    worker.process.send_signal(signal.SIGHUP)
    wait_for("the refusal", lambda: "the policy is refused" in worker.log())
    assert "policy.toml:" in worker.log()
    second = plane.session()
    assert ask(second) == ("one", False)
    policy(folder, "three")
    worker.process.send_signal(signal.SIGHUP)
    wait_for("the new policy", lambda: "new sessions get another policy" in worker.log())
    third = plane.session()
    got = ask(third)
    assert got == ("three", False), got
    assert ask(first) == ("one", False)
    worker.kill_role("boxer")  # the next one has it too
    fourth = plane.session()
    assert ask(fourth) == ("three", False)
    assert worker.terminate() == 0
    assert run("audit", "verify", folder + "/state/audit").returncode == 0


def other_authorities_are_read_again(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    bundle = next(path for path in ("/etc/ssl/certs/ca-certificates.crt",
                                    "/etc/pki/tls/certs/ca-bundle.crt") if os.path.exists(path))
    whole = pathlib.Path(bundle).read_text()
    one = whole[:whole.index("-----END CERTIFICATE-----") + 26]
    write(folder + "/ca.pem", whole, 0o644)
    file = configuration(folder, plane)
    write(file, pathlib.Path(file).read_text().replace(
        "[control_plane]", f'[control_plane]\nca_file = "{folder}/ca.pem"'))
    worker = keep(Configured(file))
    wait_for("a poll", lambda: plane.trace("work.poll"))
    write(folder + "/ca.pem", "nonsense", 0o644)
    worker.process.send_signal(signal.SIGHUP)
    wait_for("the refusal", lambda: "the authorities are refused" in worker.log())
    write(folder + "/ca.pem", one, 0o644)
    worker.process.send_signal(signal.SIGHUP)
    wait_for("the others", lambda: "other authorities" in worker.log())


def the_first_signal_drains_the_second_ends(keep):
    plane = keep(Plane())
    for number in (signal.SIGTERM, signal.SIGINT):
        worker, session, call = a_running_call(keep, plane, "--drain", "1s")
        worker.process.send_signal(number)
        assert worker.process.wait(30) == 0, worker.log()
        text, is_error = plane.result(session, call)
        assert is_error and "shutting down" in text, text
        assert all(item["state"] == "stopped" for item in plane.work()), plane.work()
    worker, session, call = a_running_call(keep, plane, "--drain", "300s")
    worker.process.send_signal(signal.SIGTERM)
    wait_for("the drain", lambda: "shutting down" in worker.log())
    worker.process.send_signal(signal.SIGINT)
    assert worker.process.wait(30) == 70, worker.log()
    assert "ended at once, by a second signal" in worker.log()
    assert not descendants(worker.process.pid)


def each_code_is_seen(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    state = folder + "/state"
    execute = lambda *words, **more: run("exec", "--policy", "builtin:default", "--state", state,
                                         *words, **more)
    seen = {}

    def expect(code, done, *says):
        assert done.returncode == code, (code, done)
        for word in says:
            assert word in done.stderr, (word, done.stderr)
        seen[code] = True

    expect(0, run("--version"))
    expect(0, execute("--", "/bin/true"))
    expect(3, execute("--", "/bin/sh", "-c", "exit 3"))  # the command's own
    expect(124, execute("--timeout", "200ms", "--", "/bin/sleep", "60"))
    expect(128 + 9, execute("--", "/bin/sh", "-c", "kill -9 $$"))
    log = max(pathlib.Path(state, "audit/tile/entries/000.p").iterdir(), key=lambda path: int(path.name))
    text = log.read_bytes()
    copy = folder + "/copy"
    subprocess.run(["cp", "-r", state + "/audit", copy], check=True)
    changed = text.replace(b"finished", b"finishes", 1)
    assert changed != text
    pathlib.Path(copy, log.relative_to(pathlib.Path(state, "audit"))).write_bytes(changed)
    expect(1, run("audit", "verify", copy))
    bad = write(folder + "/bad.toml", "rehearsal = 7", 0o644)
    expect(2, run("rehearse", bad, "--policy", "builtin:default"), "bad.toml")
    expect(64, run("frobnicate"), "hint:")
    # A log that does not fit together is not written to.
    log.write_bytes(changed)
    expect(65, execute("--", "/bin/true"))
    log.write_bytes(text)
    # Nobody listens at port 1.
    lost = write(folder + "/lost.toml", '[control_plane]\nbase_url = "http://127.0.0.1:1"\n')
    expect(69, run("doctor", "--config", lost, "--state", folder + "/other"), "control plane", "127.0.0.1")
    worker, session, call = a_running_call(keep, plane, "--drain", "300s")
    worker.process.send_signal(signal.SIGTERM)
    worker.process.send_signal(signal.SIGINT)  # another one: two of a kind could become one
    assert worker.process.wait(30) == 70, worker.log()
    seen[70] = True
    beyond = policy(folder, "beyond")
    write(beyond, pathlib.Path(beyond).read_text().replace('root = "host"', 'root = "host"\nlandlock = 60'),
          0o644)
    expect(71, run("exec", "--policy", beyond, "--state", state, "--", "/bin/true"), "Landlock")
    holder = keep(Worker(plane))
    wait_for("it serves", lambda: "serving" in holder.log())
    busy = run("exec", "--policy", "builtin:default", "--state", holder.state, "--", "/bin/true")
    expect(75, busy, f"in use by process {holder.process.pid}")
    denied = write(folder + "/input", "{}")
    expect(77, execute("--tool", "nothing", "--input", denied), "not permitted by policy")
    expect(78, run("exec", "--policy", folder + "/none", "--", "/bin/true"), "none")
    if IS_ROOT:
        full = full_log(folder)
        try:
            expect(74, run("exec", "--policy", "builtin:default", "--state", full, "--", "/bin/true"))
        finally:
            subprocess.run(["umount", full + "/audit"], check=True)
    wanted = {0, 1, 2, 3, 64, 65, 69, 70, 71, 75, 77, 78, 124, 137} | ({74} if IS_ROOT else set())
    assert set(seen) == wanted, (set(seen), wanted)


def full_log(folder):
    """A state folder whose log lies on a disk with no room for a record."""
    state = folder + "/full"
    run("exec", "--policy", "builtin:default", "--state", state, "--", "/bin/true")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "full", state + "/audit"],
                   check=True)
    owner = 1900065601
    os.chown(state + "/audit", owner, owner)
    return state


CASES = [
    ("a file is all a worker needs", a_file_is_all_a_worker_needs),
    ("variables come before the file", variables_come_before_the_file),
    ("a bad file is refused with its place", a_bad_file_is_refused_with_its_place),
    ("a file is judged without starting anything", a_file_is_judged_without_starting_anything),
    ("doctor looks at what the file names", doctor_looks_at_what_the_file_names),
    ("a refused key is read again", a_refused_key_is_read_again),
    ("a key is read again on a hang-up", a_key_is_read_again_on_a_hang_up),
    ("a word that the proxy refuses is read again", a_word_that_the_proxy_refuses_is_read_again),
    ("a program prints the word for the proxy", a_program_prints_the_word_for_the_proxy),
    ("a program for the word that cannot be used", a_program_for_the_word_that_cannot_be_used),
    ("a new policy is for new sessions", a_new_policy_is_for_new_sessions),
    ("other authorities are read again", other_authorities_are_read_again),
    ("the first signal drains, the second ends", the_first_signal_drains_the_second_ends),
    ("each exit code is seen", each_code_is_seen),
]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    sys.exit(run_cases([(name, case) for name, case in CASES
                        if not wanted or any(word in name for word in wanted)]))
