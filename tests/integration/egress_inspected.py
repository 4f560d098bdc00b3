"""What is seen of TLS that ends at the way out, and what is added to it."""
import contextlib
import json
import os
import pathlib
import subprocess

from egress_support import case, in_memory, policy, raw
from egress_world import A, INTERNAL
from run_harness import USER_ID
from worker_harness import cmdline, descendants, fresh_folder, wait_for

INSPECT = """
[[profile.net.egress]]
host = "a.test"
port = 443
mode = "inspect"
allow = ["GET /open/**", "POST /open/**"]
{more}
"""
SECRET = """
[secret.token]
from = "file:{path}"
only = ["{only}"]
"""
CANARY = "canary-2b1f9c-secret"


def inspecting(given, more="", rules=""):
    return given.box(policy(INSPECT.format(more=more) + rules), authorities=given.world.authority)


def with_secret(given, only="a.test:443"):
    folder = pathlib.Path(fresh_folder())
    folder.chmod(0o755)
    secret = folder / "token"
    secret.write_text(CANARY + "\n")
    secret.chmod(0o600)
    if given.user == "user":
        os.chown(secret, USER_ID, USER_ID)
    return inspecting(given, 'inject = "token"', SECRET.format(path=secret, only=only))


@case("F28")
def tls_is_read_and_decided_request_by_request(given):
    box = inspecting(given).shell("""
ask() { curl -sS -m 9 -o /dev/null -w '%{http_code} ' "$@"; }
ask https://a.test/open/x; ask https://a.test/closed; ask -X DELETE https://a.test/open/x
ask -H 'Host: b.test' https://a.test/open/x; ask -d data https://a.test/open/y
curl -sS -m 9 https://a.test/closed""")
    box.expect(out="200 403 403 421 200 denied by policy: ")
    record = box.opened(meth="GET", path="/open/x", l7="inspect", status=200, addr=A, port=443)
    assert record["rule"].startswith("net.toml:"), record
    box.denied(host="a.test", l7="inspect", meth="GET", path="/closed")
    asked = [json.loads(line) for line in given.world.lines("asked")]
    assert [(method, path) for method, _, path in asked] == [("GET", "/open/x"), ("POST", "/open/y")], asked


@case()
def programs_of_every_kind_believe_the_authority(given):
    box = inspecting(given)
    box.shell("""
export HOME=/tmp
curl -sS -m 9 -o /dev/null https://a.test/open/curl && echo curl
python3 -c 'import urllib.request as u; u.urlopen("https://a.test/open/urllib", timeout=9).read(); print("urllib")'
python3 -c 'import requests; requests.get("https://a.test/open/requests", timeout=9).raise_for_status(); print("requests")'
node -e 'require("https").get("https://a.test/open/node", r => { r.resume(); r.on("end", () => console.log("node")) })'
git ls-remote https://a.test/open/git
openssl s_client -connect a.test:443 -servername a.test -verify_return_error -brief < /dev/null 2>&1 | grep -q 'Verification: OK' && echo openssl
""", seconds=120)
    for program in ("curl", "urllib", "requests", "node", "openssl"):
        assert program in box.out.split(), (program, box.out, box.err)
    # What is there is no repository; that git asked is what counts.
    assert any("/open/git/info/refs" in line for line in given.world.lines("asked")), box.err


@case("F52 F53")
def an_origin_that_cannot_be_believed_is_not(given):
    """egress verifies, whatever the box does about it."""
    box = given.box(policy(INSPECT.format(more="")))  # the host does not know the world's authority
    box.shell("curl -sS -k -m 9 -o /dev/null -w '%{http_code}' https://a.test/open/x").expect(out="502")
    assert "certificate" in box.opened(host="a.test", l7="inspect", status=502)["why"]


@case()
def a_name_that_the_box_does_not_ask_for_in_tls(given):
    box = inspecting(given).shell("openssl s_client -connect a.test:443 -servername b.test -brief < /dev/null; "
                                  "openssl s_client -connect a.test:443 -noservername -brief < /dev/null; true")
    box.denied(host="a.test", l7="inspect", why="TLS with the box")
    given.nothing_left()


