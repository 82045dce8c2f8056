"""What somebody changed, from what to what, as the audit log keeps it."""

from collections.abc import Mapping, Sequence

import msgspec


class Edit(msgspec.Struct, frozen=True):
    """One thing that was changed: each side as the thing's own value, ids joined by commas; empty is none."""

    name: str
    before: str
    after: str


_decoder = msgspec.json.Decoder(list[Edit])


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[Edit]:
    """What has another value afterwards, in the order of `after`; what stands only on one side is left out."""
    both = [name for name in after if name in before]
    return [Edit(name, before[name], after[name]) for name in both if before[name] != after[name]]


def encode(edits: Sequence[Edit]) -> str:
    return msgspec.json.encode(edits).decode()


def decode(text: str) -> list[Edit]:
    return _decoder.decode(text)
