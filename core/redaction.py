"""Takes out of a text what must not leave the house: customers' names, e-mail addresses, secrets and amounts. Pure."""

import re
from collections.abc import Collection

WORD = re.compile(r"\w+", re.UNICODE)
EMAIL = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;]+")
SECRET = re.compile(
    r"xox\w-[\w-]+"  # Slack's
    r"|eyJ[\w-]+(?:\.[\w-]+)*"  # a JWT
    r"|(?=[\w+/=-]*[0-9])(?=[\w+/=-]*[A-Za-z])[\w+/=-]{20,}"
)
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""Ids of ours and Xero's correlation ids: they open nothing, and without them nobody finds anything in a log."""
GROUPED = r"\d{1,3}(?:[,.'\u00a0\u202f ]\d{3})+(?:[.,]\d+)?"
AMOUNT = re.compile(
    rf"[€$£¥]\s?\d[\d.,'\u00a0]*"
    rf"|(?<![\w:.-])(?:{GROUPED}|\d+[.,]\d{{2,4}})(?![\w:])(?:\s?[A-Z]{{3}}\b)?"
    r"|\b[A-Z]{3}\s?\d[\d.,']*"
    r"|(?<![\w:.-])\d[\d.,']*\s?[A-Z]{3}\b"
)
LONG_NUMBER = re.compile(r"(?<![\w-])\d{4,}(?![\w-])")
CLOCK = re.compile(r"\d\sUTC$")


def redact(text: str, *, names: Collection[str], keep: str = "", strict: bool = False) -> str:
    """Return the text without what is private. `names` are those of customers; `keep` is a name that may stay.

    `strict` is for what people typed themselves: every number of four digits or more goes as well.
    """
    text = EMAIL.sub("[e-mail]", text)
    text = SECRET.sub(lambda found: found[0] if UUID.fullmatch(found[0]) else "[secret]", text)
    text = AMOUNT.sub(lambda found: found[0] if CLOCK.search(found[0]) else "[amount]", text)
    if strict:
        text = LONG_NUMBER.sub("[number]", text)
    return without_names(text, names, keep=keep)


def without_names(text: str, names: Collection[str], *, keep: str = "") -> str:
    """Return the text with each customer's name replaced, however it is written and spaced."""
    wanted = {words_of(name) for name in names} - {(), words_of(keep)}
    longest = max(map(len, wanted), default=0)
    found = list(WORD.finditer(text))
    words = [word[0].casefold() for word in found]
    parts, at, index = [], 0, 0
    while index < len(found):
        most = min(longest, len(words) - index)
        length = next((n for n in range(most, 0, -1) if tuple(words[index : index + n]) in wanted), 0)
        if length:
            parts += [text[at : found[index].start()], "[customer]"]
            at = found[index + length - 1].end()
        index += length or 1
    return "".join([*parts, text[at:]])


def words_of(name: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in WORD.findall(name))
