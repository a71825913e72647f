"""What the end to end tests share: where the build lies, how to run it, how to wait, and an HTTP receiver that
does what it is told. Only Python's standard library. Fixtures that wrap these stand in conftest.py."""

import contextlib
import gzip
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BOOKEND_BUILD", ROOT / "build")).resolve()
PYTHON = os.path.basename(os.path.realpath("/usr/bin/python3"))
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Bookend:
    """The paths of the built parts, as text."""

    tool = str(BUILD / "bookend")
    shim = str(BUILD / "libbookend.so")
    sender = str(BUILD / "libbookend-sender.so")
    collector = str(BUILD / "bookend-collector")
    build = str(BUILD)


def wait_until(condition, deadline=10.0, what="the condition"):
    """Calls condition() until it is true and returns what it gave; fails after `deadline` seconds."""
    end = time.monotonic() + deadline
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {deadline} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def environment(state=None, home=None, **more):
    """A small environment that owes nothing to the one of the test run. A value of None removes a name."""
    env = {"PATH": PATH, "LANG": "C.UTF-8", "HOME": str(home or "/nonexistent")}
    if state is not None:
        env["BOOKEND_STATE"] = str(state)
    for name, value in more.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = str(value)
    return env


def preload(state, service, policy, **more):
    """The environment of a process that is measured without the launcher."""
    return environment(state, LD_PRELOAD=Bookend.shim, BOOKEND_SERVICE=service, BOOKEND_POLICY=policy, **more)


