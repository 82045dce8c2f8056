"""What docs/ops hands out names only what is there."""

import json
import re
from pathlib import Path

import yaml
from prometheus_client import REGISTRY

from bot.metrics import of_the_whole
from core import measures
from core.figures import Figures
from core.incidents import Cause
from scripts import dashboard

OPS = Path(__file__).resolve().parent.parent / "docs" / "ops"
NAMED = re.compile(r"\b(?:solido|process)_[a-z_0-9]+")
FIGURES = Figures({}, {}, {}, {}, 0, 0.0, 0, 0.0, 0, lowest_quota=1, below_reserve=0)
OF_A_PROCESS = {"solido_database_up", "solido_stuck", "process_resident_memory_bytes"}


def there() -> set[str]:
    """Every name that a query may use."""
    assert measures.SYNCS
    named = {metric.name for metric in of_the_whole(FIGURES)} | OF_A_PROCESS
    for metric in REGISTRY.collect():
        if metric.name.startswith("solido_"):
            kinds = ("_bucket", "_count", "_sum") if metric.type == "histogram" else ("_total",)
            named |= {metric.name + kind for kind in kinds}
    return named


def rules() -> list[dict]:
    return [rule for group in yaml.safe_load((OPS / "alerts.yml").read_text())["groups"] for rule in group["rules"]]


def queries() -> list[str]:
    board = json.loads((OPS / "grafana.json").read_text())
    return [rule["expr"] for rule in rules()] + [t["expr"] for p in board["panels"] for t in p["targets"]]


def test_each_query_names_metrics_that_exist():
    wanted = {name for query in queries() for name in NAMED.findall(query)}
    assert wanted - there() == set()
    assert len(wanted) > 15


def test_everything_that_is_measured_is_on_the_dashboard():
    shown = {name for panel in dashboard.PANELS for query in panel[3].values() for name in NAMED.findall(query)}
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in there()}
    assert families - {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown} == set()


def test_the_dashboard_is_the_one_that_its_script_writes():
    assert dashboard.PAGE.read_text(encoding="utf-8") == dashboard.page()


def test_each_rule_says_what_to_do_and_names_only_causes_that_exist():
    for rule in rules():
        assert {"summary", "do"} <= set(rule["annotations"]), rule
        assert rule["labels"]["severity"] in {"page", "ticket"}
        for causes in re.findall(r'cause=~?"([^"]+)"', rule["expr"]):
            assert set(causes.split("|")) <= set(Cause), rule


def test_the_page_about_monitoring_names_metrics_that_exist():
    stems = {re.sub(r"_(bucket|count|sum)$", "", name) for name in there()}
    assert set(NAMED.findall((OPS / "monitoring.md").read_text())) <= there() | stems
