"""python3: calls whose number the script knows, and twenty hot symbols in scripts with threads, forks and children."""

import pytest

import support
from hot import HOT, policy, stopped

EXE = support.PYTHON

KNOWN = """
      parents: { call: getppid, count: calls }
      wrote: { call: "ssize_t write(int fd, const void *from, size_t n)", sum: "${call.result}", if: { parameter: fd, above: 2 } }
"""


def test_counts_are_those_of_the_script(host):
    h = host(policy=policy([EXE], KNOWN))
    text = "import os; [os.getppid() for _ in range(1234)]; f = os.open('x', os.O_CREAT | os.O_WRONLY); [os.write(f, b'abc') for _ in range(100)]"
    assert h.compare(["python3", "-S", "-c", text])[0] == 0
    (stop,) = stopped(h)
    assert (stop["parents"], stop["wrote"], stop["wrote_sum"]) == (1234, 100, 300)


# A server with a thread for each connection, and eight clients: 800 requests.
LOAD = """
import http.client, http.server, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))[::-1]
        self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
threading.Thread(target=server.serve_forever).start()
said = {}
def client(n):
    c = http.client.HTTPConnection(*server.server_address)
    for i in range(100):
        c.request('POST', '/', str(n * 1000 + i)); said[n, i] = c.getresponse().read()
    c.close()
threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
server.shutdown(); print(len(said), sum(int(text[::-1]) for text in said.values()))
"""


@pytest.mark.parametrize("text", [
    LOAD,
    "import json, hashlib; print(hashlib.sha256(json.dumps(list(range(20000))).encode()).hexdigest())",
    "import threading; s = []; t = [threading.Thread(target=lambda: s.append(sum(range(99999)))) for _ in range(8)]; "
    "[x.start() for x in t]; [x.join() for x in t]; print(s)",
    "import os\nfor i in range(5):\n    if not os.fork(): print(i, flush=True); os._exit(i)\n    print(os.wait()[1], flush=True)",
    "import subprocess; print(subprocess.run(['sh', '-c', 'echo $0; exit 3'], capture_output=True))",
    "import multiprocessing as m; print(m.get_context('fork').Pool(2).map(abs, range(-9, 9)))",
    "import ctypes; print(ctypes.CDLL(None).strlen(b'four'), ctypes.CDLL(None).snprintf(None, 0, b'%f', ctypes.c_double(1.5)))",
    "import sqlite3; c = sqlite3.connect(':memory:'); print(c.execute('select sum(value) from json_each(?)', ['[1,2,3]']).fetchall())",
    "import signal, os; signal.signal(10, lambda *a: print('ten')); [os.kill(os.getpid(), 10) for _ in range(20)]",
])
def test_hot_symbols_make_no_difference(text, host):
    h = host(policy=policy([EXE], HOT, events='      each: { when: { call: malloc, one_in: 1000 } }'))
    assert h.compare(["python3", "-c", text])[0] == 0
    stops = stopped(h)
    assert all(stop["malloc"] == stop["malloced"] and stop["write"] == stop["writes"] for stop in stops)
    assert stops[0]["memcpy"] > 100 and stops[0]["strlen"] > 10
