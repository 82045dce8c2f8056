"""What nobody could be told, above an answer to something else."""

from bot.views.blocks import Message, channel, section


def above(said: Message, channel_id: str, told: list[str]) -> Message:
    """`told` are the texts of the messages that could not be written to the channel, escaped already."""
    head = f":mega: I could not write to {channel(channel_id)}. Is it archived, or was I removed? What you have missed:"
    lines = [head, *told]
    return Message("\n".join([*lines, said.text]), [*map(section, lines), *said.blocks], said.in_channel)
