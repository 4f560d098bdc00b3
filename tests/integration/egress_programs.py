#!/usr/bin/env python3
"""Programs that people run in boxes, against servers that people run, through each mode of egress.

usage: egress_programs.py root|user [WORD...]    (WORD: only cases with it in their name)

redis-cli and git over ssh by name alone; npm, pip, curl and nghttp against nginx, and a WebSocket of a
library, through TLS that is passed on and TLS that is ended. The world is egress_world.py.
"""
import base64
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import egress_world  # noqa: E402
from egress_support import play, policy, raw, tcp  # noqa: E402
from egress_world import A, World  # noqa: E402
from run_harness import USER_ID  # noqa: E402
from worker_harness import remove_folders, wait_for  # noqa: E402

SSH, REDIS, SITE, SOCKET, TLS_SOCKET = 22, 6379, 9443, 8081, 9444
CASES = []
TLS = """
[[profile.net.egress]]
host = "a.test"
port = {port}
mode = "{mode}"
{which}
"""
WHOLE = 'whole_host = true\nwhy = "the test"'


def tls(mode, which=WHOLE, port=SITE):
    return policy(TLS.format(port=port, mode=mode, which=which))


def tls_box(given, text):
    """Whose egress believes the world, which its programs do only where they are told to."""
    return given.box(text, given.world.authority)


def case(*modes):
    """The function is a case of its own for each mode, which it is told. Always called, as in egress_support."""
    assert all(isinstance(mode, str) for mode in modes), f"@case() above {modes}"

    def add(function):
        name = function.__name__.replace("_", " ")
        if not modes:
            CASES.append((name, function))
        for mode in modes:
            CASES.append((f"{name} ({mode})", lambda given, mode=mode: function(given, mode)))
        return function
    return add


# --- what is served in the world

def npm_package(site, name, files):
    """As a registry has it: what it says of the package, and the package."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, text in {"package.json": json.dumps({"name": name, "version": "1.0.0"}), **files}.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    folder, file = site / name, f"{name.split('/')[-1]}-1.0.0.tgz"
    (folder / "-").mkdir(parents=True)
    (folder / "-" / file).write_bytes(packed.getvalue())
    digest = base64.b64encode(hashlib.sha512(packed.getvalue()).digest()).decode()
    version = {"name": name, "version": "1.0.0",
               "dist": {"tarball": f"https://a.test:{SITE}/{name}/-/{file}", "integrity": f"sha512-{digest}"}}
    (folder / "index.json").write_text(json.dumps(
        {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}))


def wheel(site, name):
    folder = site / "simple" / name
    folder.mkdir(parents=True)
    file = f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(folder / file, "w") as archive:
        info = f"{name}-1.0.dist-info"
        archive.writestr(f"{name}.py", "print('it is there')\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL",
                         "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    (folder / "index.html").write_text(f'<!DOCTYPE html><a href="{file}#sha256={digest}">{file}</a>\n')


SOCKETS = """
import asyncio, ssl, sys
import websockets
async def echo(connection):
    async for message in connection:
        await connection.send(message)
async def main():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{sys.argv[1]}/server.pem", f"{sys.argv[1]}/server.key")
    async with websockets.serve(echo, None, int(sys.argv[2]), max_size=None), \\
            websockets.serve(echo, None, int(sys.argv[3]), max_size=None, ssl=tls):
        await asyncio.Future()
