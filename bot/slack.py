"""Slack's requests into Calls, and answers back. Bolt lives here.

A listener never lets an exception out: Bolt would lose the acknowledgement, and the person would see a timeout.
"""

import re
from collections.abc import Awaitable
from typing import Any, TypeVar

from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_bolt.middleware.request_verification.async_request_verification import AsyncRequestVerification
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from bot import actions
from bot.commands import dispatch
from bot.commands.call import Call
from bot.inbox import send_to
from bot.installs import Authorize, KnownTeam
from bot.limits import fitted, fitted_view
from bot.logs import command_under_way
from bot.modals import entered, submit
from bot.sent import legible_body
from bot.services import Services
from bot.shield import verifier
from bot.views.blocks import FieldErrors, Message, Modal
from bot.views.help import broken
from core.clock import utc_now
from core.guard import survived

T = TypeVar("T")

ACK_TIMEOUT_SECONDS = 120
TOO_LATE = Message.of("Opening that took too long: please try once more.")
NOT_INSTALLED = "Solido is not installed in your workspace any more. Please ask an admin to install it again."


class SlackListener:
    """Everything Slack may ask of us. Bolt gives each listener, by name, what it takes (`ack`, `body`, …)."""

    def __init__(self, services: Services, client: AsyncWebClient, signing_secret: str, *, many_teams: bool) -> None:
        self._services = services
        self.bolt = AsyncApp(
            name="solido",
            signing_secret=signing_secret,
            client=client,
            authorize=Authorize(services.installs),  # type: ignore[arg-type]  # Bolt takes one; its hints do not say so
            user_facing_authorize_error_message=(
                NOT_INSTALLED + (f" The link for it: {services.public_url}/slack/install" if many_teams else "")
            ),
            ssl_check_enabled=False,
            # It would look every hundredth of a second whether a listener has answered. bot/inbox.py waits for that.
            process_before_response=True,
        )
        self.bolt.command("/solido")(self.on_command)
        self.bolt.action("open_xero")(self.on_link)
        self.bolt.action(re.compile(".*", re.DOTALL))(self.on_button)
        self.bolt.view(re.compile(".*", re.DOTALL))(self.on_dialog)
        for listener in self.bolt._async_listeners:
            # Bolt would give up after three seconds; bot/inbox.py has acknowledged by then, and waits for the answer.
            listener.ack_timeout = ACK_TIMEOUT_SECONDS
        for middleware in self.bolt._async_middleware_list:
            if isinstance(middleware, AsyncRequestVerification):
                middleware._verifier = verifier(signing_secret)

    async def handle(self, request: Request) -> Response:
        """Have Bolt do what a request asks for."""
        body = await request.body()
        readable = legible_body(request.headers.get("content-type", ""), body).decode()
        asked = AsyncBoltRequest(body=readable, headers=dict(request.headers))
        asked.raw_body = body.decode()  # what Slack has signed
        return to_starlette_response(await self.bolt.async_dispatch(asked))

    async def on_command(
        self,
        ack: AsyncAck,
        body: dict[str, Any],
        context: AsyncBoltContext,
        client: AsyncWebClient,
        respond: AsyncRespond,
    ) -> None:
        call = self._call(context, body.get("user_id"), body.get("channel_id"), "")
        said = await safely("command", dispatch(call, str(body.get("text") or "")))
        if isinstance(said, Modal):
            await ack()
            await open_dialog(client, respond, body, said)
            return
        said = fitted(said)
        await ack(text=said.text, blocks=said.blocks, response_type="in_channel" if said.in_channel else "ephemeral")

    async def on_link(self, ack: AsyncAck) -> None:
        """A button that opens an address still sends its press, which has to be acknowledged."""
        await ack()

    async def on_button(
        self,
        ack: AsyncAck,
        body: dict[str, Any],
        context: AsyncBoltContext,
        client: AsyncWebClient,
        respond: AsyncRespond,
    ) -> None:
        """Do what was asked, acknowledge, and answer only to the person who pressed."""
        pressed, user, channel = body["actions"][0], body.get("user") or {}, body.get("channel") or {}
        name = str(pressed.get("action_id") or "")
        call = self._call(context, user.get("id"), channel.get("id"), value_of(pressed), seen_at(body))
        said = await safely("button", actions.press(call, name, presser_team=str(user.get("team_id") or "")))
        await ack()
        if isinstance(said, Message) and not respond.response_url:
            said = Modal("Solido", said.blocks)  # pressed in the app's Home, where there is no place for an answer
        if isinstance(said, Modal):
            await open_dialog(client, respond, body, said)
        else:
            await survived("button.answer", answer(client, respond, said, replace=actions.replaces(name)))

    async def on_dialog(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """Take a submitted dialog: it closes, shows what is wrong, or shows what came of it."""
        view, user = body.get("view") or {}, body.get("user") or {}
        call = self._call(context, user.get("id"), "", str(view.get("private_metadata") or ""))
        values = entered((view.get("state") or {}).get("values") or {})
        took = submit(call, str(view.get("callback_id")), values, submitter_team=str(user.get("team_id") or ""))
        said = await safely("dialog", took)
        match said:
            case FieldErrors():
                await ack(response_action="errors", errors=said.by_block)
            case Modal():
                await ack(response_action="update", view=fitted_view(said).view())
            case Message():
                await ack(response_action="update", view=fitted_view(Modal("Solido", said.blocks)).view())
            case None:
                await ack()

    def _call(
        self, context: AsyncBoltContext, user_id: Any, channel_id: Any, argument: str, message_ts: str = ""
    ) -> Call:
        team: KnownTeam = context["team"]
        user, channel = str(user_id or ""), str(channel_id or "")
        return Call(self._services, team, user, channel, argument, utc_now(), message_ts=message_ts)


def seen_at(body: dict[str, Any]) -> str:
    """The timestamp of the message a button is on; empty for one that only the presser sees."""
    container = body.get("container") or {}
    return "" if container.get("is_ephemeral") else str(container.get("message_ts") or "")


def value_of(pressed: dict[str, Any]) -> str:
    """What a button or a chosen option carries."""
    option = pressed.get("selected_option")
    return str((option.get("value") if isinstance(option, dict) else pressed.get("value")) or "")


async def safely(what: str, work: Awaitable[T]) -> T | Message:
    """Return the answer; after an unforeseen exception one that says so, with a number that finds it in the log."""
    said: list[T] = []

    async def keep() -> None:
        said.append(await work)

    reference = command_under_way()
    return said[0] if await survived(what, keep(), reference=reference) else broken(reference)


async def open_dialog(client: AsyncWebClient, respond: AsyncRespond, body: dict[str, Any], said: Modal) -> None:
    """Open a dialog; where it comes too late for Slack (three seconds), say so instead of nothing."""
    opening = client.views_open(trigger_id=str(body.get("trigger_id")), view=fitted_view(said).view())
    if not await survived("dialog", opening):
        await survived("dialog.late", answer(client, respond, TOO_LATE, replace=False))


async def answer(client: AsyncWebClient, respond: AsyncRespond, said: Message, *, replace: bool) -> None:
    message = fitted(said)
    if respond.response_url:
        content = {"text": message.text, "blocks": message.blocks}
        await send_to(
            client, respond.response_url, {**content, "response_type": "ephemeral", "replace_original": replace}
        )
