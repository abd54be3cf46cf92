"""What becomes of each name of the beta API: under any alias, and only where nothing else has that name."""

from __future__ import annotations

import re

import pytest

import grpc
from grpc._migrate import _table
from grpc.beta import implementations, interfaces, utilities
from grpc.framework.interfaces.face import face
from grpc.framework.interfaces.face import utilities as face_utilities
from tests.migrate.conftest import code_of, migrated


@pytest.mark.parametrize(
    ("module", "names"),
    [
        pytest.param("grpc.beta.implementations", implementations.__all__, id="implementations"),
        pytest.param("grpc.beta.interfaces", interfaces.__all__, id="interfaces"),
        pytest.param("grpc.beta.utilities", utilities.__all__, id="utilities"),
        pytest.param(
            "grpc.framework.interfaces.face.face", [name for name in dir(face) if name.endswith("Error")], id="face"
        ),
        pytest.param(
            "grpc.framework.interfaces.face.utilities",
            [name for name in dir(face_utilities) if name.endswith(("_inline", "_event"))],
            id="face utilities",
        ),
    ],
)
def test_every_public_name_has_a_row(module: str, names: list[str]) -> None:
    missing = [name for name in names if f"{module}.{name}" not in _table.RULES]
    assert [name for name in missing if name != "NoSuchMethodError"] == []  # that one never reaches applications


def test_every_modern_name_of_the_table_exists() -> None:
    named = {name for rule in _table.RULES.values() for name in re.findall(r"(?<![\w.'])grpc\.(\w+)", rule.modern)}
    assert sorted(name for name in named if not hasattr(grpc, name)) == []


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("import grpc.beta.interfaces", "grpc.beta.interfaces.StatusCode"),
        ("import grpc.beta.interfaces as i", "i.StatusCode"),
        ("from grpc.beta import interfaces", "interfaces.StatusCode"),
        ("from grpc.beta import interfaces as i", "i.StatusCode"),
        ("from grpc.beta.interfaces import StatusCode", "StatusCode"),
        ("from grpc.beta.interfaces import StatusCode as S", "S"),
        ("from grpc import beta", "beta.interfaces.StatusCode"),
        ("import grpc.beta as b", "b.interfaces.StatusCode"),
    ],
)
def test_a_name_is_found_under_any_alias(statement: str, name: str) -> None:
    outcome = migrated(f"{statement}\nprint({name}.OK)\n")
    assert outcome.text == "import grpc\nprint(grpc.StatusCode.OK)\n"
    assert outcome.by_hand == []


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        ("'localhost', 50051", "'localhost:50051'"),
        ('"localhost", 50051', '"localhost:50051"'),
        ("'[::1]', 1", "'[::1]:1'"),
        ("host, port", "f'{host}:{port}'"),
        ("host, 80", "f'{host}:80'"),
        ("'h', args.port", "f'h:{args.port}'"),
        ("args['host'], args[\"port\"]", "f\"{args['host']}:{args['port']}\""),
        ("host(), int(port)", "f'{host()}:{int(port)}'"),
        ("host=h, port=p", "f'{h}:{p}'"),
        ("target, None", "target"),
    ],
)
def test_host_and_port_become_one_target(arguments: str, target: str) -> None:
    before = f"from grpc.beta import implementations\nc = implementations.insecure_channel({arguments})\n"
    assert migrated(before).text == f"import grpc\nc = grpc.insecure_channel({target})\n"


@pytest.mark.parametrize(
    "arguments",
    ["*address", "host or 'h', 1", "'a' + 'b', 1", "'{}'.format(h), 1", "port=1, host=h", "(host), 1", "h, # why\n 1"],
)
def test_a_target_that_takes_thinking_is_left(arguments: str) -> None:
    before = f"from grpc.beta import implementations\nc = implementations.insecure_channel({arguments})\n"
    outcome = migrated(before)
    assert code_of(outcome) == before
    assert "implementations.insecure_channel" in outcome.by_hand


def test_a_secure_channel_keeps_its_credentials() -> None:
    before = "from grpc.beta.implementations import secure_channel\nc = secure_channel(h, 1, CREDENTIALS)\n"
    assert migrated(before).text == "import grpc\nc = grpc.secure_channel(f'{h}:1', CREDENTIALS)\n"


