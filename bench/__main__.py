"""`make bench`: everything, one after the other."""

import asyncio

from bench import service, webhooks

asyncio.run(service.main())
asyncio.run(webhooks.main())
