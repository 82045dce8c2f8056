"""The least a program could do: a loop over httpx that downloads every page, keeps nothing and stores nothing."""

import asyncio
import re
import sys

import httpx

from bench.measured import Stopwatch, job, tell

PAGES = re.compile(rb'"pageCount":\s*(\d+)')
LISTS = {
    "Invoices": {
        "where": 'Type=="ACCREC" AND AmountDue>0',
        "Statuses": "AUTHORISED",
        "summaryOnly": "true",
        "order": "UpdatedDateUTC ASC",
    },
    "Contacts": {"includeArchived": "true"},
}


async def main(*, decode: bool) -> None:
    asked, calls, size, records = job(), 0, 0, 0
    async with httpx.AsyncClient(base_url=asked.url, headers=asked.headers, timeout=60) as http:
        watch = Stopwatch()
        for name, params in LISTS.items():
            page, pages = 1, 1
            while page <= pages:
                paging = {"page": page, "pageSize": asked.page_size}
                answer = await http.get(f"/api.xro/2.0/{name}", params=params | paging)
                answer.raise_for_status()
                found = PAGES.search(answer.content)
                assert found is not None
                pages, page = int(found[1]), page + 1
                calls, size = calls + 1, size + len(answer.content)
                records += len(answer.json()[name]) if decode else 0
        tell(watch.stop(calls=calls, size=size, records=records))


if __name__ == "__main__":
    asyncio.run(main(decode="decode" in sys.argv))
