"""The `file` source with real programs: consent by a key of a file, before anything is recorded, and what is taken from files later.

Measured programs here are copies of `true` under the names of the systems whose settings they have; they know nothing of Bookend."""

import json
import os
import re
import shutil

import pytest

import support

# The file, and its text that says no and that says yes to `deny: { file: …, key: a.off, is: true }`.
FORMATS = {
    "c.json": ('{"a": {"off": true}}', '{"a": {"off": false}}'),
    "c.toml": ("[a]\noff = true\n", "[a]\noff = false\n"),
    "c.yaml": ("a:\n  off: true\n", "a:\n  off: false\n"),
    "c.ini": ("[a]\noff = true\n", "[a]\noff = false\n"),
    "c.env": ("a.off=1\n", "a.off=0\n"),
    "c.nacl": ("a {\n  off = true\n}\n", "a {\n  off = false\n}\n"),
}

RIVET = """
      - deny: { file: "${config}", search: up, key: rivet.telemetry.disable, is: true }
      - allow: always"""
HASURA = """
      - deny: { env: HASURA_GRAPHQL_ENABLE_TELEMETRY, is: false }
      - allow: { env: HASURA_GRAPHQL_ENABLE_TELEMETRY, is: true }
      - deny: { file: ~/.hasura/config.json, key: enable_telemetry, is: false }
      - allow: always"""
SALTO = """
      - deny: { env: SALTO_TELEMETRY_DISABLE, is: "1" }
      - deny: { file: "${salto}/salto.config/config.nacl", key: salto.telemetry, is: false }
      - deny: { file: "${salto}/salto.config/config.nacl", key: salto.telemetry.enabled, is: false }
      - allow: always"""


class Scene:
    """A program `app` under a policy, in a folder `work/deep` of its own and with a HOME of its own."""

    def __init__(self, folder, state, policy):
        self.folder, self.state, self.write_policy = folder, state, policy
        self.home, self.work = folder / "home", folder / "work"
        (self.work / "deep").mkdir(parents=True)
        self.home.mkdir(exist_ok=True)
        self.out = folder / "out.ndjson"
        self.trace = folder / "trace"

    def file(self, path, text):
        """path: `~/…` in HOME, else in `work`."""
        file = self.home / path[2:] if path.startswith("~/") else self.work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def policy(self, consent, properties="{}", values="{}"):
        self.yaml = self.write_policy(f"""bookend: 1
values:
  ns: {{ env: RIVET_NAMESPACE, else: {{ file: Bolt.local.toml, search: up, key: namespace }} }}
  config: namespaces/${{ns}}.toml
  salto: {{ env: SALTO_HOME, else: ~/.salto }}
destinations: {{ out: {{ format: ndjson, url: "file:{self.out}" }} }}
services:
  app:
    to: out
    sender: later
    match: {{ exe: app }}
    consent:{consent}
    properties: {properties}
    events: {{ began: {{ when: start }} }}
""")

    def run(self, *tracer, **env):
        """Runs the program; what its preloaded library opened is in the trace."""
        app = self.folder / "app"
        if not app.exists():
            shutil.copy("/bin/true", app)
        words = support.preload(self.state, "app", self.yaml, HOME=self.home, **env)
        given = [word for name in words for word in ("-E", f"{name}={words[name]}")]
        support.run("strace", "-o", self.trace, *given, app, cwd=self.work / "deep", check=True, timeout=30,
                    env=support.environment(HOME="/"))

    def measured(self, **env):
        """Is a program measured now? If not, it was left alone: no pool, no socket, no process."""
        support.remove_pools(self.state)
        self.out.unlink(missing_ok=True)
        self.run(**env)
        recorded = bool(support.pools_of(self.state))
        if not recorded:
            trace = self.trace.read_text()
            assert not re.search(r"^(socket|connect|clone|fork|vfork|memfd_create|open.*O_CREAT|open.*O_(RDWR|WRONLY).*= \d)", trace, re.M), trace
            assert str(self.state) not in "".join(re.findall(r"^(?!execve).*$", trace, re.M))
        return recorded

    def event(self, **env):
        """The properties of the one event, delivered by a drainer with another directory and HOME."""
        assert self.measured(**env)
        support.run(support.Bookend.tool, "flush", env=support.environment(self.state), cwd="/", check=True)
        (event,) = support.json_lines(self.out.read_text())
        return event["properties"]


@pytest.fixture
def scene(bookend, tmp_path, state, policy):
    return Scene(tmp_path, state, policy)


@pytest.mark.parametrize("name", FORMATS)
def test_a_key_of_a_file_is_asked_before_anything_is_recorded(scene, name):
    no, yes = FORMATS[name]
    file = scene.home / name
    scene.policy(f"\n      - deny: {{ file: ~/{name}, key: a.off, is: true }}\n      - allow: always")
    assert scene.measured()
    file.write_text(no)
    assert not scene.measured()
    # Opened once, so that it can not block; nothing but the policy's image and it is opened by us.
    opened = [line for line in scene.trace.read_text().splitlines() if line.startswith("openat") and not re.search(r'"/(etc/ld|lib|usr/lib)', line)]
    ours = [line for line in opened if str(scene.folder) in line and "libbookend" not in line]
    assert [line for line in ours if str(file) in line and "O_NONBLOCK" in line and "O_NOCTTY" in line and "O_CLOEXEC" in line], opened
    assert all(str(file) in line or "policy" in line for line in ours), opened
    assert len([line for line in ours if str(file) in line]) == 1
    file.write_text(yes)
    assert scene.measured()
    file.write_text("[a")
    assert not scene.measured()
    file.unlink()
    os.mkfifo(file)
    assert not scene.measured()