asyncio.run(main())
"""


class Servers:
    def __init__(self, world):
        self.world, self.folder = world, world.folder
        self.site = self.folder / "site"
        npm_package(self.site, "@scope/name", {"index.js": "module.exports = 'scoped'\n"})
        npm_package(self.site, "plain", {"index.js": "module.exports = 'plain'\n"})
        wheel(self.site, "thing")
        (self.site / "large").write_bytes(bytes(range(256)) * 4096)
        self.requests = self.folder / "requests"
        # The program with its daemon around it is another package; redis-tools has it by this name.
        (self.folder / "redis-server").symlink_to(shutil.which("redis-check-rdb"))
        (self.folder / "sockets.py").write_text(SOCKETS)
        self.running = [self.start_ssh(), self.start_nginx()]
        self.running.append(world.serve(
            self.folder / "redis-server", "--port", REDIS, "--bind", A, "--protected-mode", "no", "--save", "",
            "--dir", self.folder, "--logfile", self.folder / "redis.log", stdout=subprocess.DEVNULL))
        self.running.append(world.serve("/usr/bin/python3", self.folder / "sockets.py", self.folder, SOCKET,
                                        TLS_SOCKET))
        wanted = {SSH, REDIS, SITE, SOCKET, TLS_SOCKET}
        wait_for("the servers of the world", lambda: wanted <= self.listening())

    def listening(self):
        """Ports of the world; a connection to find out would be seen on the cable."""
        rows = pathlib.Path(f"/proc/{self.world.process.pid}/net/tcp").read_text().splitlines()[1:]
        return {int(row.split()[1].split(":")[1], 16) for row in rows if row.split()[3] == "0A"}

    def start_nginx(self):
        (self.folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.log; user root;
events {{}}
http {{
  log_format asked '$server_protocol $request_method $request_uri $status'; access_log {self.requests} asked;
  client_body_temp_path {self.folder}; proxy_temp_path {self.folder}; fastcgi_temp_path {self.folder};
  uwsgi_temp_path {self.folder}; scgi_temp_path {self.folder};
  server {{ listen {A}:{SITE} ssl http2; server_name a.test; root {self.site}; default_type text/html;
            ssl_certificate {self.folder}/server.pem; ssl_certificate_key {self.folder}/server.key;
            location / {{ index index.html index.json; try_files $uri $uri/index.json $uri/index.html =404; }} }}
}}""")
        return self.world.serve("nginx", "-c", self.folder / "nginx.conf", "-p", self.folder)

    def start_ssh(self):
        """For git: one key, one account, whose password is locked in a way that sshd does not mind."""
        for name in ("host_key", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name], check=True)
        shadow = self.folder / "shadow"
        shadow.write_text("".join("root:*:19000:0:99999:7:::\n" if line.startswith("root:") else line
                                  for line in pathlib.Path("/etc/shadow").read_text().splitlines(keepends=True)))
        shadow.chmod(0o600)
        egress_world.run("mount", "--bind", str(shadow), "/etc/shadow")
        self.repository = self.folder / "repository.git"
        git = ["git", "-c", "init.defaultBranch=main", "-c", "user.name=t", "-c", "user.email=t@a.test"]
        first = self.folder / "first"
        subprocess.run([*git, "init", "-q", first], check=True)
        (first / "file").write_text("one\n")
        subprocess.run([*git, "-C", first, "add", "."], check=True)
        subprocess.run([*git, "-C", first, "commit", "-q", "-m", "one"], check=True)
        subprocess.run([*git, "clone", "-q", "--bare", first, self.repository], check=True)
        (self.folder / "sshd_config").write_text(f"""
ListenAddress {A}
HostKey {self.folder}/host_key
AuthorizedKeysFile {self.folder}/key.pub
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
StrictModes no
PidFile none
""")
        # Where sshd keeps nothing; it insists on it.
        pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        return self.world.serve("/usr/sbin/sshd", "-D", "-f", self.folder / "sshd_config", "-E",
                                self.folder / "sshd.log")

    def asked(self):
        return self.requests.read_text().splitlines() if self.requests.exists() else []

    def forget(self):
        self.requests.write_text("") if self.requests.exists() else None

    def end(self):
        for process in self.running:
            process.kill()
            process.wait()


# --- by name alone

@case()
def redis_by_name(given):
    box = given.box(policy(raw("a.test", REDIS)))
    box.shell(f"""
head -c 300000 /dev/zero | tr '\\0' x | redis-cli -h a.test -p {REDIS} -x set word
redis-cli -h a.test -p {REDIS} strlen word
(echo PING; echo "GET none"; echo QUIT) | redis-cli -h a.test -p {REDIS}
timeout 9 redis-cli -h b.test -p {REDIS} ping; timeout 9 redis-cli -h {A} -p {REDIS} ping; true""")
    box.expect(out="OK\n300000\nPONG\n").expect(err="Could not connect to Redis at b.test")
    box.opened(host="a.test", addr=A, port=REDIS, l7="raw")
    box.denied(host="b.test", l7="dns")
    box.denied(host=A, port=REDIS, l7="tcp")
    given.nothing_left(tcp(A, REDIS))


