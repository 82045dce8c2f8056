"""`make bench`: everything, one after the other."""

import asyncio

from bench import first_sync, service

asyncio.run(first_sync.main())
asyncio.run(service.main())
