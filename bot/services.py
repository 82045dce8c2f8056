"""What commands, buttons and pages may use. Built once, in bot/app.py."""

from dataclasses import dataclass

from bot.files import Files
from bot.installs import Installs
from bot.people import People
from bot.places import Places
from core.connect import Connecting
from core.forgetting import Forgetting
from core.reminders.deciding import Reminding
from core.support import Support
from core.sync import Syncing
from core.webhooks import Webhooks
from core.workspaces import Workspaces
from storage.database import Database


@dataclass(frozen=True)
class Services:
    """`public_url` is where browsers reach us; `writes` tells whether Xero is asked for more than reading."""

    database: Database
    installs: Installs
    people: People
    places: Places
    syncing: Syncing
    connecting: Connecting
    workspaces: Workspaces
    support: Support
    webhooks: Webhooks
    public_url: str
    daily_limit: int
    writes: bool
    reminding: Reminding
    files: Files
    forgetting: Forgetting
