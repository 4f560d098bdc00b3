"""The table of faults of the control plane: what goes wrong, where and when, and what comes of it.

Each row becomes one case of fault_test.py. Rules are those of `glovebox plane --faults`
(src/plane/fault.h); they hit what the worker asks, never what the test asks.
"""
import dataclasses
import json

# What the answer to the call says, and whether it is an error.
RAN = ("done", False)
NEVER, ONCE, PERHAPS = {0}, {1}, {0, 1}


@dataclasses.dataclass
class Row:
    name: str
    # When the rules begin: before glovebox starts, and only the history shows the call; before the
    # session is attached, and the call comes after that; when it is attached and idle; while the
    # call runs; or when the turn is over and the item is to be stopped.
    when: str
    rules: list
    answer: tuple = RAN
    effects: frozenset = frozenset(ONCE)
    ttl: int = 6
    # Longer than TTL + 10 s only where the wire page has the worker wait longer.
    within: int = 0
    arguments: tuple = ()
    # The lease is lost later on, which can cut the next call: it is then the one after it that is
    # served. A 412 is argued with only where an own beat may have been taken.
    loses_lease: bool = False
    # How long the worker must not ask there again after the first hit: a server that says so is heard.
    pause: float = 0
    # Every rule must have hit by the end.
    all_hit: bool = True


def rule(route, **more):
    return {"route": route, "credential": "worker", **more}


CLAIM, ATTACH, LIVE = "while it claims", "while it attaches", "while it is attached"
RUNNING, END = "while a call runs", "at the end"
# The routes of a worker, and when it asks there.
ROUTES = {"work.poll": CLAIM, "work.ack": CLAIM, "work.heartbeat": RUNNING,
          "sessions.retrieve": CLAIM, "events.stream": ATTACH, "events.list": CLAIM,
          "events.send": LIVE, "work.stop": END}
CHANGING = ("work.poll", "work.ack", "work.heartbeat", "events.send", "work.stop")
TABLE = []


def add(name, when, *rules, **more):
    TABLE.append(Row(f"{name}, {when}", when, list(rules), **more))


# --- answers that are errors, lost, late or slow: on every route ----------------------------------
for route, when in ROUTES.items():
    add(f"{route}: 500, then 503", when, rule(route, status=500), rule(route, status=503))
    add(f"{route}: overloaded", when, rule(route, status=529))
    add(f"{route}: 408, then 504", when, rule(route, status=408), rule(route, status=504))
    add(f"{route}: no answer", when, rule(route, cut="before"))
    add(f"{route}: cut in the head", when, rule(route, cut="head"))
    add(f"{route}: cut in the body", when, rule(route, cut="body"))
    # What holds a lease or an item that is not acked yet cannot wait for long.
    heard = route not in ("work.heartbeat", "work.ack")
    add(f"{route}: 429, retry-after in seconds", when, rule(route, status=429, retry_after=3),
        pause=3 if heard else 0)
    add(f"{route}: 429, retry-after as a date", when, rule(route, status=429, retry_after_date=4),
        pause=3 if heard else 0)  # a date has whole seconds
    add(f"{route}: 429, retry-after-ms", when, rule(route, status=429, retry_after_ms=1500),
        pause=1.5 if heard else 0)
    add(f"{route}: the answer comes late", when, rule(route, delay_ms=1500))
for route in CHANGING:
    add(f"{route}: done, the answer is lost", ROUTES[route],
        rule(route, applied=True, cut="before"))
    add(f"{route}: done, answered 500", ROUTES[route], rule(route, applied=True, status=500))
    add(f"{route}: done, the answer is cut", ROUTES[route], rule(route, applied=True, cut="body"))

# --- connections that stall, and bytes that trickle -----------------------------------------------
for route, when in ROUTES.items():
    if route != "events.stream":
        add(f"{route}: accepted, never answered", when, rule(route, stall=True), ttl=30)
        add(f"{route}: the answer trickles", when, rule(route, trickle_ms=250), ttl=30)
