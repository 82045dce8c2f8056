"""`make mutants`: take the gate's clauses away one by one, and see that a test fails for each.

Works on a copy in a temporary folder. Prints a line per mutant; exit 1 when one survives.
"""

import ast
import copy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GATE = "core/reminders/gate.py"
TESTS = ["tests/core/reminders/test_gate.py", "tests/core/reminders/test_gate_thanks.py"]
COPIED = ["core", "storage", "tests", "pyproject.toml"]
AT_ONCE = 2
OTHER_WAY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
"""Each comparison moved by one: the boundary belongs to the clause too."""


def mutants(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Each with a word on what is missing."""
    for index, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.If):
            yield said(node, "if", node.test), changed(tree, index, never)
        elif isinstance(node, ast.BoolOp):
            for number, value in enumerate(node.values):
                yield said(node, "without", value), changed(tree, index, lambda found, n=number: found.values.pop(n))
        elif isinstance(node, ast.Compare):
            for number, operator in enumerate(node.ops):
                if type(operator) in OTHER_WAY:
                    yield said(node, "boundary of", node), changed(tree, index, lambda found, n=number: move(found, n))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.YieldFrom):
            yield said(node, "without", node.value.value), changed(tree, index, silent)


def said(node: ast.stmt | ast.expr, how: str, what: ast.AST) -> str:
    return f"{GATE}:{node.lineno}: {how} {ast.unparse(what)}"


def changed(tree: ast.Module, index: int, change) -> ast.Module:
    made = copy.deepcopy(tree)
    change(list(ast.walk(made))[index])
    return made


def never(found: ast.If) -> None:
    found.test = ast.Constant(value=False)


def silent(found: ast.Expr) -> None:
    found.value = ast.Constant(value=None)


def move(found: ast.Compare, number: int) -> None:
    found.ops[number] = OTHER_WAY[type(found.ops[number])]()


def killed(source: str, work: Path) -> bool:
    (work / GATE).write_text(source, encoding="utf-8")
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS]
    return subprocess.run(command, cwd=work, capture_output=True, check=False).returncode == 1


def copy_of_the_project(into: Path) -> Path:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, into / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, into / name)
    return into


def caught(found: list[tuple[str, str]], work: Path) -> list[bool]:
    """Say of each, as soon as it is known, whether a test failed."""
    ends = []
    for what, source in found:
        ends.append(killed(source, work))
        sys.stdout.write(f"{'caught  ' if ends[-1] else 'SURVIVED'} {what}\n")
        sys.stdout.flush()
    return ends


def main() -> None:
    tree = ast.parse((ROOT / GATE).read_text(encoding="utf-8"))
    found = [(what, ast.unparse(ast.fix_missing_locations(made))) for what, made in mutants(tree)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        works = [copy_of_the_project(Path(folder) / str(n)) for n in range(AT_ONCE)]
        if killed(ast.unparse(tree), works[0]):
            sys.exit("The tests fail on the gate as it is.")
        lanes = [found[lane::AT_ONCE] for lane in range(AT_ONCE)]
        ends = [end for lane in pool.map(caught, lanes, works) for end in lane]
    alive = ends.count(False)
    sys.stdout.write(f"{len(found)} mutants, {alive} survived.\n")
    sys.exit(1 if alive else 0)


if __name__ == "__main__":
    main()
