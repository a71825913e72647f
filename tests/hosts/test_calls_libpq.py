"""A libpq program: its connections and queries are counted, what it asks is never looked at."""

import pytest

import support
from hot import HOT, policy, stopped
from test_postgres import control, data, start  # noqa: F401  data is a fixture

TEXT = r"""
#include <stdio.h>
#include <stdlib.h>
typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;
PGconn *PQconnectdb(const char *);
PGresult *PQexec(PGconn *, const char *);
int PQstatus(const PGconn *);
char *PQgetvalue(const PGresult *, int, int);
int PQntuples(const PGresult *);
void PQclear(PGresult *);
void PQfinish(PGconn *);
int main(int argc, char **argv)
{
	PGconn *wrong = PQconnectdb("host=/nonexistent"), *c = PQconnectdb(argv[1]);
	printf("%d %d\n", PQstatus(wrong), PQstatus(c));
	for (int i = 0; i < 25; i++) {
		PGresult *r = PQexec(c, "select 'a_secret' || 6 * 7");
		printf("%s\n", PQntuples(r) ? PQgetvalue(r, 0, 0) : "-");
		PQclear(r);
	}
	PQclear(PQexec(c, "select no_such_secret"));
	PQfinish(wrong);
	PQfinish(c);
	return 0;
}
"""

MEASURES = """
      connects: { call: PQconnectdb, count: calls }
      queries: { call: PQexec, count: calls }
      took: { call: "PGresult *PQexec(PGconn *connection, const char *query)", histogram: duration_ms }
"""

EVENTS = """
      connected:
        when: { call: "PGconn *PQconnectdb(const char *info)", in: asks }
        properties: { took_ms: "${call.duration_ms}", name: "${call.name}" }
"""


@pytest.fixture
def asks(compile_c):
    return compile_c(TEXT, name="asks", libs=["-l:libpq.so.5"])


def ask(world, asks, data, times):  # pylint: disable=redefined-outer-name
    """What the program says, asked so often, and how the server stopped."""
    start(world, data)
    program = world.host.folder / "asks"
    program.write_bytes(open(asks, "rb").read())
    program.chmod(0o755)
    said = [world.run(program, f"host={data.parent} user=postgres dbname=postgres") for _ in range(times)]
    stop = control(world, data, "stop", "-m", "fast")
    return [(done.returncode, done.stdout, done.stderr) for done in said], stop[0]


def test_connections_and_queries_are_counted(asks, host, data):  # noqa: F811
    h = host(user="postgres", policy=policy(["asks"], MEASURES, EVENTS))
    assert h.both(ask, asks, data, 1) == ([(0, "1 0\n" + "a_secret42\n" * 25, "")], 0)
    (stop,) = stopped(h)
    assert (stop["connects"], stop["queries"], stop["took"]) == (2, 26, 26)
    connected = [event["properties"] for event in h.events() if event["event"] == "connected"]
    assert [one["name"] for one in connected] == ["PQconnectdb"] * 2 and all(one["took_ms"] > 0 for one in connected)
    kept = b"".join(path.read_bytes() for path in [h.out, *h.state.rglob("*")] if path.is_file())
    pools = b"".join(path.read_bytes() for path in support.pools_of(h.state, h.user.pw_uid if h.user else None))
    assert b"secret" not in kept and b"secret" not in pools and len(pools) > 1 << 20


def test_hot_symbols_make_no_difference(asks, host, data):  # noqa: F811
    h = host(user="postgres", policy=policy(["asks"], HOT + MEASURES))
    h.both(ask, asks, data, 5)
    stops = support.wait_until(lambda: len(found := stopped(h)) == 5 and found, 20, "five stops")
    assert all(stop["queries"] == 26 and stop["malloc"] == stop["malloced"] > 26 for stop in stops)
