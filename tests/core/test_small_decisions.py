"""Vault, patience, schedule, zones, guard: small rooms with one decision each."""

import stat
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from core.errors import DailyLimitReached, OrganisationOffline, PermissionEnded, RateLimited, XeroUnavailable
from core.guard import survived
from core.patience import Patience, patiently
from core.schedule import jitter, next_sync_at
from core.vault import BadKey, CannotOpen, Vault, keys_kept_in, new_key
from core.zones import IANA, iana_name, zone

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

# the vault


def test_a_sealed_secret_opens_in_its_place() -> None:
    vault = Vault([new_key()])
    assert vault.open(vault.seal("s3cret", place="here"), place="here") == "s3cret"


def test_a_sealed_secret_does_not_open_elsewhere() -> None:
    vault = Vault([new_key()])
    sealed = vault.seal("s3cret", place="connection:1:refresh_token")
    with pytest.raises(CannotOpen):
        vault.open(sealed, place="connection:2:refresh_token")


def test_sealing_twice_never_looks_the_same() -> None:
    vault = Vault([new_key()])
    assert vault.seal("s3cret", place="here") != vault.seal("s3cret", place="here")


def test_the_first_key_seals_and_all_open() -> None:
    old, new = new_key(), new_key()
    sealed = Vault([old]).seal("s3cret", place="here")
    both = Vault([new, old])
    assert both.open(sealed, place="here") == "s3cret"
    resealed = both.seal("s3cret", place="here")
    assert Vault([new]).open(resealed, place="here") == "s3cret"
    with pytest.raises(CannotOpen):
        Vault([old]).open(resealed, place="here")


@given(st.data())
def test_a_changed_or_cut_off_secret_is_refused(data: st.DataObject) -> None:
    vault = Vault([new_key()])
    sealed = vault.seal("s3cret", place="here")
    at = data.draw(st.integers(0, len(sealed) - 1))
    with pytest.raises(CannotOpen):
        vault.open(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], place="here")
    with pytest.raises(CannotOpen):
        vault.open(sealed[:at], place="here")


@pytest.mark.parametrize("key", ["", "short", urlsafe_b64encode(b"x" * 31).decode(), "ключ", "=" * 44])
def test_a_broken_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(BadKey) as refused:
        Vault([key])
    assert not key or key not in str(refused.value)


def test_a_vault_needs_a_key() -> None:
    with pytest.raises(BadKey):
        Vault([])


def test_a_vault_never_shows_its_keys() -> None:
    key = new_key()
    assert key not in repr(Vault([key]))


def test_a_kept_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "var" / "solido.key"
    [key] = keys_kept_in(path)
    assert keys_kept_in(path) == [key]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    Vault([key])


# patience

waits = st.builds(Patience, tries=st.integers(1, 6), first_wait=st.floats(0.01, 5), longest_wait=st.floats(0.1, 90))


@given(waits, st.integers(1, 6), st.floats(0, 1))
def test_a_wait_is_never_longer_than_patience_allows(patience: Patience, tried: int, chance: float) -> None:
    wait = patience.wait(tried, XeroUnavailable(), now=NOW, jitter=chance)
    assert (wait is None) == (tried >= patience.tries)
    assert wait is None or 0 < wait <= patience.longest_wait * 1.5


@given(waits, st.integers(0, 5000), st.floats(0, 1))
def test_retry_after_is_kept_to_or_given_up_on_but_never_hurried(patience: Patience, asked: int, chance: float) -> None:
    error = RateLimited(retry_at=NOW + timedelta(seconds=asked))
    wait = Patience(3, patience.first_wait, patience.longest_wait).wait(1, error, now=NOW, jitter=chance)
    if asked > patience.longest_wait:
        assert wait is None
    else:
        assert wait is not None
        assert asked <= wait <= asked + patience.first_wait


def test_each_wait_is_twice_the_one_before() -> None:
    patience = Patience(tries=5, first_wait=1, longest_wait=5)
    found = [patience.wait(tried, XeroUnavailable(), now=NOW, jitter=0.5) for tried in range(1, 6)]
    assert found == [1, 2, 4, 5, None]


@pytest.mark.parametrize("error", [DailyLimitReached(), OrganisationOffline()])
def test_trouble_that_lasts_longer_than_a_sync_is_not_waited_for(
    error: DailyLimitReached | OrganisationOffline,
) -> None:
    assert Patience().wait(1, error, now=NOW, jitter=0) is None


