"""perl: its ways out, its signals, and children by system, exec, pipes and fork."""

import pytest

from host import ended
from probe import probe

EXE = "perl"


@pytest.mark.parametrize("text, status, end", [
    ("print 'end'", 0, ended(EXE, code=0)),
    ("exit 3", 3, ended(EXE, code=3)),
    ("die 'why'", 255, ended(EXE, code=255)),
    ("END { $? = 4 } exit 2", 4, ended(EXE, code=4)),
    ("use POSIX; POSIX::_exit(5)", 5, ended(EXE, reason="_exit", code=5)),
    ("use POSIX; POSIX::abort()", -6, ended(EXE, reason="abort", signal=6)),
    ("kill 15, $$; sleep 9", -15, ended(EXE, reason="signal", signal=15)),
    ("kill 2, $$; sleep 9", -2, ended(EXE, reason="signal", signal=2)),
    ("kill 9, $$", -9, ended(EXE, reason="vanished")),
    ("$SIG{TERM} = sub { exit 6 }; kill 15, $$; sleep 9", 6, ended(EXE, code=6, after=15)),
    ("$SIG{HUP} = 'IGNORE'; kill 1, $$; exit 7", 7, ended(EXE, code=7)),
    ("local $SIG{INT} = sub { }; kill 2, $$; $SIG{INT} = 'DEFAULT'; kill 2, $$; sleep 9", -2,
     ended(EXE, reason="signal", signal=2, after=2)),
    ("exec 'perl', '-e', 'exit 8'", 8, ended(EXE, code=8)),
    ("exec '/nonexistent'; exit 9", 9, ended(EXE, code=9)),
    ("exec '/bin/sh', '-c', 'exit 10'", 10, ended(EXE, reason="exec")),
])
def test_ends(text, status, end, host):
    h = host(EXE)
    assert h.compare(["perl", "-e", text])[0] == status
    h.expect(end)


def test_children(host, tmp_path):
    program = probe(tmp_path)
    h = host(EXE)
    text = f"""
        $| = 1;
        print system("{program}", 3) >> 8, "\\n", `{program} 4`, $? >> 8, "\\n";
        $SIG{{TERM}} = sub {{ }}; $SIG{{HUP}} = 'IGNORE';
        open(my $p, '-|', '{program}', 5); print <$p>; close $p; print $? >> 8, "\\n";
        my $child = fork // die; if (!$child) {{ exec "{program} 6" }} waitpid $child, 0; print $? >> 8, "\\n";
        $child = fork; exit 7 if !$child; wait; print $? >> 8, "\\n";
        print system("/nonexistent"), "\\n";
        exec "{program}", 8;
    """
    assert h.compare(["perl", "-e", text])[0] == 8
    h.expect(ended(EXE, reason="exec"))
