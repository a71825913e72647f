"""Programs with TLS traffic of their own, while the sender has its: node, python, java, php, perl, git with a GnuTLS curl, curl."""

import os

import pytest

import support
import test_git
from host import ended
from sending import run_at_work
from test_java import JAVA as JAVA_COMMAND
from web import served

ROUNDS = 20


@pytest.fixture
def page(tmp_path, authority):
    """(URL of a small file over https, the CA to trust)"""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "file").write_text("here\n" * 1000)
    with served(folder, authority[1]) as url:
        yield url + "/file", authority[0]


def check(sending, exe, command, code=0, **more):
    s = sending(exe)
    status, out, errors = s.both(lambda world, at_work: run_at_work(world, at_work, *command, **more))
    assert (status, errors) == (code, "") and "bad 0" in out, (status, out, errors)
    s.delivered(ended(exe, code=code))


NODE = """
const https = require('https'), fs = require('fs'), crypto = require('crypto'), ca = fs.readFileSync(process.argv[2]);
let bad = 0;
const get = () => new Promise(done => https.get(process.argv[1], { ca, agent: false }, answer => {
    let length = 0;
    answer.on('data', d => length += d.length).on('end', () => { bad += length != 5000; done(); });
}).on('error', e => { console.log(e); bad++; done(); }));
process.stdin.once('data', async () => {
    for (let i = 0; i < ROUNDS; i++) {
        await Promise.all([get(), get()]);
        bad += crypto.pbkdf2Sync('a', 'b', 100, 32, 'sha256').length != 32;
    }
    const w = new (require('worker_threads').Worker)('1', { eval: true });
    w.on('exit', () => { console.log('bad ' + bad); process.exit(3); });
});
"""


def test_node(sending, page):
    check(sending, "node", ["node", "-e", NODE.replace("ROUNDS", str(ROUNDS)), *page], code=3)


PYTHON = """
import ssl, sys, hashlib, threading, urllib.request, subprocess
url, ca = sys.argv[1:]
sys.stdin.readline()
bad = []
def get():
    for _ in range(ROUNDS):
        with urllib.request.urlopen(url, context=ssl.create_default_context(cafile=ca)) as answer:
            if len(answer.read()) != 5000:
                bad.append(1)
threads = [threading.Thread(target=get) for _ in range(3)]
for t in threads: t.start()
for t in threads: t.join()
if hashlib.sha256(b"a").hexdigest()[:4] != "ca97" or subprocess.run(["true"]).returncode:
    bad.append(2)
print("bad", len(bad))
sys.exit(3)
"""


def test_python(sending, page):
    exe = os.path.basename(os.path.realpath("/usr/bin/python3"))
    check(sending, exe, ["/usr/bin/python3", "-c", PYTHON.replace("ROUNDS", str(ROUNDS)), *page], code=3)


JAVA = """
import java.io.*; import java.net.*; import java.security.cert.*; import javax.net.ssl.*;
public class Fetch {
    public static void main(String[] words) throws Exception {
        System.in.read();
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] { new X509TrustManager() {
            public void checkClientTrusted(X509Certificate[] c, String a) {}
            public void checkServerTrusted(X509Certificate[] c, String a) {}
            public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; } } }, null);
        int bad = 0;
        for (int i = 0; i < 5; i++) {
            HttpsURLConnection c = (HttpsURLConnection) new URL(words[0]).openConnection();
            c.setSSLSocketFactory(context.getSocketFactory());
            c.setHostnameVerifier((h, s) -> true);
            bad += c.getInputStream().readAllBytes().length != 5000 ? 1 : 0;
        }
        System.gc();
        System.out.println("bad " + bad);
        System.exit(3);
    }
}
"""


def test_java(sending, page, tmp_path):
    (tmp_path / "Fetch.java").write_text(JAVA)
    support.run("javac", "Fetch.java", cwd=tmp_path, env=support.environment(), check=True)
    check(sending, "java", [*JAVA_COMMAND, "-cp", tmp_path, "Fetch", page[0]], code=3)


PHP = """
fgets(STDIN);
$bad = 0;
for ($i = 0; $i < ROUNDS; $i++) {
    $text = file_get_contents($argv[1], false, stream_context_create(['ssl' => ['cafile' => $argv[2], 'verify_peer_name' => false]]));
    $bad += strlen($text) != 5000;
    $c = curl_init($argv[1]);
    curl_setopt_array($c, [CURLOPT_CAINFO => $argv[2], CURLOPT_RETURNTRANSFER => true]);
    $bad += strlen(curl_exec($c)) != 5000;
    curl_close($c);
}
print("bad $bad\\n");
exit(3);
"""


def test_php_with_its_own_curl(sending, page):
    exe = os.path.basename(os.path.realpath("/usr/bin/php"))
    check(sending, exe, ["php", "-r", PHP.replace("ROUNDS", str(ROUNDS)), "--", *page], code=3)


PERL = """
use strict; use Digest::SHA qw(sha256_hex); use POSIX;
<STDIN>;
my $bad = 0;
for my $i (1..ROUNDS) {
    $bad += sha256_hex("a") !~ /^ca97/;
    my $child = fork;
    POSIX::_exit($i % 128) unless $child;
    waitpid($child, 0);
    $bad += $? >> 8 != $i % 128;
    $bad += `echo $i` != $i;
    local $ENV{"X$i"} = "y" x 1000;
}
print "bad $bad\\n";
exit 3;
"""


def test_perl(sending):
    check(sending, "perl", ["perl", "-e", PERL.replace("ROUNDS", "100")], code=3)


def test_curl_itself(sending, authority, tmp_path):
    (tmp_path / "file").write_text("here\n" * 1000)
    waiting = []
    s = sending("curl")

    def scenario(world, at_work):
        waiting[:] = [at_work]
        done = world.run("curl", "-sS", "--cacert", authority[0], f"{url}/file", "-o", "one", f"{url}/file", "-o", "two")
        return done.returncode, done.stdout, done.stderr, (world.folder / "one").read_text(), (world.folder / "two").read_text()

    with served(tmp_path, authority[1], before=lambda: waiting and waiting.pop()()) as url:
        assert s.both(scenario)[0] == 0
    s.delivered(ended("curl", code=0))


def test_git_clone_with_gnutls(sending, authority, tmp_path_factory):
    """git-remote-http has libcurl's other flavour."""
    folder = tmp_path_factory.mktemp("git")
    test_git.make_repository(folder)
    waiting = []
    s = sending("git-remote-http")

    def scenario(world, at_work):
        waiting[:] = [at_work]
        done = world.run("git", "-c", f"http.sslCAInfo={authority[0]}", "clone", f"{url}/bare.git", "copy", env=test_git.IDENTITY)
        files = sorted(str(path.relative_to(world.folder)) for path in world.folder.rglob("*"))
        return done.returncode, done.stdout, done.stderr, files

    with served(folder, authority[1], before=lambda: waiting and waiting.pop()()) as url:
        status, _, errors, files = s.both(scenario)
    assert status == 0 and "copy/file2" in files, errors
    s.delivered(ended("git-remote-http", code=0))