async def test_a_call_is_made_until_it_works() -> None:
    answers = [XeroUnavailable(), RateLimited(), None]

    async def call() -> str:
        error = answers.pop(0)
        if error:
            raise error
        return "good"

    assert await patiently(call, Patience(tries=3, first_wait=0.001)) == "good"


async def test_the_last_error_is_told_when_patience_ends() -> None:
    calls = 0

    async def call() -> str:
        nonlocal calls
        calls += 1
        raise XeroUnavailable(str(calls))

    with pytest.raises(XeroUnavailable, match="3"):
        await patiently(call, Patience(tries=3, first_wait=0.001))


async def test_what_does_not_pass_is_not_tried_again() -> None:
    calls = 0

    async def call() -> str:
        nonlocal calls
        calls += 1
        raise PermissionEnded

    with pytest.raises(PermissionEnded):
        await patiently(call, Patience(tries=3, first_wait=0.001))
    assert calls == 1


# the schedule

rhythms = st.timedeltas(timedelta(seconds=1), timedelta(days=2))
moments = st.none() | st.timedeltas(timedelta(days=-20), timedelta(days=40)).map(lambda passed: NOW + passed)


@given(rhythms, st.integers(0, 10**6), moments)
def test_the_next_sync_is_never_before_xero_allows_it(
    every: timedelta, failures: int, retry_at: datetime | None
) -> None:
    found = next_sync_at(NOW, every=every, failures=failures, retry_at=retry_at)
    assert found > NOW
    assert retry_at is None or found >= retry_at


@given(rhythms, st.integers(0, 10**6), moments)
def test_the_next_sync_is_never_later_than_the_rhythm_or_what_xero_asks(
    every: timedelta, failures: int, retry_at: datetime | None
) -> None:
    found = next_sync_at(NOW, every=every, failures=failures, retry_at=retry_at)
    assert found <= max(NOW + every, retry_at or NOW)


def test_after_failures_the_wait_doubles_up_to_the_rhythm() -> None:
    every = timedelta(minutes=15)
    found = [next_sync_at(NOW, every=every, failures=failures, retry_at=None) - NOW for failures in range(6)]
    assert [wait // timedelta(minutes=1) for wait in found] == [15, 2, 4, 8, 15, 15]


@given(st.uuids(), rhythms)
def test_a_connections_own_place_is_fixed_and_within_a_tenth_of_the_rhythm(connection: UUID, every: timedelta) -> None:
    assert timedelta(0) <= jitter(connection, every) <= every / 10
    assert jitter(connection, every) == jitter(connection, every)


def test_connections_spread_over_the_rhythm() -> None:
    assert len({jitter(uuid4(), timedelta(hours=1)) for _ in range(100)}) > 50


# zones


@pytest.mark.parametrize(
    ("told", "means"),
    [
        ("GMTSTANDARDTIME", "Europe/London"),
        ("NEWZEALANDSTANDARDTIME", "Pacific/Auckland"),
        ("WEUROPESTANDARDTIME", "Europe/Berlin"),
        ("W.AUSTRALIASTANDARDTIME", "Australia/Perth"),
        ("EASTERNSTANDARDTIME(MEXICO)", "America/Cancun"),
        ("UTC+12", "Etc/GMT-12"),
        ("UTC", "Etc/UTC"),
        ("MOONSTANDARDTIME", "UTC"),
        ("", "UTC"),
    ],
)
def test_xeros_zone_names_are_understood_and_unknown_ones_mean_utc(told: str, means: str) -> None:
    assert zone(iana_name(told)).utcoffset(NOW.replace(tzinfo=None)) == zone(means).utcoffset(NOW.replace(tzinfo=None))
    assert iana_name(told) == means or means == "Etc/UTC"


def test_every_zone_we_may_store_exists() -> None:
    assert all(zone(name).key for name in IANA.values())


# the guard


async def test_a_guarded_mistake_is_logged_with_its_traceback_and_goes_no_further() -> None:
    async def stumble() -> None:
        raise ZeroDivisionError

    with capture_logs() as logs:
        assert not await survived("tick.due", stumble(), run="42")
    [line] = logs
    assert (line["event"], line["what"], line["run"], line["exc_info"]) == ("unexpected", "tick.due", "42", True)


async def test_guarded_work_that_goes_well_says_nothing() -> None:
    async def work() -> None:
        return None

    with capture_logs() as logs:
        assert await survived("tick.due", work())
    assert logs == []
