"""Import statements go when nothing needs them, and stay, with a comment, while something does."""

from __future__ import annotations

import pytest

from tests.migrate.conftest import code_of, migrated

LATER = "(goes when nothing here uses it any more)"


def test_the_names_that_are_still_used_stay() -> None:
    before = "from grpc.beta import implementations, interfaces\nuse(implementations, interfaces.StatusCode)\n"
    assert migrated(before).text == (
        "import grpc\n"
        f"# grpc-migrate: from grpc.beta import implementations: import grpc {LATER}\n"
        "from grpc.beta import implementations\n"
        "# grpc-migrate: beta.implementations: the module itself is handed on; name what is used of it\n"
        "use(implementations, grpc.StatusCode)\n"
    )


def test_a_long_import_that_is_shortened_stays_within_a_line() -> None:
    names = [f"name_number_{number}" for number in range(6)]
    before = f"from p.a_pb2 import (beta_create_A_stub, {', '.join(names)})\nbeta_create_A_stub(c)\n"
    listed = "".join(f"    {name},\n" for name in names)
    assert migrated(before).text == (
        f"from p.a_pb2 import (\n{listed})\nfrom p import a_pb2_grpc\na_pb2_grpc.AStub(c)\n"
    )


def test_a_comment_at_the_end_of_an_import_stays() -> None:
    before = "from grpc.beta import interfaces  # enums\nprint(interfaces.StatusCode)\n"
    assert migrated(before).text == "import grpc  # enums\nprint(grpc.StatusCode)\n"


def test_a_comment_within_an_import_keeps_it() -> None:
    before = "from grpc.beta import (interfaces,  # enums\n  implementations)\nprint(interfaces.StatusCode)\n"
    outcome = migrated(before)
    assert code_of(outcome) == f"import grpc\n{before}".replace("print(interfaces", "print(grpc")


def test_an_import_of_grpc_that_is_there_is_enough() -> None:
    before = "import grpc\nfrom grpc.beta import interfaces\nprint(interfaces.StatusCode)\n"
    assert migrated(before).text == "import grpc\nprint(grpc.StatusCode)\n"


def test_an_import_of_grpc_that_comes_too_late_is_not_enough() -> None:
    before = "from grpc.beta import interfaces\nprint(interfaces.StatusCode)\nimport grpc\n"
    assert migrated(before).text == "import grpc\nprint(grpc.StatusCode)\nimport grpc\n"


def test_an_unused_import_goes() -> None:
    assert migrated("import os\nfrom grpc.beta import interfaces\n").text == "import os\n"


def test_an_import_that_is_exported_stays() -> None:
    before = "from grpc.beta import interfaces\n__all__ = ['interfaces']\n"
    assert code_of(migrated(before)) == before


def test_an_import_of_all_names_stays() -> None:
    before = "from grpc.beta.implementations import *\n"
    assert code_of(migrated(before)) == before


def test_an_import_within_a_function_goes_and_grpc_is_imported_at_the_top() -> None:
    before = "import os\ndef f():\n    from grpc.beta import interfaces\n    return interfaces.StatusCode\n"
    assert migrated(before).text == "import grpc\nimport os\ndef f():\n    return grpc.StatusCode\n"


def test_a_function_of_unused_imports_stays_a_function() -> None:
    before = "def f():\n    from grpc.beta import interfaces\n    from grpc.beta import utilities\n"
    assert migrated(before).text == "def f():\n    pass\n"


def test_new_imports_follow_those_from_the_future() -> None:
    before = (
        "'''D.'''\nfrom __future__ import division\ndef f():\n    import grpc.beta.interfaces as i\n    i.StatusCode\n"
    )
    after = "'''D.'''\nfrom __future__ import division\nimport grpc\ndef f():\n    grpc.StatusCode\n"
    assert migrated(before).text == after


@pytest.mark.parametrize(
    "before",
    [
        "try:\n    from grpc.beta import interfaces\nexcept ImportError:\n    raise\n",
        "if True:\n    from grpc.beta import interfaces\n",
        "import os; from grpc.beta import interfaces\n",
    ],
)
def test_an_import_in_a_difficult_place_stays(before: str) -> None:
    outcome = migrated(before)
    assert code_of(outcome) == before
    assert outcome.by_hand == ["from grpc.beta import interfaces"]


def test_where_nothing_is_imported_at_the_top_grpc_is_imported_before_the_first_statement() -> None:
    before = "@wraps\ndef f():\n    from grpc.beta import interfaces\n    interfaces.StatusCode\n"
    assert migrated(before).text == "import grpc\n@wraps\ndef f():\n    grpc.StatusCode\n"


def test_each_function_keeps_the_name_grpc_that_it_had() -> None:
    function = "def f():\n    import {}\n    print({}.StatusCode)\n"
    before, after = function.format(*["grpc.beta.interfaces"] * 2), function.format("grpc", "grpc")
    assert migrated(before * 2).text == after * 2


def test_what_else_relied_on_the_name_grpc_still_has_it() -> None:
    before = "import grpc.beta.interfaces\nprint(grpc.beta.interfaces.StatusCode, grpc.RpcError)\n"
    assert migrated(before).text == "import grpc\nprint(grpc.StatusCode, grpc.RpcError)\n"


def test_the_comment_on_an_import_goes_with_it() -> None:
    first = migrated(
        "from grpc.beta import interfaces\nprint(f'{interfaces.StatusCode}', interfaces.StatusCode)\n"
    ).text
    done = "\n".join(line for line in first.splitlines() if "f-string" not in line)
    after = migrated(done.replace("f'{interfaces.StatusCode}'", "''") + "\n").text
    assert after == "import grpc\nprint('', grpc.StatusCode)\n"


def test_a_comment_whose_cause_this_run_cannot_see_is_reported_until_it_is_gone() -> None:
    text = "x = 1\n# grpc-migrate: stub.M.event: something else\nstub.M.event(r, s, t, 1)\n"
    assert migrated(text) == (text, [], ["comment"])
