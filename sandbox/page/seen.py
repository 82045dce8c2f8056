"""What one person sees of the emulated Slack, as plain JSON for the page."""

from typing import Any

from sandbox.slack import Channel, FakeSlack, Message, Person, View

MOST_CALLS = 30
MOST_MESSAGES = 300


def state(slack: FakeSlack, person: Person, channel: Channel | None) -> dict[str, Any]:
    """Return the desk's whole Slack side for this person; `channel` None means the app's Home."""
    modal = slack.modal(person.role)
    return {
        "now": slack.clock().isoformat(),
        "version": slack.changes.version,
        "team": slack.team.name,
        "people": [_person(slack, one) for one in slack.people.values()],
        "channels": [_channel(slack, one) for one in slack.channels.values() if person.id in one.members],
        "names": {one.id: one.name for one in slack.channels.values() if not one.is_im},
        "bot": slack.bot_user_id,
        "messages": [] if channel is None else _messages(slack, person, channel),
        "home": _view(slack.home(person.role)),
        "modal": _view(modal),
        "faults": [{"kind": f.kind, "method": f.method, "times": f.times} for f in slack.faults],
        "refused": [{"where": r.where, "error": r.error, "problems": r.problems} for r in slack.refused[-MOST_CALLS:]],
        "calls": [_call(slack, index) for index in range(max(0, len(slack.calls) - MOST_CALLS), len(slack.calls))],
    }


def _call(slack: FakeSlack, index: int) -> dict[str, Any]:
    call = slack.calls[index]
    return {"at": call.at.isoformat(), "method": call.method, "ok": call.ok, "error": call.error}


def _person(slack: FakeSlack, person: Person) -> dict[str, Any]:
    about = "of another company" if person.team_id != slack.team.id else ""
    about = about or ("workspace admin" if person.is_admin else "guest" if person.is_restricted else "full member")
    return {"role": person.role, "id": person.id, "name": person.name, "about": about}


def _channel(slack: FakeSlack, channel: Channel) -> dict[str, Any]:
    return {
        "key": channel.key,
        "id": channel.id,
        "name": "Solido" if channel.is_im else channel.name,
        "is_im": channel.is_im,
        "is_shared": slack.is_shared(channel),
        "is_archived": channel.is_archived,
        "count": sum(m.channel == channel.id and m.ephemeral_to is None for m in slack.messages),
    }


def _messages(slack: FakeSlack, person: Person, channel: Channel) -> list[dict[str, Any]]:
    seen = [
        message
        for message in slack.messages
        if message.channel == channel.id and not message.deleted and message.ephemeral_to in (None, person.id)
    ]
    return [_message(message) for message in seen[-MOST_MESSAGES:]]


def _message(message: Message) -> dict[str, Any]:
    return {
        "ts": message.ts,
        "at": message.at.isoformat(),
        "by": message.by,
        "text": message.text,
        "blocks": message.blocks,
        "state": message.state,
        "ephemeral": message.ephemeral_to is not None,
        "edited": message.shows_edited,
        "versions": len(message.edits),
        "thread_ts": message.thread_ts,
        "warning": message.warning,
    }


def _view(view: View | None) -> dict[str, Any] | None:
    if view is None:
        return None
    texts: dict[str, Any] = {
        name: view.body[name]["text"] for name in ("title", "submit", "close") if name in view.body
    }
    return {
        "id": view.id,
        "hash": view.hash,
        "blocks": view.blocks,
        "state": view.state,
        "errors": view.errors,
        **texts,
    }
