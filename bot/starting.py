"""What has to be so before a process may start; what is not is said to whoever starts it."""

from sqlalchemy.exc import SQLAlchemyError

from bot.installs import Installs
from bot.refusals import NO_ANSWER
from bot.settings import Settings
from core.clock import utc_now
from storage import schema
from storage.database import Database
from storage.moving import moved_at


class CannotStart(Exception):
    """A sentence for whoever starts the program."""


async def check_schema(database: Database) -> None:
    """Raise CannotStart unless the database answers, has the schema of this program, and is the one in use."""
    try:
        found = await schema.version(database.engine)
    except (SQLAlchemyError, OSError) as error:
        raise CannotStart(f"The database at DATABASE_URL does not answer ({type(error).__name__}).") from None
    if found is not None and found > schema.HEAD:
        raise CannotStart(
            f"The database was made by a newer Solido (version {found}; this one knows {schema.HEAD}). "
            "Start the newer program again."
        )
    if found != schema.HEAD:
        raise CannotStart("The database has another schema than this program needs. Run `solido migrate`.")
    if database.embedded and (moved := await moved_at(database)):
        raise CannotStart(f"This database was moved to PostgreSQL at {moved}: set DATABASE_URL to the new one.")


async def know_team(installs: Installs, settings: Settings) -> None:
    """Where Solido belongs to one team, learn which one; raise CannotStart where Slack does not say."""
    token = settings.slack_bot_token.get_secret_value()
    if not token:
        return
    try:
        await installs.add_by_token(token, now=utc_now())
    except NO_ANSWER as error:
        raise refused_by_slack("SLACK_BOT_TOKEN", settings, error) from None


def refused_by_slack(setting: str, settings: Settings, error: Exception) -> CannotStart:
    """With Slack's own word for it, else what kind of trouble it is."""
    why = getattr(error, "response", {"error": type(error).__name__})["error"]
    return CannotStart(f"Slack does not accept {setting}, or cannot be reached at {settings.slack_api_url} ({why}).")
