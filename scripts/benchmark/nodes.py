"""What a ledger in the database costs, and what a second and a third node bring."""

import json
import subprocess
import sys
import time

from .processes import reap, start
from .program import Program, environment

# Every node waits so long for each answer, one request at a time: then nodes are the limit, and not the gateway's allowance or two cores.
WAIT = 0.3
# Counters of the server: statements, rows read, rows written.
COUNTERS = (
    ["Questions"],
    ["Handler_read_" + how for how in ("first", "key", "last", "next", "prev")],
    ["Handler_" + what for what in ("write", "update", "delete")],
)


def shared(binary, home, url, keys, source, server, database):
    """The program as a node: its ledger is in this database of the bench's server."""
    home.mkdir(parents=True)
    state = 'ledger = "database"\n[state.database]\nurl = "mysql://root@localhost/%s?socket=%s"\n' % (database, server.socket)
    return Program(binary, home, url, keys, source, state=state)


def counters(server):
    """What the server counted so far: statements, rows read by an index, rows written."""
    counted = dict(server.run("mysql", "SHOW GLOBAL STATUS"))
    return [sum(int(counted[name]) for name in names) for names in COUNTERS]


def together(nodes):
    """One full sync of all feeds by these nodes, begun at the same time. Returns the seconds it took, and the items that each sent."""
    begin = time.perf_counter()
    processes = []
    for node in nodes:
        with open(node.home / "stderr", "w") as log:
            command = [node.binary, "export", "run", "--json"]
            processes.append(start(command, env=environment(node.home), stdout=subprocess.PIPE, stderr=log))
    sent = []
    for node, process in zip(nodes, processes):
        lines = [json.loads(line) for line in process.stdout]
        reap(process)
        report = next((line for line in lines if line["type"] == "export"), None)
        if process.returncode or not report or report["end"] != "complete":
            sys.exit("A node ended with exit code %d:\n%s" % (process.returncode, (node.home / "stderr").read_text()))
        sent.append(sum(feed["submitted"] for feed in report["feeds"]))
    return time.perf_counter() - begin, sent
