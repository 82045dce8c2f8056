"""Xero's own client for Python, downloading the same lists and storing nothing. Runs in a virtual environment of its
own (.venv-bench), beside nothing but that client: requirements/bench.in."""

from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token

from bench.measured import Stopwatch, job, tell


def main() -> None:
    asked = job()
    token = {
        "access_token": asked.token,
        "token_type": "Bearer",
        "scope": ["accounting.invoices.read"],
        "expires_in": 86_400,
        "expires_at": 4_000_000_000,
        "refresh_token": "none",
    }
    client = ApiClient(
        Configuration(oauth2_token=OAuth2Token(client_id="app", client_secret="secret")),
        oauth2_token_getter=lambda: token,
        oauth2_token_saver=lambda _token: None,
    )
    api = AccountingApi(client, base_url=f"{asked.url}/api.xro/2.0")
    watch, calls, records = Stopwatch(), 0, 0
    page, pages = 1, 1
    while page <= pages:
        answer = api.get_invoices(
            asked.tenant,
            where='Type=="ACCREC" AND AmountDue>0',
            statuses=["AUTHORISED"],
            order="UpdatedDateUTC ASC",
            summary_only=True,
            page=page,
            page_size=asked.page_size,
        )
        pages, page, calls = answer.pagination.page_count, page + 1, calls + 1
        records += len(answer.invoices)
    page, pages = 1, 1
    while page <= pages:
        found = api.get_contacts(asked.tenant, include_archived=True, page=page, page_size=asked.page_size)
        pages, page, calls = found.pagination.page_count, page + 1, calls + 1
        records += len(found.contacts)
    tell(watch.stop(calls=calls, size=0, records=records))


if __name__ == "__main__":
    main()
