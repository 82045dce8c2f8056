"""What lies outside: our own address, Slack, Xero and the mail server."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
import httpx
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot import tracing
from bot.doctor.finding import Finding, broken, ok, warning
from bot.installs import Installs
from bot.scopes import MAY_BE_LEFT_OUT, SCOPES
from bot.settings import Settings
from core.clock import system_time, utc_now
from core.errors import Misconfigured, PermissionEnded, XeroError
from core.mail import SmtpMailer
from core.xero.oauth import XeroLogin
from storage.database import Database
from storage.models import Team

THE_TEAM = "the team of SLACK_BOT_TOKEN"
HERE = ("localhost", "127.0.0.1", "::1")
SKEW_SEEN, SKEW_TOO_MUCH = 60, 240
"""Seconds. Slack's signatures are good for 300."""
NO_ANSWER = (aiohttp.ClientError, TimeoutError, OSError)
LOOK_AT_PROXY = "Start Solido, look at its log, and at the proxy before it."
LOOK_AT_LINE = "Look at this machine's way to the Internet, and at status.xero.com and slack-status.com."
LOOK_AT_SMTP = "Look at SMTP_URL: host, port, starttls, user and password."
APP_TOKEN_WANTED = (
    "On the app's pages switch on Socket Mode, and make an app-level token with the scope connections:write "
    "(Basic Information)."
)
MAIL_SAYS = {
    "SMTPConnectTimeoutError": "does not answer in time",
    "SMTPConnectError": "cannot be reached: nothing answers at that host and port, or not with TLS as asked for",
    "SMTPConnectResponseError": "answers, but not as a mail server does",
    "SMTPAuthenticationError": "does not accept user and password",
    "SMTPServerDisconnected": "hangs up",
    "SMTPTimeoutError": "does not answer in time",
}
"""What keeps us out, by the kind of core.mail.worded."""
TOKEN_GONE = {"invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed"}
CHANNEL_GONE = {"channel_not_found", "is_archived"}


async def address(settings: Settings, http: httpx.AsyncClient) -> list[Finding]:
    """Whether SOLIDO_PUBLIC_URL is one that others can use, and whether we answer there."""
    url = settings.public_url
    parts = urlsplit(url)
    try:
        answer = await http.get(f"{url}/healthz")
        alive = answer.status_code == 200 and answer.json() == {"alive": True}
    except (httpx.HTTPError, ValueError):
        return [warning("address", f"Nothing answers at {url} from this machine.", LOOK_AT_PROXY)]
    if not alive:
        return [broken("address", f"What answers at {url} is not Solido, or it is stuck.", LOOK_AT_PROXY)]
    if parts.scheme != "https" and parts.hostname not in HERE:
        return [warning("address", f"{url} is not encrypted.", "Put it behind https: Slack and Xero ask for it.")]
    return [ok("address", f"Solido answers at {url}.")]


def clock(what: str, headers: Mapping[str, str], *, now: datetime) -> list[Finding]:
    """Compare our clock with an answer's own date."""
    try:
        theirs = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return []
    off = abs((theirs - now).total_seconds())
    if off < SKEW_SEEN:
        return []
    said = f"The clock of this machine and {what}'s are {off:.0f} seconds apart."
    do = "Have the machine set its clock by a time server."
    return [broken("clock", said, do) if off >= SKEW_TOO_MUCH else warning("clock", said, do)]


async def slack(database: Database, installs: Installs, client: AsyncWebClient, settings: Settings) -> list[Finding]:
    """Each team's token, its permissions, and whether every channel that hears alerts can be reached."""
    async with database.asking() as unscoped:
        teams = await unscoped.teams.here()
    if not teams and settings.slack_bot_token.get_secret_value():
        return await authorised(client, settings.slack_bot_token.get_secret_value(), THE_TEAM)
    if not teams:
        return [warning("slack", "No team has installed Solido yet.", f"Open {settings.public_url}/slack/install.")]
    found: list[Finding] = []
    for team in teams:
        found += await _team(database, installs, client, team)
    return found


async def line(client: AsyncWebClient, settings: Settings) -> list[Finding]:
    """Whether Slack would give us a line for Socket Mode; none is opened."""
    token = settings.slack_app_token.get_secret_value()
    if not token:
        return []
    try:
        await client.apps_connections_open(app_token=token)
    except SlackApiError as refused:
        error = str(refused.response.get("error"))
        return [broken("socket", f"Slack does not accept SLACK_APP_TOKEN ({error}).", APP_TOKEN_WANTED)]
    except NO_ANSWER as error:
        return [broken("socket", f"Slack cannot be reached ({type(error).__name__}).", LOOK_AT_LINE)]
    return [ok("socket", "Slack gives us a line for Socket Mode.")]


async def _team(database: Database, installs: Installs, client: AsyncWebClient, team: Team) -> list[Finding]:
    name = team.name or team.slack_team_id
    try:
        token = await installs.token(team)
    except SlackClientError as why:
        return [broken("slack", f"There is no token for {name}: {why}.", "Install Solido there again.")]
    found = await authorised(client, token, name)
    if any(each.health != "ok" for each in found):
        return found
    async with database.asking() as unscoped:
        places = await unscoped.places(team.id)
    for place in places:
        found += await _channel(client, token, place.channel_id, name)
    return found


