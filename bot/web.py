"""The routes: Slack's requests, the way to Xero and back, and whether we are well."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot import links, pages
from bot.advice import ADVICE
from bot.cookies import SECRET, BrowserCookie
from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.services import Services
from bot.shield import MOST_BYTES, Shield, read_at_most
from core.clock import utc_now
from core.connect import LINK_LIVES, Arrival, Done
from core.errors import OtherOrganisation, Refusal, SolidoError
from core.tracing import asked, new_id, span

log = structlog.get_logger()

COOKIE = BrowserCookie("solido_connect", path="/xero", lives=2 * LINK_LIVES)
SORRY = "Something went wrong on our side"

Ready = Callable[[], Awaitable[dict[str, bool]]]
Stuck = Callable[[], list[str]]


class Web:
    """`inbox` takes what Slack sends; `ready` tells, part by part, whether this process can work; `stuck` what in it
    has come to a standstill; `further` are routes kept elsewhere."""

    def __init__(
        self,
        services: Services,
        inbox: Inbox,
        shield: Shield,
        ready: Ready,
        stuck: Stuck,
        metrics: Metrics,
        further: list[Route],
    ) -> None:
        self._services = services
        self._inbox = inbox
        self._shield = shield
        self._places = services.places
        self._ready = ready
        self._stuck = stuck
        self._metrics = metrics
        watched = [
            Route("/healthz", self.healthz, methods=["GET"]),
            Route("/readyz", self.readyz, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]
        # For a process that is no web server otherwise.
        self.watched = Starlette(routes=watched, exception_handlers={HTTPException: plain, Exception: broken})
        self.app = Starlette(
            routes=[
                Route("/slack/events", self.slack, methods=["POST"]),
                Route("/xero/connect/{attempt}", self.depart, methods=["GET"]),
                Route("/xero/callback", self.arrive, methods=["GET"]),
                Route("/unsubscribe/{secret}", self.unsubscribe, methods=["GET", "POST"]),
                Route("/xero/webhooks", self.webhooks, methods=["POST"]),
                *further,
                *watched,
            ],
            exception_handlers={HTTPException: plain, SolidoError: self.refused, Exception: broken},
        )

    async def slack(self, request: Request) -> Response:
        return await self._shield.refuse(request) or await self._inbox.take(request)

    async def depart(self, request: Request) -> Response:
        """A one-time link from Slack: bind the attempt to this browser and send it to Xero."""
        await links.check_link(self._services, request.path_params["attempt"], now=utc_now())
        departure = await self._services.connecting.depart(
            request.path_params["attempt"], browser=COOKIE.secret_of(request) or None, now=utc_now()
        )
        answer = RedirectResponse(departure.url, status_code=303, headers={"Referrer-Policy": "no-referrer"})
        COOKIE.give(answer, departure.browser_secret, public_url=self._services.public_url)
        return answer

    async def arrive(self, request: Request) -> Response:
        """Back from Xero, or back from our own page with a choice."""
        with asked(new_id(), "xero.callback"):
            return await self._arrived(request)

    async def _arrived(self, request: Request) -> Response:
        given, browser = request.query_params, COOKIE.secret_of(request)
        state, tenant = given.get("state", ""), given.get("organisation")
        await links.check_return(self._services, state, now=utc_now())
        connecting = self._services.connecting
        if tenant is not None:
            return await self._connected(
                await connecting.choose(state=state, browser=browser, tenant_id=tenant, now=utc_now())
            )
        denied = given.get("error") is not None
        came = await connecting.arrive(
            state=state, browser=browser, code=given.get("code"), denied=denied, now=utc_now()
        )
        if isinstance(came, Arrival):
            return pages.choose(state, came.tenants, channel=await self._places.name_of(came.workspace))
        return await self._connected(came)

    async def _connected(self, done: Done) -> Response:
        channel = await self._places.name_of(done.workspace)
        return pages.said(
            f"{done.organisation} is now connected to {channel}",
            ["The first sync is on its way; you can watch it in Slack. You may close this page."],
            back=await self._places.link_to(done.workspace),
        )

    async def unsubscribe(self, request: Request) -> Response:
        """A customer wants no more letters: a page with a button, or one click in the mail program (RFC 8058)."""
        secret = request.path_params["secret"]
        reminding = self._services.reminding
        organisation = await reminding.whose_letter(secret) if SECRET.fullmatch(secret) else None
        if organisation is None:
            return pages.said("This link is not known", ["Please use the link in the letter."], status=404)
        if request.method != "POST":
            return pages.stop(organisation)
        await reminding.unsubscribe(secret, now=utc_now())
        return pages.said("No more reminders", [f"{organisation} sends you no more payment reminders by e-mail."])

    async def webhooks(self, request: Request) -> Response:
        """Xero's word that something changed: an empty answer, and 500 only where it could not be kept."""
        with span("xero.webhook") as it:
            answer = await self._heard(request)
            it.note(status=answer.status_code)
            return answer

    async def _heard(self, request: Request) -> Response:
        body = await read_at_most(request, MOST_BYTES)
        if body is None:
            return Response(status_code=413)
        if not self._services.webhooks.signed(body, request.headers.get("x-xero-signature", "")):
            return Response(status_code=401)
        try:
            await self._services.webhooks.take(body, now=utc_now())
        except SQLAlchemyError as error:
            log.error("webhooks.not_kept", error=type(error).__name__)
            return Response(status_code=500)
        return Response(status_code=200)

    async def refused(self, _request: Request, error: Exception) -> Response:
        """What a person cannot do, or Xero did not give, in plain words."""
        assert isinstance(error, SolidoError)  # it is registered for no other
        why = ADVICE[error.code]
        lines = [without_markup(why.typed)]
        if isinstance(error, OtherOrganisation):
            lines.insert(0, f"It keeps the books of {error.expected}; in Xero, {error.chosen} was chosen.")
        return pages.said(why.said, lines, status=400 if isinstance(error, Refusal) else 502)

    async def healthz(self, _request: Request) -> Response:
        stuck = self._stuck()
        return JSONResponse({"alive": not stuck, **({"stuck": stuck} if stuck else {})}, 503 if stuck else 200)

    async def readyz(self, _request: Request) -> Response:
        try:
            parts = await self._ready()
        except SQLAlchemyError:
            parts = {"database": False}
        return JSONResponse(parts, status_code=200 if all(parts.values()) else 503)

    async def metrics(self, _request: Request) -> Response:
        return Response(await self._metrics.text(), media_type=CONTENT_TYPE_LATEST)


def without_markup(text: str) -> str:
    """Advice is written for Slack; a page shows its commands and buttons without the marks."""
    return text.replace("`", "").replace("*", "")


async def plain(_request: Request, error: Exception) -> Response:
    status: Any = getattr(error, "status_code", 500)
    return PlainTextResponse("There is nothing here." if status == 404 else "That does not work here.", status)


async def broken(_request: Request, error: Exception) -> Response:
    log.error("unexpected", what="web", exc_info=error)
    return pages.said(
        SORRY, ["Please try again. If it stays like this, tell the people who run Solido for you."], status=500
    )
