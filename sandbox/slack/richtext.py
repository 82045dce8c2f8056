"""What Slack accepts in a rich_text block. Source: docs.slack.dev/reference/block-kit/blocks/rich-text-block."""

from .elements import ID, WEB_URL, of_type
from .rules import Check, boolean, integer, list_of, one_of, record, string, typed, url

STYLE = record({}, {"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean, "underline": boolean})
MENTION_STYLE = record(
    {},
    {
        "bold": boolean,
        "italic": boolean,
        "strike": boolean,
        "highlight": boolean,
        "client_highlight": boolean,
        "unlink": boolean,
    },
)
LEAVES: dict[str, Check] = {
    "text": of_type("text", {"text": string(12000)}, {"style": STYLE}),
    "link": of_type("link", {"url": url()}, {"text": string(3000), "unsafe": boolean, "style": STYLE}),
    "user": of_type("user", {"user_id": ID}, {"style": MENTION_STYLE}),
    "channel": of_type("channel", {"channel_id": ID}, {"style": MENTION_STYLE}),
    "usergroup": of_type("usergroup", {"usergroup_id": ID}, {"style": MENTION_STYLE}),
    "emoji": of_type("emoji", {"name": ID}, {"unicode": ID, "skin_tone": integer(1, 6), "style": STYLE}),
    "date": of_type(
        "date",
        {"timestamp": integer(0, 10**11), "format": string(255)},
        {"url": WEB_URL, "fallback": string(3000), "style": STYLE},
    ),
    "broadcast": of_type("broadcast", {"range": one_of("here", "channel", "everyone")}, {"style": STYLE}),
    "color": of_type("color", {"value": string(7)}, {"style": STYLE}),
}
LEAF_LIST = list_of(typed(LEAVES, "rich text element"), 1000, least=0)
BORDER: dict[str, Check] = {"border": integer(0, 1)}

SECTION = of_type("rich_text_section", {"elements": LEAF_LIST}, {})
PARTS: dict[str, Check] = {
    "rich_text_section": SECTION,
    "rich_text_list": of_type(
        "rich_text_list",
        {"elements": list_of(SECTION, 1000), "style": one_of("bullet", "ordered")},
        {**BORDER, "indent": integer(0, 8), "offset": integer(0, 10**6)},
    ),
    "rich_text_preformatted": of_type(
        "rich_text_preformatted", {"elements": LEAF_LIST}, {**BORDER, "language": string(255)}
    ),
    "rich_text_quote": of_type("rich_text_quote", {"elements": LEAF_LIST}, BORDER),
}
RICH_TEXT = of_type("rich_text", {"elements": list_of(typed(PARTS, "rich text part"), 1000)}, {"block_id": ID})
