"""FakeSlack: the emulated workspace and what its people do in it."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette

from . import directory, oauth, payloads, pressing, replies, submitting, viewing, webapi
from .delivery import deliver_event, deliver_form, deliver_interaction
from .records import Answer, Message, Reply, ResponseUrl, View
from .world import SLACKBOT, World

OUR_COMMAND = "/solido"


class FakeSlack(World):
    """A Slack the product cannot tell from the real one, as far as README.md says.

    Serve `app` over HTTP, set `base_url` to where it is, and `request_url` to the product's /slack/events.
    """

    @cached_property
    def app(self) -> Starlette:
        """`/api/{method}` and `/response/{token}`."""
        return webapi.application(self)

    async def aclose(self) -> None:
        if self.sockets is not None:
            await self.sockets.stop()
        if self._http is not None:
            await self._http.aclose()

    def modal(self, user: str = "admin") -> View | None:
        """Return the topmost modal this person has open."""
        return next(reversed(viewing.stack_of(self, self.person(user).id)), None)

    def home(self, user: str = "admin") -> View | None:
        """Return this person's Home as last published."""
        return viewing.home_of(self, self.person(user).id)

    async def until(self, condition: Callable[[], bool], *, within: float = 5.0) -> None:
        """Wait until `condition` holds after some change here; TimeoutError after `within` real seconds."""
        await self.changes.until(condition, within=within)

    def say_line(self, text: str, *, user: str = "admin", channel: str = "finance") -> Message:
        """Let a person type a line. The app hears nothing: it subscribes to no message events."""
        person, where = self.person(user), self.channel(channel)
        if person.id not in where.members:
            raise LookupError(f"{person.role} is not in #{where.name}")
        return self.say(where, payloads.escaped(self, text), [], by=person.id, kind="person")

    async def command(
        self, text: str, *, user: str = "admin", channel: str = "finance", command: str = OUR_COMMAND
    ) -> Reply:
        """Type `/solido text` in a channel. Without the app in their team nobody has it (slack.md 2.5)."""
        person, where = self.person(user), self.channel(channel)
        if person.id not in where.members:
            raise LookupError(f"{person.role} is not in #{where.name}")
        if not self.has_app(person.team_id) or command != OUR_COMMAND:
            said = f"{command} is not a valid command."
            message = self.say(where, said, [], by=SLACKBOT, kind="slackbot", to=person.id)
            return Reply(error="unknown_command", said=said, message=message)
        url = self.new_response_url(where.id, person.id)
        answer = await deliver_form(self, payloads.command(self, command, text, person, where, url))
        return self._take_command_answer(answer, url, f"{command} {text}".strip())

    def _take_command_answer(self, answer: Answer, url: ResponseUrl, typed: str) -> Reply:
        reply = Reply(status=answer.status, error=answer.error, later=url.messages)
        payload: dict[str, Any] | None = {}
        if reply.error is None:
            payload = self._readable(answer, "command answer")
            if payload is None:
                reply.error = "dispatch_failed"
        where = self.channel(url.channel)
        if reply.error is not None:
            reply.said = f'{typed.split()[0]} failed with the error "{reply.error}"'
            reply.message = self.say(where, reply.said, [], by=SLACKBOT, kind="slackbot", to=url.user)
            return reply
        reply.response_type = (payload or {}).get("response_type") or "ephemeral"
        if reply.response_type == "in_channel":
            self.say(where, payloads.escaped(self, typed), [], by=url.user, kind="person")
        if payload and replies.has_content(payload):
            reply.text, reply.blocks = payload.get("text") or "", payload.get("blocks") or []
            reply.message = replies.show(self, url, {**payload, "replace_original": False})
        return reply

    def _readable(self, answer: Answer, where: str) -> dict[str, Any] | None:
        """Return an answer's payload, {} for an empty one, None when Slack would not show it."""
        if not answer.body.strip():
            return {}
        if "json" not in answer.content_type:
            return {"text": answer.body.decode(errors="replace")}
        try:
            payload = answer.json()
        except ValueError:
            payload = None
        found = replies.objections(payload)
        if found:
            self.refuse(where, "invalid_blocks" if "json-pointer" in found[0] else "invalid_payload", found, payload)
            return None
        return dict(payload)

    async def press(
        self, message: Message | View, action: str, *, user: str = "admin", confirm: bool = True, value: Any = None
    ) -> Reply:
        """Press a button (by text or action_id) or choose `value` in a menu, in a message, a modal or Home.

        `confirm=False` presses Cancel in the button's dialog: nothing is sent. A button that opens an address tells
        it in `Reply.url` and still sends its payload. LookupError when this person has no such thing to press.
        """
        person = self.person(user)
        if not pressing.may_see(self, person, message):
            raise LookupError(f"{person.role} does not see this message")
        block, element, state = pressing.find(message.blocks, action, value)
        if not confirm:
            if "confirm" not in element:
                raise LookupError(f"{action!r} asks nothing before it acts")
            return Reply()
        if element["type"] not in ("button", "overflow"):
            message.state.setdefault(block["block_id"], {})[element["action_id"]] = state
        entry = payloads.action(self, block, element, state)
        reply = Reply(url=pressing.option_url(element, state))
        if isinstance(message, View):
            payload = payloads.view_action(self, message, person, entry)
        else:
            url = self.new_response_url(message.channel, person.id, message)
            payload = payloads.message_action(self, message, person, entry, url)
            reply.later = url.messages
            message.warning = ""
        answer = await deliver_interaction(self, payload)
        return self._take_press_answer(answer, reply, message)

    def _take_press_answer(self, answer: Answer, reply: Reply, message: Message | View) -> Reply:
        reply.status, reply.error = answer.status, answer.error
        if answer.error == "operation_timeout":
            reply.said = "Operation timed out. Apps need to respond within 3 seconds."
        elif answer.status is None:
            reply.said = "This app could not be reached."
        elif answer.error is not None:
            reply.said = f"This app responded with Status Code {answer.status}."
        if isinstance(message, Message):
            message.warning = reply.said
        self.changes.tell()
        return reply

    async def submit(self, view: View, values: Mapping[str, Any], *, user: str | None = None) -> Reply:
        """Fill in a modal by action_id or block_id and submit it. Slack's client checks required fields first."""
        person = self.person(user or view.user)
        if not pressing.may_see(self, person, view):
            raise LookupError(f"{person.role} does not have this modal open")
        submitting.fill_in(view, values)
        view.errors = submitting.missing(view)
        if view.errors:
            self.changes.tell()
            return Reply(errors=view.errors)
        urls = [
            {
                "block_id": block["block_id"],
                "action_id": element["action_id"],
                "channel_id": where,
                "response_url": payloads.response_url(self, self.new_response_url(where, person.id)),
            }
            for block, element, where in submitting.asked_channels(view)
        ]
        answer = await deliver_interaction(self, payloads.view_submission(self, view, person, urls))
        return submitting.take_answer(self, view, answer)

    async def close(self, view: View, *, user: str | None = None) -> Reply:
        """Close a modal, with `clear_on_close` the whole stack; the app hears of it only with `notify_on_close`."""
        person = self.person(user or view.user)
        if not pressing.may_see(self, person, view):
            raise LookupError(f"{person.role} does not have this modal open")
        stack = viewing.stack_of(self, person.id) if view.body.get("clear_on_close") else [view]
        for one in stack:
            one.is_open = False
        self.changes.tell()
        if not view.body.get("notify_on_close"):
            return Reply()
        cleared = len(stack) > 1
        answer = await deliver_interaction(self, payloads.view_closed(self, view, person, is_cleared=cleared))
        return Reply(status=answer.status, error=answer.error)

    async def open_home(self, user: str = "admin") -> Reply:
        """Open the app's Home: the app gets `app_home_opened`."""
        person = self.person(user)
        return await self.event(payloads.home_opened(self, person), team_id=person.team_id)

    async def event(
        self, event: dict[str, Any], *, retry: int = 0, reason: str = "http_timeout", team_id: str = ""
    ) -> Reply:
        """Deliver an event, put into its envelope unless it is one. `retry` (1 to 3) says it is a repeat; without
        `team_id` it happened in the first team."""
        headers = {"X_Slack_Retry_Num": str(retry), "X_Slack_Retry_Reason": reason} if retry else {}
        answer = await deliver_event(self, payloads.event(self, event, team_id), **headers)
        return Reply(status=answer.status, text=answer.body.decode(errors="replace"), error=answer.error)

    def install(self, authorize_url: str, *, user: str = "admin", allow: bool = True) -> str:
        """Press Allow (or Cancel) where a browser was sent to install the app; return where it is sent back to."""
        return oauth.decide(self, dict(parse_qsl(urlsplit(authorize_url).query)), self.person(user), allow=allow)

    async def uninstall(
        self, team_id: str = "", *, order: Sequence[str] = ("app_uninstalled", "tokens_revoked")
    ) -> None:
        """Remove the app from a team: its tokens are gone, and the app hears of it in this order."""
        team_id = team_id or self.team.id
        directory.end_token(self, team_id, "account_inactive")
        bodies = {"app_uninstalled": {}, "tokens_revoked": {"tokens": {"oauth": [], "bot": [self.bot_user_id]}}}
        for name in order:
            await self.event({"type": name, **bodies[name]}, team_id=team_id)

    async def interaction(self, payload: dict[str, Any]) -> Reply:
        """Deliver any interaction payload, signed: for what no client would send."""
        answer = await deliver_interaction(self, payload)
        return Reply(status=answer.status, text=answer.body.decode(errors="replace"), error=answer.error)
