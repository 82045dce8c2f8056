"""The dashboard for Grafana, docs/ops/grafana.json: written here, since nobody reads its JSON."""

import json
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "ops" / "grafana.json"
WIDTH, HEIGHT, COLUMNS = 8, 8, 3
NUMBER, LINES = "stat", "timeseries"
Q99 = "histogram_quantile(0.99, sum by (le) (rate({}_bucket[$__rate_interval])))"

PANELS: list[tuple[str, str, str, dict[str, str]]] = [
    ("Organisations", NUMBER, "short", {"{{state}}": "max by (state) (solido_connections)"}),
    ("Processes", NUMBER, "short", {"{{role}}": "max by (role) (solido_processes)"}),
    ("Syncs that should have begun", NUMBER, "short", {"": "max(solido_syncs_overdue)"}),
    ("Notices that wait for Slack", NUMBER, "short", {"": "max(solido_outbox_waiting)"}),
    (
        "Syncs a minute, by result",
        LINES,
        "short",
        {"{{result}}": "60 * sum by (result) (rate(solido_syncs_total[$__rate_interval]))"},
    ),
    (
        "Syncs a minute, by trigger",
        LINES,
        "short",
        {"{{trigger}}": "60 * sum by (trigger) (rate(solido_syncs_total[$__rate_interval]))"},
    ),
    ("Lateness of automatic syncs", LINES, "s", {"the latest": "max(solido_sync_lateness_seconds)"}),
    (
        "How long syncs take, 99 of 100",
        LINES,
        "s",
        {
            "from beginning to end": Q99.format("solido_sync_seconds"),
            "in the queue": Q99.format("solido_sync_wait_seconds"),
        },
    ),
    ("Unfinished syncs", LINES, "short", {"{{state}}": "max by (state) (solido_runs_unfinished)"}),
    ("Open troubles", LINES, "short", {"{{cause}}": "max by (cause) (solido_incidents_open)"}),
    (
        "Calls to Xero a minute (all organisations: 10,000 allowed)",
        LINES,
        "short",
        {"{{answer}}": "60 * sum by (answer) (rate(solido_xero_calls_total[$__rate_interval]))"},
    ),
    ("Bytes from Xero", LINES, "Bps", {"": "sum(rate(solido_xero_bytes_total[$__rate_interval]))"}),
    (
        "Calls left today",
        LINES,
        "short",
        {"fewest": "max(solido_quota_lowest_left)", "organisations on the reserve": "max(solido_quota_below_reserve)"},
    ),
    (
        "Acknowledgements to Slack, 99 of 100",
        LINES,
        "s",
        {"{{kind}}": "histogram_quantile(0.99, sum by (le, kind) (rate(solido_ack_seconds_bucket[$__rate_interval])))"},
    ),
    (
        "Notices to Slack a minute",
        LINES,
        "short",
        {"{{outcome}}": "60 * sum by (outcome) (rate(solido_notices_total[$__rate_interval]))"},
    ),
    ("Age of the oldest notice", LINES, "s", {"": "max(solido_outbox_oldest_seconds)"}),
    (
        "Letters an hour",
        LINES,
        "short",
        {"{{outcome}}": "sum by (outcome) (increase(solido_letters_total[1h]))"},
    ),
    ("Letters of unknown fate", LINES, "short", {"": "max(solido_letters_unsure)"}),
    (
        "Renewals of permissions an hour",
        LINES,
        "short",
        {"{{outcome}}": "sum by (outcome) (increase(solido_refreshes_total[1h]))"},
    ),
    ("Database answers", LINES, "short", {"{{instance}}": "solido_database_up"}),
    ("Standing still", LINES, "short", {"{{instance}}": "solido_stuck"}),
    ("Memory", LINES, "bytes", {"{{instance}}": "process_resident_memory_bytes"}),
]


def panel(number: int, title: str, kind: str, unit: str, queries: dict[str, str]) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    row, column = divmod(number, COLUMNS)
    return {
        "id": number + 1,
        "title": title,
        "type": kind,
        "datasource": source,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + at), "expr": query, "legendFormat": legend or "all", "datasource": source}
            for at, (legend, query) in enumerate(queries.items())
        ],
    }


def page() -> str:
    board = {
        "title": "Solido",
        "uid": "solido",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "panels": [panel(number, *each) for number, each in enumerate(PANELS)],
    }
    return json.dumps(board, indent=1) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
