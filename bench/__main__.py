"""`make bench`: everything, one after the other."""

import asyncio

from bench import service

asyncio.run(service.main())
