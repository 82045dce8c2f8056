"""Getting help: the form, and the text that is sent."""

from datetime import UTC, datetime

from bot.advice import advice
from bot.views.blocks import Block, Message, Modal, context, escape, section, shortened
from bot.views.syncs import kind
from core.support import Case

DESCRIPTION = "description"
LONGEST_REPORT = 2400
LONGEST_DESCRIPTION = 1000
PIECE = 500
"""So long that a block holds it even if every character has to be written as an entity."""
PRIVATE = "Names of customers, e-mail addresses, secrets and amounts are taken out before anybody sees this."


def report(case: Case, *, now: datetime, description: str = "") -> str:
    """The whole text, with nothing private in it."""
    workspace, connection = case.workspace, case.connection
    lines = [
        f"Workspace: {connection.tenant_name} ({workspace.id}, channel {workspace.channel_id})",
        f"State: {connection.state}, at {moment(now)}",
        f"Last success: {moment(connection.last_success_at) if connection.last_success_at else 'none yet'}",
        "",
        "Trouble:",
        *([_trouble(i.error, i.cause, i.opened_at, i.failures) for i in case.incidents] or ["- none is open"]),
        "",
        "Last failures:",
        *([_failure(run.queued_at, run.trigger, run.error, run.error_detail) for run in case.failures] or ["- none"]),
        "",
        "Tried already:",
        *([f"- {moment(step.at)}: {step.who} {step.what}" for step in case.steps] or ["- nothing"]),
    ]
    known = shortened(case.redacted("\n".join(lines)), LONGEST_REPORT)
    if not description:
        return known
    return f"{known}\n\nIn their words:\n{case.redacted(description, strict=True)}"


def _trouble(error: str, cause: str, opened_at: datetime, failures: int) -> str:
    return f"- {advice(error).said} [{cause}, {error}] since {moment(opened_at)}, {failures} failures"


def _failure(at: datetime, trigger: str, error: str | None, detail: str | None) -> str:
    return f"- {moment(at)}, {kind(trigger)}: {error or 'unknown'} {detail or ''}".rstrip()


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def form(text: str, *, private: str) -> Modal:
    """`text` is what is known already."""
    return Modal(
        "Get help",
        [
            section("Tell us what you see and what you expected. This goes along:"),
            *preformatted(text),
            {
                "type": "input",
                "block_id": DESCRIPTION,
                "label": {"type": "plain_text", "text": "What is the matter?"},
                "element": {
                    "type": "plain_text_input",
                    "action_id": DESCRIPTION,
                    "multiline": True,
                    "max_length": LONGEST_DESCRIPTION,
                },
            },
            context(f"{PRIVATE} You see the whole text before it is sent."),
        ],
        callback="support",
        submit="Show what is sent",
        private=private,
    )


def to_be_sent(text: str, *, private: str) -> Modal:
    return Modal(
        "This is what is sent",
        [section("This goes by mail to the people who run Solido for you, and nothing else:"), *preformatted(text)],
        callback="support_send",
        submit="Send",
        private=private,
    )


def to_be_copied(text: str, *, address: str) -> Modal:
    to = f" to {escape(address)}" if address else " to the people who run Solido for you"
    return Modal("Copy and send", [section(f"Please copy this and send it{to}:"), *preformatted(text)])


def on_its_way() -> Message:
    return Message.of("It is on its way to the people who run Solido for you. Thank you.")


def preformatted(text: str) -> list[Block]:
    """As it is, letter by letter, in as many blocks as it takes; only a fence within would end one early."""
    pieces = [""]
    for line in text.replace("```", "'''").splitlines(keepends=True):
        for part in (line[start : start + PIECE] for start in range(0, len(line), PIECE)):
            if len(pieces[-1]) + len(part) > PIECE:
                pieces.append("")
            pieces[-1] += part
    return [section(f"```{escape(piece)}```") for piece in pieces]