def test_rivets_namespace_says_no(scene):
    scene.policy(RIVET)
    assert scene.measured()
    scene.file("Bolt.local.toml", 'namespace = "dev"\n')
    scene.file("namespaces/dev.toml", '[cluster]\nid = "CID"\n\n[rivet.telemetry]\ndisable = true\n')
    scene.file("namespaces/prod.toml", '[cluster]\nid = "CID"\n\n[rivet]\ntelemetry = { disable = false }\n')
    assert not scene.measured()
    assert scene.measured(RIVET_NAMESPACE="prod")
    scene.file("namespaces/prod.toml", 'rivet.telemetry.disable = true\n')
    assert not scene.measured(RIVET_NAMESPACE="prod")


def test_hasuras_environment_beats_its_file_both_ways(scene):
    scene.policy(HASURA)
    assert scene.measured()
    scene.file("~/.hasura/config.json", '{"uuid": "U", "enable_telemetry": false}')
    assert not scene.measured()
    assert scene.measured(HASURA_GRAPHQL_ENABLE_TELEMETRY="1")
    scene.file("~/.hasura/config.json", '{"uuid": "U", "enable_telemetry": true}')
    assert scene.measured()
    assert not scene.measured(HASURA_GRAPHQL_ENABLE_TELEMETRY="False")
    assert not scene.measured(HASURA_GRAPHQL_ENABLE_TELEMETRY="perhaps")


def test_salto_is_off_in_both_spellings(scene):
    scene.policy(SALTO)
    for where, env in (("~/.salto", {}), ("own", {"SALTO_HOME": scene.work / "own"})):
        config = f"{where}/salto.config/config.nacl"
        assert scene.measured(**env)
        scene.file(config, 'salto {\n  installationID = "9"\n  telemetry = false\n}\n')
        assert not scene.measured(**env)
        scene.file(config, 'salto {\n  installationID = "9"\n  telemetry = { enabled = false }\n}\n')
        assert not scene.measured(**env)
        scene.file(config, 'salto {\n  installationID = "9"\n  telemetry = { enabled = true }\n}\n')
        assert scene.measured(**env)
        assert not scene.measured(SALTO_TELEMETRY_DISABLE="1", **env)


def test_what_the_policy_names_comes_from_the_programs_own_place(scene):
    scene.file("Bolt.local.toml", 'namespace = "dev"\n')
    scene.file("namespaces/dev.toml", '[cluster]\nid = "CID"\nkey = "secret"\n[rivet.telemetry]\ndisable = false\n')
    scene.file("Bolt.toml", "[services.api-auth]\nport = 1\n[services.api-cf]\n")
    scene.file("~/.hasura/config.json", '{"uuid": "U"}')
    scene.file("deep/data/one", "0123456789")
    scene.file("plans.json", '[{"id": "p", "name": "paid", "price": 5}]')
    scene.policy(RIVET, """
      ns: ${ns}
      uuid: { file: ~/.hasura/config.json, key: uuid, else: { id: installation } }
      ns_config: { file: "${config}", search: up, keep: [cluster.id, rivet.telemetry.disable], else: null }
      services: { file: Bolt.toml, search: up, key: services, presence: all, else: null }
      whole: { file: Bolt.toml, search: up, key: services }
      os: { file: /etc/os-release, as: pairs }
      size: { size: data }
      plans: { list: [ { env: PLAN }, { env: NONE }, 1 ] }
      plan: { lookup: { file: ../plans.json, keep: [id, name] }, by: id, is: { env: PLAN }, key: name }
      said: { run: [cat, ../plans.json], as: json, keep: [id] }
      one: { run: [echo, '{"a": {"b": "eA=="}}'], as: json, key: a.b, decode: base64 }""")
    got = scene.event(PLAN="p")
    pairs = dict(line.split("=", 1) for line in open("/etc/os-release", encoding="utf-8").read().split("\n") if "=" in line and line[0] != "#")
    assert got.pop("os") == pairs
    assert got == {
        "ns": "dev", "uuid": "U", "ns_config": {"cluster": {"id": "CID"}, "rivet": {"telemetry": {"disable": False}}},
        "services": {"api-auth": {}, "api-cf": {}}, "size": 10, "plans": ["p", 1], "plan": "paid", "said": [{"id": "p"}], "one": "x",
    }
    assert "secret" not in json.dumps(got)


def test_a_missing_file_leaves_the_property_out_and_the_event_goes(scene):
    scene.policy("\n      - allow: always", """
      a: { file: no.toml, key: k }
      b: { file: no.toml, search: up, key: k, else: null }
      c: { size: no }
      d: { file: ~/no.json, keep: [k] }
      e: 1""")
    assert scene.event() == {"b": None, "e": 1}
