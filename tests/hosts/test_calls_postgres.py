"""postgres under load with twenty hot symbols: a server of many processes, which all count into one place."""

from host import daemon_status
from hot import policy, stopped
from test_postgres import control, data, start  # noqa: F401  data is a fixture

SCRIPT = """
create table t as select i, md5(i::text) as m from generate_series(1, 5000) i;
create index on t (m);
select count(*), max(m) from t where m like 'a%';
update t set m = m || 'x' where i % 3 = 0;
select sum(length(m)) from t;
drop table t;
"""


def ask(world, data):  # noqa: F811
    """Four clients in turn, each with work of its own."""
    said, script = [], world.folder / "script.sql"
    script.write_text(SCRIPT)
    for _ in range(4):
        done = world.run("psql", "-h", data.parent, "-U", "postgres", "-Atq", "-f", script, "postgres")
        said.append((done.returncode, done.stdout, done.stderr))
    return said


def test_hot_symbols_make_no_difference(host, data):  # noqa: F811
    h = host(user="postgres", policy=policy(["postgres"]))

    def scenario(world):
        said, server = start(world, data)
        answers = ask(world, data)
        stop = control(world, data, "stop", "-m", "fast")
        return said[0], answers, stop[0], daemon_status(server)

    assert h.both(scenario)[-1] == 0
    stops = stopped(h)
    server = max(stops, key=lambda stop: stop["memcpy"])
    assert min(server[name] for name in ("malloc", "memcpy", "strlen", "strcmp", "wait", "close", "signals")) > 10, server
    assert all(stop["malloc"] == stop["malloced"] and stop["write"] == stop["writes"] for stop in stops)