add("events.stream: accepted, never answered", ATTACH, rule("events.stream", delay_ms=600000), ttl=30)
SILENCE = ("--stream-silence", "6s")
add("events.stream: open and silent", ATTACH, rule("events.stream", stall=True), arguments=SILENCE)
add("events.stream: silent again and again", ATTACH, rule("events.stream", stall=True, count=2),
    ttl=10, arguments=SILENCE)
add("events.stream: events trickle", ATTACH, rule("events.stream", trickle_ms=5))

# --- events twice, in another order, or not at all ------------------------------------------------
TWICE, TURNED = {"repeat": 2}, {"reverse": True}
add("every event three times", ATTACH, rule("events.stream", events={"repeat": 3}),
    rule("events.list", events={"repeat": 3}))
add("events in reverse order", ATTACH, rule("events.stream", events=TURNED),
    rule("events.list", events=TURNED))
add("events twice and in reverse order", ATTACH,
    rule("events.stream", events={**TWICE, **TURNED}),
    rule("events.list", events={**TWICE, **TURNED}))
add("the history lags behind by the call", CLAIM,
    rule("events.list", events={"omit": ["agent.tool_use"]}))
add("the history lags behind by all", CLAIM, rule("events.list", events={"omit_last": 1000}))
add("the stream swallows calls", ATTACH,
    rule("events.stream", events={"omit": ["agent.tool_use"]}))
add("the stream swallows calls and what waits for them", ATTACH,
    rule("events.stream", events={"omit": ["agent.tool_use", "session.status_idle"]}),
    ttl=30, arguments=SILENCE)
add("the history forgets results", ATTACH, rule("events.stream", cut=900, count=3),
    rule("events.list", events={"omit": ["user.tool_result"]}, skip=1, count=0), all_hit=False)
add("a call that only the history shows", CLAIM, rule("events.list", events={"add": [
    {"id": "sevt_phantom", "type": "agent.tool_use", "name": "bash",
     "input": {"command": "echo phantom"}}]}))
add("a result of an unknown call in the history", CLAIM, rule("events.list", events={"add": [
    {"id": "sevt_other", "type": "user.tool_result", "tool_use_id": "sevt_unknown"}]}))

# --- what does not have its form ------------------------------------------------------------------
DEEP = "[" * 5000 + "]" * 5000
BROKEN_EVENTS = {
    "no JSON": "event: agent.tool_use\ndata: {\"id\": \n\n",
    "no object": "event: agent.tool_use\ndata: [1]\n\nevent: agent.tool_use\ndata: null\n\n",
    "ids of the wrong type": "event: agent.tool_use\ndata: {\"id\":7,\"type\":\"agent.tool_use\",\"name\":\"bash\"}\n\n",
    "a type of the wrong type": "event: x\ndata: {\"id\":\"e\",\"type\":{}}\n\n",
    "no name": "event: agent.tool_use\ndata: {\"id\":\"e1\",\"type\":\"agent.tool_use\"}\n\n",
    "a result of nothing": "event: user.tool_result\ndata: {\"id\":\"e2\",\"type\":\"user.tool_result\"}\n\n",
    "an integer beyond int64": "event: session.usage\ndata: {\"id\":\"e3\",\"type\":\"session.usage\",\"n\":99999999999999999999}\n\n",
    "a key twice": "event: x\ndata: {\"id\":\"e4\",\"id\":\"e5\",\"type\":\"x\"}\n\n",
    "lone surrogates": "event: x\ndata: {\"id\":\"\\ud800\",\"type\":\"x\"}\n\n",
    "too deep": f"event: x\ndata: {{\"type\":\"x\",\"a\":{DEEP}}}\n\n",
    "frames without a name": "data: {\"type\":\"session.deleted\"}\n\n",
    "comments, fields and line ends": "\ufeff:\r:x\rid: 7\rretry: 1\r\nnonsense\r\n\r\n\n",
    "an error event": "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"m\"}}\n\n",
    "an error event that is none": "event: error\ndata: 7\n\n",
}
for what, text in BROKEN_EVENTS.items():
    add(f"in the stream: {what}", ATTACH, rule("events.stream", insert=text))
