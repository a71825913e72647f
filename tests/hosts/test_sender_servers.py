"""Servers at their work while the sender is at its: redis, nginx with TLS in the foreground and as a daemon, postgres, mariadbd."""

import os
import shutil
import signal
import ssl
import urllib.request

import pytest

import support
import test_nginx as nginx
import test_postgres as pg
import test_redis as redis
from host import children, daemon_status, ended, pid_in
from test_postgres import data  # noqa: F401 - a fixture

NGINX = """
daemon {daemon};
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 32; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {certificate}; return 200 "here"; }}
}}
"""


def quiet(seen):
    """Without the threads that jemalloc makes for itself where another thread allocates."""
    seen.pop("threads")
    return seen


def test_redis(sending):
    s = sending(redis.EXE)
    port = support.free_port()

    def scenario(world, at_work):
        server = redis.serving(world, port)
        at_work()
        said = [redis.ask(port, "SET", f"key{i}", "v" * i) for i in range(50)]
        said += [redis.ask(port, "BGSAVE")]
        support.wait_until(lambda: "rdb_bgsave_in_progress:0" in redis.info(port), 10, "the snapshot")
        seen = world.settled(server.pid, ready=quiet)
        server.send_signal(signal.SIGTERM)
        return said, seen, server.wait(10), sorted(os.listdir(world.folder))

    assert s.both(scenario)[2] == 0
    s.delivered(ended(redis.EXE, code=0, after=15))


def test_redis_as_a_daemon(sending):
    """The thread of the first process rests when it leaves; the daemon has one of its own."""
    s = sending(redis.EXE)
    port = support.free_port()

    def scenario(world, at_work):
        pid_file = world.folder / "redis.pid"
        done = world.run(*redis.options(world, port, "--daemonize", "yes", "--pidfile", pid_file))
        pid = pid_in(pid_file)
        support.wait_until(lambda: support.accepts(port), 10, "redis")
        at_work()
        seen = world.settled(pid, ready=quiet)
        said = redis.ask(port, "SET", "a", "b")
        os.kill(pid, signal.SIGTERM)
        return done.returncode, done.stdout, done.stderr, seen, said, daemon_status(pid)

    assert s.both(scenario)[-1] == 0
    s.delivered(ended(redis.EXE, code=0, after=15))


def fetch(port, authority):
    context = ssl.create_default_context(cafile=authority)
    with urllib.request.urlopen(f"https://127.0.0.1:{port}/", timeout=5, context=context) as answer:
        return answer.status, answer.read()


@pytest.mark.parametrize("daemon", ["on", "off"])
def test_nginx_with_tls(sending, authority, daemon):
    s = sending("nginx")
    port = support.free_port()

    def scenario(world, at_work):
        conf = world.folder / "nginx.conf"
        conf.write_text(NGINX.format(folder=world.folder, port=port, certificate=authority[1], daemon=daemon,
                                     user="user root;" if os.geteuid() == 0 else ""))
        process = world.start("/usr/sbin/nginx", "-p", world.folder, "-c", conf)
        master = pid_in(world.folder / "nginx.pid")
        support.wait_until(lambda: len(children(master)) == 2, 10, "two workers")
        at_work()
        answers = {fetch(port, authority[0]) for _ in range(10)}
        before = children(master)
        os.kill(master, signal.SIGHUP)
        support.wait_until(lambda: len(now := children(master)) == 2 and not set(now) & set(before), 10, "new workers")
        answers |= {fetch(port, authority[0]) for _ in range(10)}
        seen = world.settled(master, ready=nginx.at_work)
        os.kill(master, signal.SIGQUIT)
        status = daemon_status(master) if daemon == "on" else process.wait(10)
        return answers, seen, status, sorted(os.listdir(world.folder))

    assert s.both(scenario)[2] == 0
    s.delivered(ended("nginx", code=0, after=3))


def test_postgres(sending, data):  # noqa: F811
    s = sending("postgres", user="postgres")

    def scenario(world, at_work):
        said, server = pg.start(world, data)
        at_work()
        answers = [pg.select(world, data) for _ in range(5)]
        seen = world.settled(server, "/data/", pg.workers)
        stopped = pg.control(world, data, "stop", "-m", "fast")
        return said[0], answers, seen, stopped, daemon_status(server)

    assert s.both(scenario)[-1] == 0
    s.delivered(pg.VERSION, ended("postgres", code=0, after=2))


def test_mariadbd(sending):
    s = sending("mariadbd", user="mysql")

    def scenario(world, at_work):
        shutil.rmtree(world.folder / "data", ignore_errors=True)
        (world.folder / "data").mkdir()
        s.give(world.folder / "data")
        pid_file, socket = world.folder / "pid", world.folder / "socket"
        process = world.start(
            "mariadbd", "--no-defaults", f"--datadir={world.folder}/data", "--skip-grant-tables", "--skip-networking",
            f"--socket={socket}", f"--pid-file={pid_file}", "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M",
            "--innodb-data-file-path=ibdata1:4M:autoextend", "--innodb-flush-log-at-trx-commit=0", "--innodb-use-native-aio=0")
        assert pid_in(pid_file) == process.pid
        support.wait_until(lambda: socket.exists() or process.poll() is not None, 10, "the socket")
        at_work()
        done = [support.run("mariadb", "--no-defaults", "-S", socket, "-Nse", "select sha2('a', 256), 6 * 7", env=support.environment())
                for _ in range(5)]
        seen = world.settled(process.pid, "/data/|socket", quiet)
        process.send_signal(signal.SIGTERM)
        return [(d.returncode, d.stdout, d.stderr) for d in done], seen, process.wait(10), sorted(os.listdir(world.folder))

    assert s.both(scenario)[2] == 0
    s.delivered(ended("mariadbd", code=0, after=15))