@case("F49 F50 G17")
def a_credential_that_the_box_never_has(given):
    box = with_secret(given)
    script = """
curl -sS -m 9 https://a.test/open/plain > plain
curl -sS -m 9 -H 'Authorization: Bearer mine' https://a.test/open/own > own
curl -sS -m 9 -H 'X-Key: glovebox-secret-token' https://a.test/open/placed > placed
curl -sS -m 9 "https://a.test/open/glovebox-secret-token?q=glovebox-secret-token" > path
curl -sS -m 9 -d 'glovebox-secret-token' https://a.test/open/body > body
env > environment; cat /proc/*/environ > environ 2> /dev/null
cat plain own placed path body"""
    box.shell(script).expect()
    seen = [json.loads(line) for line in given.world.lines("headers")]
    by_path = {path: headers for path, headers in seen}
    for path in ("/open/plain", "/open/own", "/open/placed", "/open/body"):
        assert by_path[path]["authorization"] == f"Bearer {CANARY}", (path, by_path[path])
    assert by_path["/open/placed"]["x-key"] == CANARY
    assert "/open/glovebox-secret-token?q=glovebox-secret-token" in by_path
    # What the origin gives back of it does not come through, and nothing of the box has it.
    assert CANARY not in box.out + box.err
    for file in box.work.iterdir():
        assert CANARY.encode() not in file.read_bytes(), file
    assert CANARY not in box.log()
    assert box.opened(path="/open/plain")["cred"] == "token"
    assert "placeholder" in box.opened(path="/open/glovebox-secret-token")["remark"]
    box.verified()


@case("F49")
def a_credential_goes_to_its_endpoint_only(given):
    box = with_secret(given)
    text = box.policy.read_text()
    box.policy.write_text(text.replace('only = ["a.test:443"]', 'only = ["b.test:443"]'))
    checked = subprocess.run([*box.program, "policy", "check", "net.toml"], cwd=box.folder, capture_output=True, text=True)
    assert checked.returncode == 1 and "GB0103" in checked.stdout + checked.stderr, checked
    box.shell("curl -sS -m 9 https://a.test/open/x")
    box.denied(host="a.test", l7="inspect", why="secret token is not bound to this endpoint")
    assert not given.world.came()
    box.policy.write_text(text + raw("b.test", 80))
    box.shell("curl -sS -m 9 -H 'X-Key: glovebox-secret-token' http://b.test/elsewhere").expect()
    assert CANARY not in "".join(given.world.lines("headers"))


@case("F49")
def a_credential_goes_with_the_requests_of_its_rule_only(given):
    box = with_secret(given)
    text = box.policy.read_text()
    box.policy.write_text(text.replace('allow = ["GET /open/**", "POST /open/**"]', 'allow = ["GET /open/**"]')
                          + INSPECT.format(more="").replace('allow = ["GET /open/**", "POST /open/**"]',
                                                            'allow = ["POST /open/**"]'))
    box.shell("curl -sS -m 9 -o /dev/null https://a.test/open/with https://a.test/open/again -d x -X POST --next "
              "-sS -m 9 -o /dev/null https://a.test/open/get").expect()
    by_path = {path: headers for path, headers in map(json.loads, given.world.lines("headers"))}
    assert "authorization" not in by_path["/open/with"] and "authorization" not in by_path["/open/again"], by_path
    assert by_path["/open/get"]["authorization"] == f"Bearer {CANARY}", by_path
    assert box.opened(path="/open/get")["cred"] == "token" and "cred" not in box.opened(path="/open/with")


@case("F13")
def an_inner_address_is_refused_to_requests_too(given):
    rules = "".join(f'[[profile.net.egress]]\nhost = "internal.test"\nport = {port}\nmode = "{mode}"\n'
                    'allow = ["GET /**"]\n' for port, mode in ((80, "http"), (443, "inspect")))
    box = given.box(policy(rules), authorities=given.world.authority)
    box.shell("curl -sS -m 9 -w '%{http_code} ' http://internal.test/ https://internal.test/").expect(out="502")
    for mode in ("http", "inspect"):
        box.denied(host="internal.test", l7=mode, why=f"{INTERNAL} is not a public address")
    given.nothing_left()


@case()
def a_credential_that_is_not_there_stops_the_start(given):
    box = inspecting(given, 'inject = "token"', SECRET.format(path="/nonexistent/token", only="a.test:443"))
    box.shell("true").expect(78, err="secret token")


@case()
def nothing_of_the_memory_of_a_box_holds_the_credential(given):
    box = with_secret(given)
    process = box.start("/bin/bash", "-c", "curl -sS -m 9 https://a.test/open/x; touch up; until [ -e go ]; do sleep 0.05; done")
    wait_for("the request", lambda: (box.work / "up").exists())
    held = {}
    for pid in descendants(process.pid):
        name = cmdline(pid).split("\0")[0]
        with contextlib.suppress(OSError):
            held.setdefault(name if name.startswith("glovebox") else "guest", []).append(in_memory(pid, CANARY.encode()))
    (box.work / "go").touch()
    process.communicate(timeout=30)
    assert any(held["glovebox: egress"]), "the test sees nothing"
    holders = {name for name, found in held.items() if any(found)}
    assert held["guest"] and holders <= {"glovebox: egress", "glovebox"}, held
