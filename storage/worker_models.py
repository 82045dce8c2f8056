"""The table of the processes that are alive."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.models import moment


class Worker(SQLModel, table=True):
    """A process of this installation. `roles` are parted by commas, `seen_at` is when it last said that it lives.

    Both moments are by the database's clock, which is the same for all. On PostgreSQL a name is never used twice.
    """

    name: str = Field(primary_key=True)
    roles: str
    joined_at: datetime = moment()
    seen_at: datetime = moment()
