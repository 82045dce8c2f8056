"""`make bench`: everything, one after the other."""

import asyncio

from bench import service, under_load

asyncio.run(service.main())
asyncio.run(under_load.main())
