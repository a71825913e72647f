"""Programs whose symbols would meet those of libcurl and OpenSSL, were these not in a namespace of their own; and sanitizers."""

import pytest

import support
from host import ended
from sending import run_at_work

# Every function of another TLS library's ABI that libcurl calls ends the program.
FOREIGN = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#define NAMES(X) X(SSL_new) X(SSL_connect) X(SSL_read) X(SSL_write) X(SSL_CTX_new) X(SSL_CTX_free) X(OPENSSL_init_ssl) \
	X(OPENSSL_init_crypto) X(TLS_client_method) X(EVP_sha256) X(CRYPTO_malloc) X(CRYPTO_free) X(ERR_get_error) X(BIO_new) \
	X(curl_msnprintf) X(curl_easy_init) X(curl_multi_poll) X(curl_getenv) X(Curl_ssl) X(deflate) X(inflate) X(nghttp2_session_send) \
	X(bookend_sender) X(bookend_sender_thread)
#define DEFINE(name) void name(void) { fputs(#name " was called\n", stderr); abort(); }
NAMES(DEFINE)
int main(void)
{
	char line[8];

	fgets(line, sizeof(line), stdin);
	usleep(200000);
	puts("end");
	return 3;
}
"""

OWN_TLS = r"""
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
	unsigned char digest[32], bytes[64];
	unsigned length, bad = 0;
	char line[8];

	fgets(line, sizeof(line), stdin);
	for (int i = 0; i < 2000; i++) {
		SSL_CTX *context = SSL_CTX_new(TLS_method());

		bad += !context || !EVP_Digest("a", 1, digest, &length, EVP_sha256(), NULL) || digest[0] != 0xca;
		bad += RAND_bytes(bytes, sizeof(bytes)) != 1;
		SSL_CTX_free(context);
	}
	printf("bad %u\n", bad);
	return 3;
}
"""


def check(sending, program, name, out_has, code=3, **more):
    s = sending(name)
    status, out, errors = s.both(lambda world, at_work: run_at_work(world, at_work, program, **more))
    assert (status, errors) == (code, "") and out_has in out, (status, out, errors)
    s.delivered(ended(name, code=code))


def test_exports_of_another_abi(sending, tmp_path):
    check(sending, support.compile_c(tmp_path, FOREIGN, name="foreign", flags=["-rdynamic"]), "foreign", "end")


def test_a_static_openssl_that_is_exported(sending, tmp_path):
    program = support.compile_c(tmp_path, OWN_TLS, name="owntls", flags=["-rdynamic"],
                                libs=["-Wl,--whole-archive", "-l:libssl.a", "-l:libcrypto.a", "-Wl,--no-whole-archive", "-ldl", "-lpthread"])
    check(sending, program, "owntls", "bad 0")


def test_the_same_openssl(sending, tmp_path):
    check(sending, support.compile_c(tmp_path, OWN_TLS, name="sametls", libs=["-lssl", "-lcrypto"]), "sametls", "bad 0")


@pytest.mark.parametrize("allocator", ["libjemalloc.so.2", "libtcmalloc_minimal.so.4"])
def test_a_preloaded_allocator(sending, tmp_path, allocator):
    program = support.compile_c(tmp_path, OWN_TLS, name="allocated", libs=["-lssl", "-lcrypto"])
    s = sending("allocated")

    def scenario(world, at_work):
        preload = f"{world.env['LD_PRELOAD']}:{allocator}" if world.measured else allocator
        return run_at_work(world, at_work, program, env={"LD_PRELOAD": preload})

    status, out, errors = s.both(scenario)
    assert (status, errors, out) == (3, "", "bad 0\n")
    s.delivered(ended("allocated", code=3))


SANE = r"""
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void *thread(void *p) { return malloc(1000); }
int main(void)
{
	char line[8];
	usleep(900000);
	fgets(line, sizeof(line), stdin);
	for (int i = 0; i < 100; i++) {
		pthread_t t;
		void *got;
		pthread_create(&t, NULL, thread, NULL);
		pthread_join(t, &got);
		free(got);
	}
	puts("end");
	return 3;
}
"""


def test_a_preloaded_clock(host):
    """libfaketime's function must not be called before there is an environment, and its hour is the program's, not ours."""
    h = host("bash", "date", sender="thread")
    status, out, errors, _ = h.compare(["faketime", "2001-02-03 04:05:06", "bash", "-c", "date +%F; date +%Y; exit 3"])
    assert (status, out, errors) == (3, "2001-02-03\n2001\n", ""), (status, out, errors)
    h.expect(ended("bash", code=3), *[ended("date", code=0)] * 3)  # faketime itself asks date
    assert not [event for event in h.events() if event["time"] < "2020"]


@pytest.mark.parametrize("compiler,flag,runs", [
    ("gcc", "address", True), ("gcc", "undefined", True), ("clang", "address", True), ("gcc", "thread", False),
    ("clang", "thread", False), ("clang", "memory", False)])
def test_a_sanitizer(sending, tmp_path, compiler, flag, runs):
    """The shared ones are linked first, as they ask to be; where memory has a shadow the helper does it."""
    source = tmp_path / "sane.c"
    source.write_text(SANE)
    support.run(compiler, f"-fsanitize={flag}", "-g", "-o", tmp_path / "sane", source, "-lpthread", check=True)
    s = sending("sane", by="at_work" if runs else None)
    runtime = support.run("ldd", tmp_path / "sane").stdout
    needed = [line.split()[2] for line in runtime.splitlines() if f"lib{flag[0]}san" in line or "libubsan" in line]
    ways = []

    def scenario(world, at_work):
        env = {"LD_PRELOAD": ":".join([*needed, world.env["LD_PRELOAD"]])} if world.measured else {}
        process = world.start(tmp_path / "sane", stdin=-1, stdout=-1, stderr=-1, env=env)
        at_work()
        if world.measured:
            ways.append(support.wait_until(lambda: next(iter(s.ways().values()), None), 10, "the way"))
        out, errors = process.communicate(b"go\n", timeout=60)
        return process.returncode, out, errors

    assert s.both(scenario) == (3, b"end\n", b"")
    assert ways[0][0] == ("thread" if runs else "helper"), ways
    s.delivered(ended("sane", code=3))


def test_valgrind(sending, tmp_path):
    """It knows one libc in a process."""
    program = support.compile_c(tmp_path, SANE, name="watched", libs=["-lpthread"])
    s = sending("memcheck-amd64-linux", "watched", by=None)
    ways = []

    def scenario(world, at_work):
        process = world.start("valgrind", "-q", "--error-exitcode=99", program, stdin=-1, stdout=-1, stderr=-1)
        if world.measured:
            ways.append(support.wait_until(lambda: next((w for w in s.ways().values() if "valgrind" in w[1]), None), 20, "the way"))
        out, errors = process.communicate(b"go\n", timeout=60)
        return process.returncode, out, errors

    assert s.both(scenario) == (3, b"end\n", b"")
    assert ways[0][0] == "later"
    s.delivered(ended(code=3))