add("in the stream: 1 MiB", ATTACH, rule("events.stream", oversized=1 << 20))
add("in the stream: more than an event may have", ATTACH, rule("events.stream", oversized=17 << 20))
for what, body in {"nothing": "", "no object": "[]", "null": "null", "no data": "{}", "a number": "7",
                   "data of the wrong type": "{\"data\":{}}", "half": "{\"data\":[",
                   "other things": "{\"data\":[7,null,[]],\"next_page\":null}"}.items():
    add(f"events.list: {what}", CLAIM, rule("events.list", body=body))
add("events.list: other events", CLAIM, ttl=30, arguments=SILENCE, *[
    rule("events.list", body="{\"data\":[{\"id\":\"other\",\"type\":\"user.message\"}]}")])
add("events.list: a page that leads to itself", CLAIM,
    rule("events.list", body="{\"data\":[],\"next_page\":\"x\"}", count=3))
for route, bodies in {
        "work.poll": ["", "7", "[]", "{}", "{\"id\":7}", "{\"id\":\"work_none\"}",
                      "{\"id\":\"work_none\",\"data\":{\"type\":\"session\",\"id\":5}}", "{\"id\":"],
        "work.ack": ["", "[]", "no JSON"],
        "work.heartbeat": ["", "[]", "{\"last_heartbeat\":7}", "no JSON"],
        "sessions.retrieve": ["", "[]", "{}", "null", "{\"id\":7}", "no JSON"],
        "events.send": ["", "[]", "no JSON"],
        "work.stop": ["", "no JSON"]}.items():
    applied = {"applied": True} if route in CHANGING and route != "work.poll" else {}
    for body in bodies:
        add(f"{route}: answered {json.dumps(body)}", ROUTES[route],
            rule(route, body=body, **applied))

# Calls whose input nobody can read: the history shows them so. They are answered all the same.
UNREADABLE = {
    "an integer beyond int64": "{\"command\":\"echo x >> effect\",\"timeout_ms\":99999999999999999999}",
    "a key twice": "{\"command\":\"echo x >> effect\",\"command\":\"true\"}",
    "a lone surrogate": "{\"command\":\"echo x >> effect \\ud800\"}",
    "too deep": f"{{\"command\":\"echo x >> effect\",\"a\":{DEEP}}}",
    "a list": "[\"echo x >> effect\"]",
    "a text": "\"echo x >> effect\"",
    "nothing": "null",
}
# Of the command, in bytes; the event is as long.
LONG_COMMANDS = {"1 MiB": 1 << 20, "12 MiB": 12 << 20}

# --- the lease and the key ------------------------------------------------------------------------
STOPPED = ("", True)
add("the lease is lost", RUNNING, rule("work.heartbeat", lose_lease=True), answer=None,
    loses_lease=True)
add("a heartbeat is taken, its answer lost, and the lease too", RUNNING,
    rule("work.heartbeat", applied=True, cut="before"), rule("work.heartbeat", lose_lease=True),
    answer=None, loses_lease=True)
add("heartbeats are taken and their answers lost, again and again", RUNNING,
    *[rule("work.heartbeat", applied=True, cut="before", skip=2 * n) for n in range(3)])
add("the first heartbeat is taken, its answer lost", CLAIM,
    rule("work.heartbeat", applied=True, cut="before"))
add("a heartbeat is taken, its answer lost, and nobody says who holds the item", RUNNING,
    rule("work.heartbeat", applied=True, cut="before"), rule("work.list", status=403),
    answer=None, loses_lease=True)
add("the item is stopped", RUNNING, rule("work.heartbeat", force_stop=True), answer=STOPPED)
add("heartbeats fail for longer than the lease", RUNNING,
    rule("work.heartbeat", status=500, count=6), answer=None, ttl=3, loses_lease=True)
