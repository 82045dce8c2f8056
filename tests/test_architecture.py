"""The house rules that imports can show. The tests read the source; they do not run it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ["storage", "core", "bot"]  # imports go downstairs: towards the front of this list
PACKAGES = [*FLOORS, "sandbox"]
ONLY_IN = {
    "dbos": "core/engine.py",
    "authlib": "core/xero/oauth.py",
    "opentelemetry": "bot/otel.py",
    "slack_bolt": "bot/",
    "slack_sdk": "bot/",
}
CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime"},
}


@cache
def sources() -> dict[str, ast.Module]:
    """Each product file's path from the root, and its tree."""
    files = sorted(f for package in PACKAGES for f in (ROOT / package).rglob("*.py"))
    return {f.relative_to(ROOT).as_posix(): ast.parse(f.read_text(encoding="utf-8")) for f in files}


def product_sources() -> Iterator[tuple[str, ast.Module]]:
    return ((path, tree) for path, tree in sources().items() if not path.startswith("sandbox/"))


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(node: ast.AST, path: str) -> list[str]:
    """Dotted names an import statement may mean: `from core import sync` is `core` and `core.sync`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    package = path.removesuffix(".py").split("/")
    base = (
        ".".join([*package[: len(package) - node.level], *filter(None, [node.module])]) if node.level else node.module
    )
    return [base or "", *(f"{base}.{alias.name}" for alias in node.names)]


def imports(path: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each imported name, with the place it stands at."""
    for node in ast.walk(tree):
        for name in imported(node, path):
            yield name, f"{path}:{getattr(node, 'lineno', 0)} imports {name}"


def test_no_import_hides_inside_a_function():
    hidden = {
        f"{path}:{node.lineno}"
        for path, tree in sources().items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert not hidden


def test_imports_go_downstairs_only():
    climbs = []
    for path, tree in sources().items():
        floor = path.split("/")[0]
        above = [*FLOORS[FLOORS.index(floor) + 1 :], "sandbox"] if floor in FLOORS else []
        climbs += [where for name, where in imports(path, tree) if name.split(".")[0] in [*above, "tests"]]
    assert not climbs


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_in_its_one_place(library):
    strays = [
        where
        for path, tree in sources().items()
        if not path.startswith(ONLY_IN[library])
        for name, where in imports(path, tree)
        if name.split(".")[0] == library
    ]
    assert not strays


def test_nobody_imports_what_not_everybody_has():
    """bot/tracing.py does, by name, where it is wanted: OpenTelemetry costs memory, and may not be there."""
    strays = [where for path, tree in sources().items() for name, where in imports(path, tree) if name == "bot.otel"]
    assert not strays


def test_only_core_clock_reads_the_clock():
    readers = []
    for path, tree in product_sources():
        if path == "core/clock.py":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
                if node.attr in CLOCKS.get(owner, ()):
                    readers.append(f"{path}:{node.lineno} {owner}.{node.attr}")
            if isinstance(node, ast.ImportFrom) and node.module == "time":
                readers += [f"{path}:{node.lineno} time.{a.name}" for a in node.names if a.name in CLOCKS["time"]]
    assert not readers


def test_no_module_imports_itself_by_way_of_others():
    modules = {module_name(path) for path in sources()}
    graph = {
        module_name(path): {name for name, _ in imports(path, tree) if name in modules} - {module_name(path)}
        for path, tree in sources().items()
    }
    for names in graph.values():  # `from core import sync` needs the module; the package is only the way to it
        names -= {parent for parent in names if any(name.startswith(f"{parent}.") for name in names)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as exc:
        pytest.fail(" ← ".join(exc.args[1]), pytrace=False)


@pytest.mark.skipif(
    not all((ROOT / package / "__init__.py").exists() for package in PACKAGES),
    reason="a package has no __init__.py yet",
)
def test_the_import_contracts_of_pyproject_are_kept():
    lint = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
        "--no-cache",
    ]
    done = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
