"""The answers with which Xero says no, in the shapes of xero.md section 6.1."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.xero.switches import Switches


class RefusedError(Exception):
    """Raised by a handler; `answer` turns it into the response."""

    def __init__(self, status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail
        self.headers = dict(headers or {})

    def answer(self, correlation: str) -> Response:
        return problem(self.status, self.title, self.detail, correlation, self.headers)


def problem(
    status: int, title: str, detail: str, correlation: str, headers: Mapping[str, str] | None = None
) -> Response:
    body: dict[str, Any] = {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": correlation,
        "Extensions": {},
    }
    return JSONResponse(body, status, headers=dict(headers or {}))


def unauthorized(detail: str, headers: Mapping[str, str] | None = None) -> RefusedError:
    return RefusedError(401, "Unauthorized", detail, headers=headers)


def forbidden() -> RefusedError:
    return RefusedError(403, "Forbidden", "AuthenticationUnsuccessful")


def missing_scope(switches: Switches) -> RefusedError:
    said = "insufficent_scope" if switches.scope_header_misspelt else "insufficient_scope"
    return unauthorized("AuthorizationUnsuccessful", {"WWW-Authenticate": said})


def too_many(problem_name: str, retry_after: int | None, correlation: str, switches: Switches) -> Response:
    headers = {"X-Rate-Limit-Problem": problem_name}
    if retry_after is not None and (problem_name != "appminute" or switches.retry_after_on_app_minute):
        headers["Retry-After"] = str(retry_after)
    if switches.body_429 == "empty":
        return Response(b"", 429, headers=headers)
    return problem(429, "Rate limit exceeded", f"The {problem_name} limit is used up.", correlation, headers)


def not_found(correlation: str, switches: Switches) -> Response:
    said = "The resource you're looking for cannot be found"
    if switches.body_404 == "problem":
        return problem(404, "Not Found", said, correlation)
    return PlainTextResponse(said, 404)


def bad_request(number: int, type: str, message: str) -> Response:
    body = {"ErrorNumber": number, "Type": type, "Message": message}
    return Response(json.dumps(body), 400, media_type="application/json; charset=utf-8")
