"""Slack's limits, kept by whatever is sent: long texts go on in further blocks, and what is still too much is said so.

Source: Slack developer docs, "Block Kit reference" and chat.update (4,000 characters of text).
"""

from bot.views.blocks import SECTION_LIMIT, Block, Message, Modal, actions, button, context, shortened

TEXT = 3_900
BLOCKS_OF_MESSAGE = 50
BLOCKS_OF_VIEW = 100
FIELDS, FIELD = 10, 2000
CONTEXT_PARTS = 10
BUTTONS = 25
PRIVATE = 3_000
VIEW_CHARACTERS = 60_000
"""A view may have 250 kB as JSON, where a character may take six bytes and an emoji twelve; half of that is left."""
LEFT_OUT = "There is more than fits here."
SHOW_ALL = "show_all"


def fitted(message: Message) -> Message:
    """Return the message as Slack takes it. Where blocks are left out, `again` is offered as a button."""
    blocks = [part for block in message.blocks for part in in_parts(block)]
    if len(blocks) > BLOCKS_OF_MESSAGE:
        last: list[Block] = [context(LEFT_OUT)]
        if message.again:
            last.append(actions(button("Show all", action=SHOW_ALL, value=message.again, label="Show all of it")))
        blocks = [*blocks[: BLOCKS_OF_MESSAGE - len(last)], *last]
    return Message(shortened(message.text, TEXT) or "Solido", blocks, message.in_channel)


def fitted_view(modal: Modal) -> Modal:
    blocks: list[Block] = []
    left = VIEW_CHARACTERS
    for block in (part for whole in modal.blocks for part in in_parts(whole)):
        left -= len(str(block))
        if left < 0 or len(blocks) == BLOCKS_OF_VIEW - 1:
            blocks.append(context(LEFT_OUT))
            break
        blocks.append(block)
    return Modal(modal.title, blocks, modal.callback, modal.submit, modal.private[:PRIVATE])


def in_parts(block: Block) -> list[Block]:
    """Return the block as one or several that are each within the limits; an empty one becomes none."""
    match block["type"]:
        case "section":
            return _sections(block)
        case "context":
            parts = [part for part in block["elements"] if part.get("text", "…").strip()]
            rows = [parts[at : at + CONTEXT_PARTS] for at in range(0, len(parts), CONTEXT_PARTS)]
            return [{**block, "elements": row} for row in rows]
        case "actions":
            every = block["elements"]
            rows = [every[at : at + BUTTONS] for at in range(0, len(every), BUTTONS)]
            return [{**block, "elements": row} for row in rows]
    return [block]


def _sections(block: Block) -> list[Block]:
    if "text" not in block:
        fields = [_cut(field, FIELD) for field in block["fields"]]
        return [{**block, "fields": fields[at : at + FIELDS]} for at in range(0, len(fields), FIELDS)]
    texts = [text for text in split(block["text"]["text"], SECTION_LIMIT) if text.strip()]
    first, *others = texts or [""]
    if not first:
        return []
    rest = [{"type": "section", "text": {**block["text"], "text": text}} for text in others]
    return [{**block, "text": {**block["text"], "text": first}}, *rest]


def _cut(part: Block, limit: int) -> Block:
    return {**part, "text": shortened(part["text"], limit)}


def split(text: str, limit: int) -> list[str]:
    """Break at line ends where the text is longer; a single line that is too long is cut."""
    parts = [""]
    for line in text.split("\n"):
        line = shortened(line, limit)
        longer = f"{parts[-1]}\n{line}" if parts[-1] else line
        if len(longer) <= limit:
            parts[-1] = longer
        else:
            parts.append(line)
    return parts