@case()
def git_over_ssh_by_name(given):
    box = given.box(policy(raw("a.test", SSH)))
    for source, name in (("key", "key"), ("host_key.pub", "known_hosts")):
        text = (given.servers.folder / source).read_text()
        path = box.work / name
        path.write_text(text if name == "key" else f"a.test {text}")
        path.chmod(0o600)
        os.chown(path, USER_ID, USER_ID)
    box.shell(f"""set -e
export HOME=/workspace GIT_SSH_COMMAND="ssh -F none -i /workspace/key -o IdentitiesOnly=yes -o BatchMode=yes \
-o UserKnownHostsFile=/workspace/known_hosts -o StrictHostKeyChecking=yes"
git clone -q ssh://root@a.test{given.servers.repository} copy
cd copy; cat file; echo {given.user} > {given.user}; git add .
git -c user.name=t -c user.email=t@a.test commit -q -m two; git push -q origin HEAD:refs/heads/{given.user}
git ls-remote origin | wc -l
""", seconds=120).expect(out="one\n")
    there = subprocess.run(["git", "-C", given.servers.repository, "show", f"{given.user}:{given.user}"],
                           check=True, capture_output=True, text=True).stdout
    assert there == given.user + "\n", there
    assert box.opened(host="a.test", port=SSH, l7="raw", addr=A)["up"] > 1000
    given.nothing_left(tcp(A, SSH))


# --- packages

NPM = (f"npm install --registry=https://a.test:{SITE}/ --no-audit --no-fund --no-update-notifier --fetch-retries 0 "
       "--cache /tmp/npm ")


def npm(mode, packages):
    more = " --cafile /workspace/ca.pem" if mode == "sni" else ""
    return f"mkdir -p /workspace/app && cd /workspace/app && export HOME=/tmp && {NPM}{packages}{more}"


@case("sni", "inspect")
def npm_installs_scoped_and_plain_packages(given, mode):
    box = tls_box(given, tls(mode) if mode == "sni" else tls(mode, 'allow = ["GET /**"]'))
    box.shell(npm(mode, "@scope/name plain") + " && node -p 'require(\"@scope/name\") + require(\"plain\")'",
              seconds=120)
    box.expect(out="scopedplain\n")
    assert any(" /@scope%2fname 200" in line for line in given.servers.asked()), given.servers.asked()
    given.nothing_left(tcp(A, SITE))
    if mode == "inspect":
        box.opened(meth="GET", path="/@scope%2fname", status=200, l7="inspect")


@case()
def what_npm_may_install_is_for_the_rules(given):
    """An encoded slash is both: a part of a name, and a slash."""
    one = 'allow = ["GET /plain", "GET /plain/**", "GET /@scope/name", "GET /@scope/name/**"]'
    box = tls_box(given, tls("inspect", one)).shell(npm("inspect", "@scope/name"), seconds=120)
    assert box.code != 0, box.out
    refused = box.denied(meth="GET", path="/@scope%2fname", l7="inspect")
    assert refused["why"].endswith("both as it is written and with its %2f read as slashes"), refused
    box = tls_box(given, tls("inspect", 'allow = ["GET /*", "GET /plain/**"]'))
    box.shell(npm("inspect", "@scope/name"), seconds=120)
    assert box.code != 0, box.out
    box.denied(meth="GET", path="/@scope%2fname")
    assert not any("scope" in line for line in given.servers.asked()), given.servers.asked()
    box = tls_box(given, tls("inspect", 'allow = ["GET /*", "GET /@scope/name", "GET /@scope/name/**"]'))
    box.shell(npm("inspect", "@scope/name"), seconds=120).expect()
    box.shell(npm("inspect", "plain"), seconds=120)
    assert box.code != 0, box.out
    box.denied(meth="GET", path="/plain/-/plain-1.0.0.tgz")