def run(*command, env=None, timeout=60, check=False, **more):
    """Runs a command to its end: a CompletedProcess with text in stdout and stderr. check: status 0 or fail."""
    done = subprocess.run(
        [str(word) for word in command], env=env, timeout=timeout, stdin=more.pop("stdin", subprocess.DEVNULL),
        stdout=more.pop("stdout", subprocess.PIPE), stderr=more.pop("stderr", subprocess.PIPE),
        text=True, errors="backslashreplace", check=False, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def accepts(port):
    with contextlib.closing(socket.socket()) as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def pool_folders(uid=None):
    uid = os.geteuid() if uid is None else uid
    return [pathlib.Path(f"/run/bookend/{uid}"), pathlib.Path(f"/dev/shm/bookend-{uid}")]


def pools_of(state, uid=None):
    """The hot pools whose header names this state directory."""
    want = os.fsencode(str(state)) + b"\0"
    found = []
    for folder in pool_folders(uid):
        for path in sorted(folder.glob("pool-*")) if folder.is_dir() else []:
            with contextlib.suppress(OSError), open(path, "rb") as f:
                if want in f.read(4096):
                    found.append(path)
    return found


def remove_pools(state, uid=None):
    """Removes the pools of a state directory, and what else carries their hash (a spool on tmpfs, for one)."""
    for pool in pools_of(state, uid):
        tag = pool.name.rsplit("-", 1)[-1]
        for path in pool.parent.glob(f"*{tag}*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    path.unlink()


def kill_group(process):
    """Kills a process that start_new_session made a group leader, with its group, and reaps it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)


def compile_c(folder, source, name="helper", flags=(), libs=()):
    """Compiles one C program into the folder and returns its path."""
    file = pathlib.Path(folder) / f"{name}.c"
    program = pathlib.Path(folder) / name
    file.write_text(source)
    run("cc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-w", *flags, "-o", program, file, *libs, check=True,
        env=environment())
    return str(program)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.strip()]


class Request:
    """One request as the receiver got it; `body` is unpacked, `raw` as on the wire."""

    def __init__(self, method, path, headers, raw):
        self.method, self.path, self.headers, self.raw = method, path, headers, raw
        self.time = time.monotonic()
        self.answered = None
        packed = headers.get("Content-Encoding", "") == "gzip"
        self.body = gzip.decompress(raw) if packed else raw

    def json(self):
        return json.loads(self.body)

    def events(self):
        """The events of a body in any of our formats: ndjson, segment batch or single, a JSON array."""
        if "ndjson" in self.headers.get("Content-Type", ""):
            return json_lines(self.body.decode())
        whole = self.json()
        if isinstance(whole, list):
            return whole
        return whole["batch"] if "batch" in whole else [whole]


class Receiver:
    """An HTTP or HTTPS receiver on a free loopback port, in threads of its own.

    answer(503, 503, 200) sets what the next requests get; the last one stays. An answer is a status, or a dict with any of
    status, headers, body, delay (seconds), or one of the words "silent" (reads, never answers), "reset" (drops the connection
    with a RST), "close" (closes without a word), "garbage" (bytes that are no HTTP), "endless" (a body without end).
    A function gets the Request and returns an answer. hold() and go_on() make requests wait.
    """

    def __init__(self, certificate=None, authority=None):
        self.requests = []
        self.connections = 0
        self.lock = threading.Lock()
        self.answers = [200]
        self.open = threading.Event()
        self.open.set()
        self.ending = threading.Event()
        self.authority = authority
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.scheme = "https"
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def answer(self, *answers):
        with self.lock:
            self.answers = list(answers)

    def hold(self):
        self.open.clear()

    def go_on(self):
        self.open.set()

    def events(self):
        """All events of all requests that were answered with 2xx, in order, repeats included."""
        with self.lock:
            good = [r for r in self.requests if r.answered and 200 <= r.answered < 300]
        return [event for r in good for event in r.events()]

    def wait(self, count, deadline=10):
        """Until `count` events were accepted; returns them."""
        wait_until(lambda: len(self.events()) >= count, deadline, f"{count} events at the receiver")
        return self.events()

    def close(self):
        self.ending.set()
        self.open.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def _next(self, request):
        with self.lock:
            self.requests.append(request)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answer = answer(request) if callable(answer) else answer
        return {"status": answer} if isinstance(answer, int) else answer

    def _handler(receiver):  # noqa: N805 - the handler below has its own self
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def setup(self):
                with receiver.lock:
                    receiver.connections += 1
                super().setup()

            def log_message(self, *_):
                pass

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                request = Request(self.command, self.path, self.headers, self.rfile.read(length))
                answer = receiver._next(request)
                receiver.open.wait()
                self.close_connection = True
                if isinstance(answer, dict):
                    self._speak(request, answer)
                elif answer == "silent":
                    receiver.ending.wait(120)
                elif answer == "garbage":
                    self.wfile.write(b"\x00\xffthis is no answer\r\n\r\n" * 8)
                elif answer == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                elif answer == "endless":
                    self._endless()
                elif answer != "close":
                    raise ValueError(f"unknown answer {answer!r}")

            do_GET = do_PUT = do_POST

            def _endless(self):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
                while not receiver.ending.is_set():
                    self.wfile.write(b"x" * 65536)

            def _speak(self, request, answer):
                if answer.get("delay"):
                    receiver.ending.wait(answer["delay"])
                body = answer.get("body", b"{}")
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                request.answered = answer.get("status", 200)
                self.close_connection = False
                self.send_response(request.answered)
                for name, value in answer.get("headers", {}).items():
                    self.send_header(name, str(value))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

        return Handler


class Proxy:
    """A forwarding HTTP proxy: remembers the targets it was asked for, GET/POST by absolute URL and CONNECT."""

    def __init__(self):
        self.targets = []
        self.ending = False
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.ending = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _accept(self):
        while not self.ending:
            with contextlib.suppress(OSError):
                client, _ = self.socket.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError), client:
            head = b""
            while b"\r\n\r\n" not in head:
                more = client.recv(65536)
                if not more:
                    return
                head += more
            verb, target, rest = head.split(b" ", 2)
            self.targets.append(target.decode())
            if verb == b"CONNECT":
                host, _, port = target.rpartition(b":")
            else:
                host, _, port = target.split(b"/")[2].rpartition(b":")
            with socket.create_connection((host.decode(), int(port))) as server:
                if verb == b"CONNECT":
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    path = b"/" + target.split(b"/", 3)[3]
                    server.sendall(b" ".join((verb, path, rest)))
                back = threading.Thread(target=_copy, args=(server, client), daemon=True)
                back.start()
                _copy(client, server)
                back.join(5)


def _copy(source, target):
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def make_authority(folder):
    """A private CA and a certificate of its for 127.0.0.1: (CA file, file with certificate and key)."""
    folder = pathlib.Path(folder)
    key, ca, request = folder / "key.pem", folder / "ca.pem", folder / "request.pem"
    own, both, names = folder / "own.pem", folder / "server.pem", folder / "names"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    run("openssl", "req", "-x509", *curve, "-days", "2", "-subj", "/CN=Test CA", "-keyout", folder / "ca.key",
        "-out", ca, check=True)
    run("openssl", "req", *curve, "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", request, check=True)
    run("openssl", "x509", "-req", "-days", "2", "-in", request, "-CA", ca, "-CAkey", folder / "ca.key",
        "-CAcreateserial", "-extfile", names, "-out", own, check=True)
    both.write_text(own.read_text() + key.read_text())
    return str(ca), str(both)


class Collector:
    """`bookend collect` on a free port, with a database in the folder; may be killed and started again on the same one."""

    def __init__(self, folder, env):
        self.folder = pathlib.Path(folder)
        self.database = str(self.folder / "events.db")
        self.env = env
        self.port = 0
        self.process = None
        self.log = self.folder / "collector.log"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        ready = self.folder / "collector.port"
        ready.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [Bookend.tool, "collect", "--listen", f"127.0.0.1:{self.port}", "--db", self.database,
                 "--port-file", str(ready)],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        wait_until(lambda: ready.exists() or self.process.poll() is not None, 10, "the collector's port")
        if self.process.poll() is not None:
            raise AssertionError(f"bookend collect ended at once:\n{self.log.read_text()}")
        self.port = int(ready.read_text())

    def stop(self, number=signal.SIGTERM):
        """Its exit status; None when it does not run."""
        if self.process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait(10)
        self.process = None
        return status

    def rows(self, query, *values):
        """What the database holds, read beside the running collector."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)) as db:
            return db.execute(query, values).fetchall()


def flush(env, timeout="10s"):
    """One `bookend flush`, not measured itself."""
    env = {name: value for name, value in env.items() if name not in ("LD_PRELOAD", "BOOKEND_SERVICE")}
    return run(Bookend.tool, "flush", "--timeout", timeout, env=env)


def status(env):
    """What `bookend status --json` says."""
    env = {name: value for name, value in env.items() if name != "LD_PRELOAD"}
    return json.loads(run(Bookend.tool, "status", "--json", env=env).stdout)


def deliver(env, deadline=30):
    """Flushes until nothing waits, neither here nor at another drainer's."""
    wait_until(lambda: flush(env).returncode == 0 and status(env)["state"]["segments"] == 0, deadline, "the delivery of everything")


def plain_policy(url, format="ndjson", match=None, properties="", key="", sender="later"):
    """A policy whose one service `app` records start and stop of what matches, with the exit facts, and sends them to url."""
    lines = ["bookend: 1", "destinations:", f'  out: {{ format: {format}, url: "{url}"{key} }}', "services:", "  app:"]
    if match:
        lines.append(f"    match: {match}")
    lines += [
        f"    sender: {sender}",
        "    consent: [{ allow: always }]",
        "    to: [out]",
        "    events:",
        "      start:",
        "        when: start",
        "        properties:",
        "          exe: ${process.exe}",
        *([f"          {properties}"] if properties else []),
        "      stop:",
        "        when: stop",
        "        properties:",
        "          how: ${exit.how}",
        "          reason: ${exit.reason}",
        "          code: ${exit.code}",
        "          signal: ${exit.signal}",
        "          after_signal: ${exit.after_signal}",
        *([f"          {properties}"] if properties else []),
    ]
    return "\n".join(lines) + "\n"
