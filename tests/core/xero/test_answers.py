"""What each answer of Xero means: a row of the table is an answer as Xero gives it."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import errors
from core.xero.answers import AccessRefused, Forbidden, decipher, size_of, told_apart, unpacked

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def problem(status: int, detail: str, title: str = "Unauthorized") -> bytes:
    return json.dumps({"Type": None, "Title": title, "Status": status, "Detail": detail, "Extensions": {}}).encode()


def meaning(status: int, body: bytes = b"", **headers: str) -> errors.XeroError | None:
    sent = httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return decipher(status, sent, body, now=NOW)


VALIDATION = b'{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred"}'
TOO_MUCH = b'{"ErrorNumber":51,"Type":"HighVolumeException","Message":"narrow it"}'

TABLE = [
    (400, VALIDATION, {}, errors.XeroRejected),
    (400, TOO_MUCH, {}, errors.XeroRejected),
    (400, b"plain text", {}, errors.XeroRejected),
    (401, problem(401, "TokenExpired: token expired at 04/09/2023 05:16:59"), {}, AccessRefused),
    (401, problem(401, "AuthenticationUnsuccessful"), {}, AccessRefused),
    (401, b"", {}, AccessRefused),
    (401, b"", {"WWW_Authenticate": "insufficient_scope"}, errors.PermissionMissing),
    (401, b"", {"WWW_Authenticate": 'Bearer error="insufficent_scope"'}, errors.PermissionMissing),
    (401, problem(401, "AuthorizationUnsuccessful"), {}, errors.PermissionMissing),
    (403, problem(403, "AuthenticationUnsuccessful", "Forbidden"), {}, Forbidden),
    (403, b'{"title":"Forbidden","status":403}', {}, Forbidden),
    (403, b"<html>", {}, Forbidden),
    (404, b"The resource you're looking for cannot be found", {}, errors.XeroRejected),
    (412, b"", {}, errors.XeroRejected),
    (414, b"Request-URI Too Long", {}, errors.XeroRejected),
    (429, b"", {"X_Rate_Limit_Problem": "minute", "Retry_After": "37"}, errors.RateLimited),
    (429, b"", {"X_Rate_Limit_Problem": "Minute", "Retry_After": "37"}, errors.RateLimited),
    (429, b"", {"X_Rate_Limit_Problem": "concurrent"}, errors.RateLimited),
    (429, b"", {"X_Rate_Limit_Problem": "appminute"}, errors.RateLimited),
    (429, b"", {"X_Rate_Limit_Problem": "day", "Retry_After": "66975"}, errors.DailyLimitReached),
    (429, b"", {"X_Rate_Limit_Problem": "day"}, errors.DailyLimitReached),
    (429, b"", {"X_Rate_Limit_Problem": "moonphase", "Retry_After": "60"}, errors.RateLimited),
    (429, b"", {"X_Rate_Limit_Problem": "moonphase", "Retry_After": "6000"}, errors.DailyLimitReached),
    (429, b"", {}, errors.RateLimited),
    (500, problem(500, "An error occurred"), {}, errors.XeroUnavailable),
    (500, b"", {}, errors.XeroUnavailable),
    (501, b"", {}, errors.XeroUnavailable),
    (502, b"<html><head><title>502 Bad Gateway</title></head></html>", {}, errors.XeroUnavailable),
    (503, b"The Organisation is offline", {}, errors.OrganisationOffline),
    (503, b"The Xero API is currently offline for maintenance", {}, errors.XeroUnavailable),
    (503, b"The Xero API is temporarily unavailable", {}, errors.XeroUnavailable),
    (503, b"oauth_problem=rate limit exceeded", {}, errors.RateLimited),
    (504, b"", {}, errors.XeroUnavailable),
]


@pytest.mark.parametrize(("status", "body", "headers", "kind"), TABLE)
def test_each_answer_has_its_meaning(
    status: int, body: bytes, headers: dict[str, str], kind: type[errors.XeroError]
) -> None:
    assert type(meaning(status, body, **headers)) is kind


@pytest.mark.parametrize("status", [200, 204])
def test_a_good_answer_means_no_error(status: int) -> None:
    assert meaning(status, b"{}") is None


def test_retry_after_is_in_seconds() -> None:
    error = meaning(429, Retry_After="37")
    assert isinstance(error, errors.RateLimited)
    assert error.retry_at == NOW + timedelta(seconds=37)


@pytest.mark.parametrize("said", ["", "soon", "-5", "1.5", "٣", "Fri, 20 Nov 2026 12:00:00 GMT"])
def test_a_retry_after_that_is_no_number_of_seconds_is_passed_over(said: str) -> None:
    error = decipher(429, {"retry-after": said}, b"", now=NOW)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_at is None


@given(st.integers(0, 10**40))
def test_no_retry_after_is_believed_for_longer_than_a_day(seconds: int) -> None:
    error = meaning(429, Retry_After=str(seconds))
    assert isinstance(error, errors.Passing)
    assert error.retry_at is not None
    assert NOW <= error.retry_at <= NOW + timedelta(days=1)


def test_an_organisation_that_is_offline_is_left_alone_for_five_minutes() -> None:
    error = meaning(503, b"The Organisation is offline")
    assert isinstance(error, errors.OrganisationOffline)
    assert error.retry_at == NOW + timedelta(minutes=5)


def test_the_correlation_id_is_kept_for_support() -> None:
    error = meaning(500, Xero_Correlation_Id="0d0f6c1e")
    assert error is not None
    assert error.correlation_id == "0d0f6c1e"


@given(st.integers(400, 599), st.text(min_size=8).map(lambda said: f"Quayside Books {said}"))
def test_nothing_of_a_body_gets_into_an_error(status: int, said: str) -> None:
    body = json.dumps({"Message": said, "Detail": said, "Elements": [{"Name": said}]}).encode()
    for sent in (body, said.encode(errors="replace")):
        error = meaning(status, sent)
        assert error is not None
        assert said not in f"{error} {error!r} {error.detail}"


def test_a_403_means_what_the_list_of_connections_says() -> None:
    refused = Forbidden("403 Forbidden", correlation_id="7")
    gone, changed = told_apart(refused, still_listed=False), told_apart(refused, still_listed=True)
    assert (type(gone), type(changed)) == (errors.DisconnectedInXero, errors.ChangedInXero)
    assert gone.correlation_id == changed.correlation_id == "7"


@given(st.binary(max_size=300).filter(lambda body: not body.startswith(b"\x1f\x8b")))
def test_a_body_is_the_same_packed_or_not_and_so_is_its_size(body: bytes) -> None:
    packed = gzip.compress(body)
    assert unpacked(packed) == unpacked(body) == body
    assert size_of(packed) == size_of(body) == len(body)


HALF = gzip.compress(b"{}" * 99, mtime=0)[:-9]


@pytest.mark.parametrize("broken", [HALF, b"\x1f\x8b" + b"?" * 40, b"\x1f\x8b"], ids=["cut", "garbage", "nothing"])
def test_half_a_packet_is_no_answer_and_passes(broken: bytes) -> None:
    with pytest.raises(errors.XeroUnavailable):
        unpacked(broken)