@pytest.mark.parametrize(
    "shadow",
    ["def f(interfaces):\n    return interfaces.StatusCode\n", "[interfaces.StatusCode for interfaces in ()]\n"],
)
def test_a_name_that_hides_an_import_is_none_of_ours(shadow: str) -> None:
    assert migrated(f"from grpc.beta import interfaces\n{shadow}").text == shadow


@pytest.mark.parametrize(
    "other",
    [
        "try:\n    from grpc.beta import interfaces\nexcept ImportError:\n    interfaces = None\n",
        "from grpc.beta import interfaces\ndef f():\n    global interfaces\n    interfaces = None\n",
        "from grpc.beta import interfaces\nfrom mine import interfaces\n",
        "from grpc.beta import interfaces\nfor interfaces in (): pass\n",
    ],
)
def test_a_name_with_two_meanings_is_left(other: str) -> None:
    before = f"{other}print(interfaces.StatusCode.OK)\n"
    outcome = migrated(before)
    assert code_of(outcome) == before
    assert "interfaces.StatusCode" in outcome.by_hand


def test_a_class_reads_a_name_from_outside_until_it_binds_that_itself() -> None:
    before = "from grpc.beta import interfaces\nclass A:\n    interfaces = interfaces.StatusCode\n"
    outcome = migrated(before)
    assert code_of(outcome) == before
    assert outcome.by_hand == ["from grpc.beta import interfaces", "interfaces.StatusCode"]


def test_a_method_does_not_see_the_names_of_its_class() -> None:
    before = "from grpc.beta import interfaces\nclass A:\n    interfaces = None\n    def f(self):\n        {}\n"
    after = "import grpc\nclass A:\n    interfaces = None\n    def f(self):\n        {}\n"
    assert migrated(before.format("interfaces.StatusCode")).text == after.format("grpc.StatusCode")


def test_where_grpc_is_something_else_nothing_is_named_so() -> None:
    before = "from grpc.beta import interfaces\ndef f(grpc):\n    return interfaces.StatusCode.OK\n"
    outcome = migrated(before)
    assert code_of(outcome) == before


def test_an_alias_of_grpc_is_used() -> None:
    before = "import grpc as g\nfrom grpc.beta import interfaces\nprint(interfaces.StatusCode.OK)\n"
    assert migrated(before).text == "import grpc as g\nprint(g.StatusCode.OK)\n"


def test_a_type_that_is_called_or_inherited_from_is_left() -> None:
    before = """\
        from grpc.beta import implementations, interfaces
        class Mine(interfaces.Server): pass
        c = implementations.ChannelCredentials(None)
        isinstance(c, implementations.ChannelCredentials)
        """
    outcome = migrated(before)
    assert outcome.mechanical == ["implementations.ChannelCredentials"]
    assert "isinstance(c, grpc.ChannelCredentials)" in outcome.text


def test_a_name_in_an_f_string_is_left() -> None:
    outcome = migrated("from grpc.beta import interfaces\nprint(f'{interfaces.StatusCode.OK}')\n")
    assert outcome.by_hand == ["from grpc.beta import interfaces", "interfaces.StatusCode"]


def test_a_name_in_a_string_is_left() -> None:
    outcome = migrated("mock.patch('grpc.beta.implementations.insecure_channel')\n")
    assert outcome.by_hand == ["implementations.insecure_channel"]


def test_a_module_that_is_handed_on_is_left() -> None:
    outcome = migrated("from grpc.beta import implementations\nuse(implementations)\n")
    assert outcome.by_hand == ["from grpc.beta import implementations", "beta.implementations"]


def test_a_name_that_nobody_knows_is_left() -> None:
    outcome = migrated("from grpc.beta import implementations\nimplementations.something()\n")
    assert "implementations.something" in outcome.by_hand


def test_generated_code_is_reported_as_a_whole() -> None:
    outcome = migrated("import grpc.beta.implementations as b\ndef beta_create_A_stub(channel):\n    return b.x\n")
    assert outcome.by_hand == ["generated code"]


def test_a_class_that_happens_to_begin_with_beta_is_none_of_ours() -> None:
    before = "from tests import BetaTesterStub\nBetaTesterStub()\n"
    assert migrated(before) == (before, [], [])
