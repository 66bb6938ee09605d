"""The program, run as a user runs it: a home directory of its own, a configuration file, and what each run took."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass

from . import gateway
from .processes import reap, running, start


@dataclass
class Run:
    """What a run took. Sizes are bytes, times seconds; `items` are those that it compared, `sent` those that were accepted."""

    wall: float
    cpu: float
    peak_memory: int
    written: int
    ledger: int
    items: int
    sent: int


class Sandbox:
    """The program's own gateway: it makes the keys, a small recording is posted to it for comparison, and it knows a rate limit."""

    def __init__(self, binary, home, requests_per_second=0, *options):
        ready = home / "ready.json"
        command = [binary, "sandbox", "--requests-per-second", str(requests_per_second), "--ready-file", ready, "--keys-dir", home / "keys", *options]
        self._process = start(command, env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not (text := ready.read_text() if ready.is_file() else "").endswith("}"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                sys.exit("The sandbox of %s does not start: run it by hand with `sandbox`" % binary)
            time.sleep(0.05)
        self._ready = json.loads(text)
        self.keys = self._ready["sandbox"]
        write_config(home, self._ready["url"], self.keys, "")
        created = subprocess.run([binary, "projects", "create", "Bench", "--json"], env=environment(home), capture_output=True, text=True)
        if created.returncode:
            sys.exit("The sandbox of %s makes no project: %s" % (binary, created.stderr))
        project = json.loads(created.stdout.splitlines()[0])
        self.url, self.project, self.data_space = self._ready["url"], project["id"], project["data_spaces"][1]["id"]

    def replay(self, recording, limit):
        """Posts the first recorded requests to it. Returns what `gateway.replay` does."""
        return gateway.replay(recording, self.url, limit, self.data_space)

    def answered(self):
        """How many feed requests it was sent, by the status of the answer."""
        with urllib.request.urlopen("%s/sandbox/v1/data-spaces/%s" % (self.url, self.data_space)) as answer:
            return json.load(answer)["requests"]

    def close(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()


def write_config(home, url, keys, rest, requests_per_second=0, state=""):
    """The configuration file of a user: a gateway, without a limit on requests unless there is one, one pair of keys, and more of `[state]`."""
    config = home / ".config/commerce-connector/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("""
[gateway]
environment = "sandbox"
sandbox_url = "%s"
requests_per_second = %s
[credentials.sandbox]
api_key = "%s"
private_key_file = "%s"
[state]
directory = "%s"
%s%s""" % (url, requests_per_second, keys["api_key"], keys["private_key_file"], home / "state", state, rest))
    config.chmod(0o600)


class Program:
    """The program with one source, and a ledger that begins empty."""

    def __init__(self, binary, home, url, keys, source, saas=(gateway.PROJECT, gateway.DATA_SPACE), requests_per_second=0, state=""):
        """`keys` is what the sandbox says of one pair; `source` is the `[source]` part of the configuration, `saas` project and data space."""
        self.binary, self.home, self.state = binary, home, home / "state"
        data_space = '[saas]\nproject_id = "%s"\nenvironment_id = "%s"\nenvironment_type = "Testing"\n' % saas
        write_config(home, url, keys, data_space + source, requests_per_second, state)

    def export(self, *arguments):
        """One export of the products feed. Returns what the process took. Ends the bench, with the program's own words, if it fails."""
        command = [self.binary, "export", "run", "--feed", "products", "--json", *arguments]
        errors = self.home / "stderr"
        with open(errors, "w") as log:
            begin = time.perf_counter()
            with running(command, env=environment(self.home), stdout=subprocess.PIPE, stderr=log) as process:
                report = None
                for line in process.stdout:
                    record = json.loads(line)
                    if record["type"] == "export":
                        report = record
                process.stdout.close()
                took = reap(process)
                wall = time.perf_counter() - begin
        if process.returncode or not report or report["end"] != "complete":
            sys.exit("`%s` ended with exit code %d:\n%s" % (" ".join(map(str, command[1:])), process.returncode, errors.read_text()))
        feed = report["feeds"][0]
        return Run(wall, *took, self.ledger_size(), feed["collected"], feed["submitted"])

    def ledger_size(self):
        return sum(file.stat().st_size for file in (self.state / "ledger").rglob("*") if file.is_file())


def environment(home):
    return {"HOME": str(home), "PATH": os.environ.get("PATH", "")}
