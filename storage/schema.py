"""Which version of the schema a database has, and which one this program needs.

Alembic itself is only loaded where a schema is changed (storage/migrate.py): it would cost every process 40 MB.
"""

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

HEAD = "0011"


async def version(engine: AsyncEngine) -> str | None:
    """Return the database's schema version; None for a database that has none yet."""
    async with engine.execution_options(read_only=True).connect() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
            return None
        return await _version(connection)


async def _version(connection: AsyncConnection) -> str | None:
    found: str | None = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    return found