@case("sni", "inspect")
def pip_installs_a_wheel(given, mode):
    box = tls_box(given, tls(mode) if mode == "sni" else tls(mode, 'allow = ["GET /simple/**"]'))
    more = " --cert /workspace/ca.pem" if mode == "sni" else ""
    box.shell("/usr/bin/python3 -m pip install --no-cache-dir --disable-pip-version-check --retries 0 "
              f"--target /workspace/site --index-url https://a.test:{SITE}/simple/{more} thing && "
              "PYTHONPATH=/workspace/site /usr/bin/python3 -m thing", seconds=120).expect(out="it is there\n")
    given.nothing_left(tcp(A, SITE))
    if mode == "inspect":
        box.opened(meth="GET", path="/simple/thing/thing-1.0-py3-none-any.whl", status=200)
        assert all("/simple/" in line for line in given.servers.asked()), given.servers.asked()


# --- HTTP/2 and nginx

@case("sni", "inspect")
def curl_gets_parts_of_a_large_file(given, mode):
    more = "--cacert /workspace/ca.pem" if mode == "sni" else ""
    box = tls_box(given, tls(mode)).shell(f"""
ask() {{ curl -sS -m 30 --http2 {more} "$@" https://a.test:{SITE}/large; }}
ask | sha256sum; ask -r 100-355 | sha256sum; ask -o /dev/null -w '%{{http_code}} %{{http_version}}\\n'
ask -o /dev/null -w '%{{http_code}}\\n' -H 'If-None-Match: *'
ask -X POST -d x -o /dev/null -w '%{{http_code}}\\n'""")
    whole = bytes(range(256)) * 4096
    for part in (whole, whole[100:356]):
        box.expect(out=hashlib.sha256(part).hexdigest())
    box.expect(out="405\n")
    if mode == "sni":
        box.expect(out="200 2\n")
        assert {line.split()[0] for line in given.servers.asked()} == {"HTTP/2.0"}, given.servers.asked()
    given.nothing_left(tcp(A, SITE))


@case()
def nghttp_speaks_http_2_through_a_name(given):
    box = tls_box(given, tls("sni")).shell(
        f"nghttp -nv -m 20 https://a.test:{SITE}/large https://a.test:{SITE}/plain/index.json").expect(
        out="The negotiated protocol: h2")
    assert len(given.servers.asked()) == 40 and {line.split()[0] for line in given.servers.asked()} == {"HTTP/2.0"}
    assert box.opened(host="a.test", port=SITE, l7="sni")["down"] > 20 * 1024 * 1024
    given.nothing_left(tcp(A, SITE))


# --- WebSocket

@case("http", "inspect")
def a_websocket_of_a_library(given, mode):
    scheme, port = ("ws", SOCKET) if mode == "http" else ("wss", TLS_SOCKET)
    box = tls_box(given, tls(mode, 'allow = ["GET /chat/*"]', port))
    (box.work / "talk.py").write_text(f"""
import asyncio, os
import websockets
async def main():
    async with websockets.connect("{scheme}://a.test:{port}/chat/room", max_size=None) as socket:
        for message in ("hello", os.urandom(3_000_000), "", "\\u00e4" * 70000):
            await socket.send(message)
            assert await socket.recv() == message
        await (await socket.ping())
    print("closed", socket.close_code)
    try:
        await websockets.connect("{scheme}://a.test:{port}/other")
    except websockets.InvalidStatusCode as error:
        print("refused", error.status_code)
asyncio.run(main())
""")
    box.run("/usr/bin/python3", "/workspace/talk.py").expect(out="closed 1000\nrefused 403\n")
    record = box.opened(meth="GET", path="/chat/room", status=101, l7=mode)
    assert min(record["up"], record["down"]) > 3_000_000, record
    box.denied(meth="GET", path="/other", l7=mode)
    given.nothing_left(tcp(A, port))


def main():
    user, words = sys.argv[1], sys.argv[2:]
    wanted = ("redis-check-rdb", "redis-cli", "/usr/sbin/sshd", "ssh", "git", "nginx", "nghttp", "npm")
    missing = [name for name in wanted if shutil.which(name) is None]
    if missing:
        sys.exit(f"not ok programs: {missing} are missing; packaging/deps/install brings them")
    egress_world.enter()
    world = World(without=[SSH])
    servers = Servers(world)
    failed = play(CASES, world, user, words, servers)
    servers.end()
    world.end()
    remove_folders()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
