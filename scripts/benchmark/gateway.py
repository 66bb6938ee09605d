"""A gateway on loopback that accepts every batch at once, and a client that posts recorded batches to a gateway.

The gateway runs in a process of its own, so its CPU time is not the program's. It neither unpacks nor checks a body: its answer
names no refused item, which is how Adobe's gateway accepts a whole batch. It speaks plain HTTP; TLS is left out on both sides.
"""

import json
import multiprocessing
import os
import signal
import socket
import struct
import threading
import time

# One data space for testing, as the registry would list it.
PROJECT, DATA_SPACE = "6f1b2c9e-0c5d-4a56-9a53-3f5a6f0e7d10", "0f0c2f5a-7d0b-4c53-8a0e-5b7a4e1f9c21"
REGISTRY = json.dumps({"results": [{
    "projectId": PROJECT, "projectName": "Bench",
    "environmentId": DATA_SPACE, "environmentName": "Testing 1", "environmentType": "Testing",
}]}).encode()
ACCEPTED = b'{"invalidFeedItems":[]}'
# Before each recorded request: the lengths of its head and of its body.
LENGTHS = struct.Struct("<II")


def read_message(connection, buffered):
    """One HTTP message: its head without the empty line, its body, and what was read beyond it; None at the end of the stream."""
    while b"\r\n\r\n" not in buffered:
        part = connection.recv(1 << 18)
        if not part:
            return None
        buffered += part
    head, _, rest = buffered.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        if name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            raise ValueError("chunked messages are not read by the bench")
    parts, missing = [rest], length - len(rest)
    while missing > 0:
        part = connection.recv(min(missing, 1 << 20))
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    body = b"".join(parts)
    return head, body[:length], body[length:]


class Gateway:
    """The gateway's process. `record(path)` writes the feed requests to a file from then on, `record(None)` ends that; `wait(seconds)`
    answers feed requests so much later from then on."""

    def __init__(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "http://127.0.0.1:%d" % listener.getsockname()[1]
        self._control, control = multiprocessing.Pipe()
        # Forked, so that it needs no import path and ends with its parent at the latest (a closed control pipe).
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_serve, args=(listener, control, self._control), daemon=True)
        self._process.start()
        listener.close()
        control.close()

    def record(self, path):
        self._ask(path)

    def wait(self, seconds):
        self._ask(float(seconds))

    def counts(self):
        """Requests and bytes of bodies since the last call, and the gateway's CPU seconds in that time."""
        return self._ask("counts")

    def _ask(self, what):
        self._control.send(what)
        return self._control.recv()

    def close(self):
        self._process.terminate()
        self._process.join()


def _serve(listener, control, parents_end):
    # The bench ends this process, by the signal or by being gone; what it does at its own end is not done here.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parents_end.close()
    state = {"requests": 0, "bytes": 0, "cpu": time.process_time(), "record": None, "wait": 0.0}
    lock = threading.Lock()

    def connection(peer):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffered = b""
        with peer:
            while message := read_message(peer, buffered):
                head, body, buffered = message
                is_feed = head.startswith(b"POST ")
                answer = ACCEPTED if is_feed else REGISTRY
                if is_feed:
                    with lock:
                        state["requests"] += 1
                        state["bytes"] += len(body)
                        if state["record"]:
                            state["record"].write(LENGTHS.pack(len(head), len(body)) + head + body)
                    time.sleep(state["wait"])
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                             % (len(answer), answer))

    def accept():
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=_quietly, args=(connection, peer), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    while True:
        try:
            asked = control.recv()
        except (EOFError, KeyboardInterrupt):
            os._exit(0)
        with lock:
            if asked == "counts":
                now = time.process_time()
                control.send((state["requests"], state["bytes"], now - state["cpu"]))
                state.update(requests=0, bytes=0, cpu=now)
            elif isinstance(asked, float):
                state["wait"] = asked
                control.send(None)
            else:
                if state["record"]:
                    state["record"].close()
                state["record"] = open(asked, "wb") if asked else None
                control.send(None)


def _quietly(connection, peer):
    """A client that goes away in the middle of a request is no news here."""
    try:
        connection(peer)
    except (OSError, ValueError):
        pass


def recorded(path):
    """The recorded requests of a file, in order: the head and the body of each."""
    with open(path, "rb") as file:
        while lengths := file.read(LENGTHS.size):
            head, body = LENGTHS.unpack(lengths)
            yield file.read(head), file.read(body)


def replay(path, url, limit=None, data_space=DATA_SPACE):
    """Posts the recorded requests, or the first of them, over one connection, into another data space if need be.

    Returns their number, bytes, seconds and CPU seconds of this process."""
    host, port = url.removeprefix("http://").split(":")
    requests = size = 0
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin, cpu, buffered = time.perf_counter(), time.process_time(), b""
        for head, body in recorded(path):
            connection.sendall(head.replace(DATA_SPACE.encode(), data_space.encode(), 1) + b"\r\n\r\n" + body)
            message = read_message(connection, buffered)
            if message is None or b" 200 " not in message[0].split(b"\r\n")[0]:
                raise RuntimeError("a recorded request was not accepted: %r" % (message and message[0][:200],))
            buffered = message[2]
            requests, size = requests + 1, size + len(body)
            if requests == limit:
                break
        return requests, size, time.perf_counter() - begin, time.process_time() - cpu