async def authorised(client: AsyncWebClient, token: str, name: str) -> list[Finding]:
    try:
        answer = await client.auth_test(token=token)
    except SlackApiError as refused:
        error = str(refused.response.get("error"))
        do = "Install Solido there again." if error in TOKEN_GONE else LOOK_AT_LINE
        return [broken("slack", f"Slack does not accept the token for {name} ({error}).", do)]
    except NO_ANSWER as error:
        return [broken("slack", f"Slack cannot be reached ({type(error).__name__}).", LOOK_AT_LINE)]
    granted = str(answer.headers.get("x-oauth-scopes") or "")
    lacking = [scope for scope in SCOPES if granted and scope not in granted.replace(" ", "").split(",")]
    late = clock("Slack", {key.lower(): value for key, value in answer.headers.items()}, now=system_time())
    if needed := [scope for scope in lacking if scope not in MAY_BE_LEFT_OUT]:
        said = f"{name} has not given the permission {', '.join(needed)}."
        return [broken("slack", said, "Install Solido there again: the manifest asks for it."), *late]
    if lacking:
        said = f"{name} has left out {', '.join(lacking)}."
        return [warning("slack", said, "Invite Solido to the channels that it shall write to."), *late]
    return [ok("slack", f"{name} is reached, with all permissions."), *late]


async def _channel(client: AsyncWebClient, token: str, channel: str, name: str) -> list[Finding]:
    try:
        answer = await client.conversations_info(token=token, channel=channel)
    except SlackApiError as refused:
        error = str(refused.response.get("error"))
        if error not in CHANNEL_GONE:
            return [warning("channel", f"Slack does not tell about a channel of {name} ({error}).", "Try again later.")]
        answer = None  # told below
    except NO_ANSWER:
        return []
    about = (answer.get("channel") or {}) if answer else {}
    label = f"#{about['name']}" if about.get("name") else f"A channel ({channel})"
    if not about or about.get("is_archived"):
        said = f"{label} of {name} is archived or not to be seen: alerts of its organisation do not arrive there."
        return [broken("channel", said, "Bring the channel back, or invite Solido with /invite.")]
    return [ok("channel", f"{label} of {name} is reached.")]


async def xero(
    settings: Settings, login: XeroLogin, http: httpx.AsyncClient, database: Database | None
) -> list[Finding]:
    """Client id and secret by asking with a token that cannot be good, the redirect address by the log-in page."""
    found = [*await _credentials(settings, login), *await _redirect(settings, login, http)]
    return found + (await _webhooks(settings, database) if database else [])


async def _credentials(settings: Settings, login: XeroLogin) -> list[Finding]:
    try:
        await login.refresh("solido-doctor", now=utc_now())
    except PermissionEnded:
        # The app is known, only the token is not.
        return [ok("xero", "Client id and secret are accepted.")]
    except Misconfigured:
        said = "Xero does not accept XERO_CLIENT_ID and XERO_CLIENT_SECRET."
        return [broken("xero", said, "Copy both again from the page Configuration of the Xero app.")]
    except XeroError:
        return [broken("xero", f"Xero does not answer as it should at {settings.xero_identity_url}.", LOOK_AT_LINE)]
    return [warning("xero", "Xero took a token that cannot be good.", "See that XERO_IDENTITY_URL is Xero's own.")]


async def _redirect(settings: Settings, login: XeroLogin, http: httpx.AsyncClient) -> list[Finding]:
    try:
        answer = await http.get(login.authorize_url(state="doctor", verifier="d" * 64))
    except httpx.HTTPError:
        return []
    if answer.status_code < 400 and "/error" not in answer.headers.get("location", ""):
        return [ok("redirect", f"Xero sends people back to {settings.redirect_uri}.")]
    said = f"Xero refuses to send people back to {settings.redirect_uri}, or one of the scopes."
    do = "Add exactly this address under Redirect URIs on the page Configuration of the Xero app."
    return [broken("redirect", said, do)]


async def _webhooks(settings: Settings, database: Database) -> list[Finding]:
    if not settings.xero_webhook_key.get_secret_value():
        minutes = settings.solido_sync_every // 60
        return [ok("webhooks", f"Not set up: what changes in Xero is known within {minutes} minutes.")]
    async with database.asking() as unscoped:
        feed = await unscoped.webhook_feed_seen()
    if feed is None:
        said = "XERO_WEBHOOK_KEY is set, and no webhook has come yet."
        do = f"See that the Xero app's page Webhooks says OK for {settings.public_url}/xero/webhooks."
        return [warning("webhooks", said, do)]
    return [ok("webhooks", f"The last one came {feed:%-d %B %Y, %H:%M} UTC.")]


async def mail(settings: Settings) -> list[Finding]:
    mailer = settings.mailer()
    if not isinstance(mailer, SmtpMailer):
        return [warning("mail", "No mail server is set: reminders stay a preview.", "Set SMTP_URL and MAIL_FROM.")]
    trouble = await mailer.knock()
    if trouble is None:
        return [ok("mail", "The mail server lets us in.")]
    said = next(
        (said for kind, said in MAIL_SAYS.items() if trouble.startswith(kind)), f"does not let us in ({trouble})"
    )
    return [broken("mail", f"The mail server {said}.", LOOK_AT_SMTP)]


async def traces(settings: Settings) -> list[Finding]:
    """Whether spans arrive, where a collector is set at all. It is handed none."""
    if not settings.traced:
        return []
    if not tracing.has_extra():
        return [
            warning(
                "traces",
                "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: there are no traces.",
                f"Run `{tracing.EXTRA}`, or take the variable away.",
            )
        ]
    if await asyncio.to_thread(tracing.taken, settings):
        return [ok("traces", "The collector takes them.")]
    return [
        warning(
            "traces",
            "The collector does not take them; all else goes on without.",
            "See that it runs, that OTEL_EXPORTER_OTLP_ENDPOINT is its address for OTLP over HTTP (port 4318, mostly), "
            "and that OTEL_EXPORTER_OTLP_HEADERS has what it asks for.",
        )
    ]
