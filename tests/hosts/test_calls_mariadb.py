"""mariadbd under load with twenty hot symbols: dozens of threads count at once."""

import signal
import threading

import support
from hot import policy, stopped
from test_mariadb import server  # noqa: F401  a fixture

SCRIPT = """
create table d.t{n} (i int primary key, m varchar(64), key (m)) engine=innodb;
insert into d.t{n} select seq, md5(seq) from seq_1_to_2000;
select count(*), max(m) from d.t{n} where m like 'a%';
update d.t{n} set m = concat(m, 'x') where i % 3 = 0;
select sum(length(m)) from d.t{n};
drop table d.t{n};
"""


def ask(world, text):
    done = support.run("mariadb", "--no-defaults", "-S", world.folder / "socket", "-Nse", text, env=support.environment())
    return done.returncode, done.stdout, done.stderr


def test_hot_symbols_make_no_difference(server):  # noqa: F811
    h, serve = server(policy=policy(["mariadbd"]))

    def scenario(world):
        process, answer = serve(world)
        said = {"made": ask(world, "create database d")}
        clients = [threading.Thread(target=lambda n=n: said.update({n: ask(world, SCRIPT.format(n=n))})) for n in range(4)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        process.send_signal(signal.SIGTERM)
        return answer, sorted(said.items(), key=str), process.wait(20)

    assert h.both(scenario)[-1] == 0
    (stop,) = stopped(h)
    assert min(stop[name] for name in ("malloc", "memcpy", "strlen", "lock", "wait", "signals")) > 10, stop
    assert stop["malloc"] == stop["malloced"]
