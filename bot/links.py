"""Links to Xero: whoever one was made for must still be allowed to connect when it is opened, and on the way back."""

from datetime import datetime

from bot import permissions
from bot.commands.call import Call
from bot.installs import known
from bot.services import Services
from core.vault import hash_of
from storage.owned import Owned


async def check_link(services: Services, link: str, *, now: datetime) -> None:
    """Raise a Refusal where the person a connect link was made for may not connect any more. A link that is not known
    is left to whoever opens it."""
    async with services.database.asking() as unscoped:
        owned = await unscoped.attempt_by_link(hash_of(link))
    await _check_attempt(services, owned, now=now)


async def check_return(services: Services, state: str, *, now: datetime) -> None:
    """The same for who comes back from Xero, which may be a quarter of an hour later."""
    async with services.database.asking() as unscoped:
        owned = await unscoped.attempt_by_state(hash_of(state))
    await _check_attempt(services, owned, now=now)


async def _check_attempt(services: Services, owned: Owned | None, *, now: datetime) -> None:
    if owned is None:
        return
    async with services.database.reading(owned.workspace_id) as store:
        attempt, team = await store.attempts.get(owned.id), await store.about.team()
    if attempt is None:  # deleted since
        return
    call = Call(services, known(team), attempt.asked_by, "", "", now)
    permissions.must_be_a_member(await call.rank())
    await permissions.must_administer(call, owned.workspace_id)
