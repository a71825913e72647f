"""node: 10,000 relocations, JIT code and threads of its own, with twenty hot symbols."""

import pytest

from hot import policy, stopped


# A server and its clients in one process: 2,000 requests, eight at a time.
LOAD = """
const http = require('http'), hash = require('crypto').createHash('sha256');
const server = http.createServer((q, s) => { let n = 0; q.on('data', d => n += d.length).on('end', () => s.end(q.url + n)); });
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 }), said = [];
let left = 2000;
const ask = i => http.request({ agent, port: server.address().port, method: 'POST', path: '/' + i }, a => {
  let text = ''; a.on('data', d => text += d).on('end', () => {
    said[i] = text;
    if (!--left) { console.log(said.length, hash.update(said.join()).digest('hex')); agent.destroy(); server.close(); }
  });
}).end('x'.repeat(i));
server.listen(0, '127.0.0.1', () => { for (let i = 0; i < 2000; i++) ask(i); });
"""


@pytest.mark.parametrize("text", [
    LOAD,
    "let h = require('crypto').createHash('sha256'); for (let i = 0; i < 5000; i++) h.update('x' + i); console.log(h.digest('hex'))",
    "const {Worker} = require('worker_threads'); new Worker('console.log(40 + 2)', {eval: true}).on('exit', c => console.log(c))",
    "require('fs').readFile('/etc/passwd', (e, d) => { console.log(d.length); setTimeout(() => console.log('later'), 20); })",
    "console.log(require('child_process').spawnSync('sh', ['-c', 'echo out; echo err >&2; exit 4']).status)",
    "console.log(require('zlib').gunzipSync(require('zlib').gzipSync('a'.repeat(100000))).length)",
])
def test_hot_symbols_make_no_difference(text, host):
    h = host(policy=policy(["node"]))
    assert h.compare(["node", "-e", text])[0] == 0
    (stop,) = stopped(h)
    assert stop["malloc"] == stop["malloced"] and min(stop[name] for name in ("malloc", "memcpy", "strlen", "lock")) > 0, stop
