"""What Slack accepts inside a block: texts, options, buttons, menus, inputs, rich text.

Sources: slack.md 3.2, 3.5 and 4; docs.slack.dev/reference/block-kit/block-elements and composition-objects.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .rules import (
    Check,
    Problem,
    boolean,
    duplicates,
    exactly_one,
    integer,
    list_of,
    matching,
    one_of,
    record,
    string,
    typed,
    url,
)

ID = string(255)
DATE = matching(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "a date YYYY-MM-DD")
TIME = matching(r"([01]\d|2[0-3]):[0-5]\d", "a time HH:mm")
WEB_URL = url(schemes=("http", "https"))


def of_type(name: str, required: Mapping[str, Check], optional: Mapping[str, Check], *rest: Check) -> Check:
    return record({"type": one_of(name), **required}, optional, *rest)


def plain(most: int) -> Check:
    return of_type("plain_text", {"text": string(most)}, {"emoji": boolean})


def mrkdwn(most: int) -> Check:
    return of_type("mrkdwn", {"text": string(most)}, {"verbatim": boolean})


def either_text(most: int) -> Check:
    return typed({"plain_text": plain(most), "mrkdwn": mrkdwn(most)}, "text object")


STYLE = one_of("primary", "danger")
CONFIRM = record(
    {"title": plain(100), "text": either_text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": STYLE},
)
PLACEHOLDER = plain(150)
IMAGE_SOURCE: dict[str, Check] = {
    "image_url": WEB_URL,
    "slack_file": record({}, {"id": string(255), "url": WEB_URL}, exactly_one("id", "url")),
}
IMAGE = of_type("image", {"alt_text": string(2000)}, IMAGE_SOURCE, exactly_one("image_url", "slack_file"))

BUTTON = of_type(
    "button",
    {"text": plain(75)},
    {
        "action_id": ID,
        "url": url(),
        "value": string(2000),
        "style": STYLE,
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "agent_prompt": string(4000),
        "agent_prompt_display": string(4000),
        "visible_to_user_ids": list_of(ID, 100),
    },
)


def option(text: Check, **more: Check) -> Check:
    return record({"text": text, "value": string(150)}, {"description": plain(75), **more})


MENU_OPTION = option(plain(75))
TICK_OPTION = record({"text": either_text(75), "value": string(150)}, {"description": either_text(75)})
GROUP = record({"label": plain(75), "options": list_of(MENU_OPTION, 100)}, {})


def options_of(element: Mapping[str, Any]) -> list[Any]:
    """Return all options an element offers, those in groups included."""
    options = element.get("options")
    found = list(options) if isinstance(options, list) else []
    groups = element.get("option_groups")
    for group in groups if isinstance(groups, list) else []:
        if isinstance(group, dict) and isinstance(group.get("options"), list):
            found += group["options"]
    return found


def _initial_is_offered(value: Any, at: str) -> Iterator[Problem]:
    chosen = [value["initial_option"]] if "initial_option" in value else value.get("initial_options", [])
    if isinstance(chosen, list) and any(one not in options_of(value) for one in chosen):
        yield Problem(at, "initial option must exactly match one of the options")


def _option_values_differ(value: Any, at: str) -> Iterator[Problem]:
    values = [(f"{at}/options", o.get("value")) for o in options_of(value) if isinstance(o, dict)]
    yield from duplicates(values, "value")


INTERACTIVE: dict[str, Check] = {"action_id": ID, "confirm": CONFIRM}
FOCUS: dict[str, Check] = {**INTERACTIVE, "focus_on_load": boolean}
MENU: dict[str, Check] = {**FOCUS, "placeholder": PLACEHOLDER}
SEVERAL: dict[str, Check] = {**MENU, "max_selected_items": integer(1, 100)}
FILTER = record(
    {},
    {
        "include": list_of(one_of("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)
CHOICES: dict[str, Check] = {"options": list_of(MENU_OPTION, 100), "option_groups": list_of(GROUP, 100)}
STATIC_RULES = (exactly_one("options", "option_groups"), _initial_is_offered)
CONVERSATIONS: dict[str, Check] = {"default_to_current_conversation": boolean, "filter": FILTER}
IN_MODAL: dict[str, Check] = {"response_url_enabled": boolean}
MANY = list_of(ID, 100)

OVERFLOW = of_type(
    "overflow", {"options": list_of(option(plain(75), url=url()), 5)}, INTERACTIVE, _option_values_differ
)
SINGLE_MENUS: dict[str, Check] = {
    "static_select": of_type("static_select", {}, {**MENU, **CHOICES, "initial_option": MENU_OPTION}, *STATIC_RULES),
    "external_select": of_type(
        "external_select", {}, {**MENU, "initial_option": MENU_OPTION, "min_query_length": integer(0, 3000)}
    ),
    "users_select": of_type("users_select", {}, {**MENU, "initial_user": ID}),
    "conversations_select": of_type(
        "conversations_select", {}, {**MENU, **CONVERSATIONS, **IN_MODAL, "initial_conversation": ID}
    ),
    "channels_select": of_type("channels_select", {}, {**MENU, **IN_MODAL, "initial_channel": ID}),
}
MULTI_MENUS: dict[str, Check] = {
    "multi_static_select": of_type(
        "multi_static_select", {}, {**SEVERAL, **CHOICES, "initial_options": list_of(MENU_OPTION, 100)}, *STATIC_RULES
    ),
    "multi_external_select": of_type(
        "multi_external_select",
        {},
        {**SEVERAL, "initial_options": list_of(MENU_OPTION, 100), "min_query_length": integer(0, 3000)},
    ),
    "multi_users_select": of_type("multi_users_select", {}, {**SEVERAL, "initial_users": MANY}),
    "multi_conversations_select": of_type(
        "multi_conversations_select", {}, {**SEVERAL, **CONVERSATIONS, "initial_conversations": MANY}
    ),
    "multi_channels_select": of_type("multi_channels_select", {}, {**SEVERAL, "initial_channels": MANY}),
}
PICKERS: dict[str, Check] = {
    "datepicker": of_type("datepicker", {}, {**MENU, "initial_date": DATE}),
    "timepicker": of_type("timepicker", {}, {**MENU, "initial_time": TIME, "timezone": ID}),
    "datetimepicker": of_type("datetimepicker", {}, {**FOCUS, "initial_date_time": integer(10**9, 10**10 - 1)}),
    "checkboxes": of_type(
        "checkboxes",
        {"options": list_of(TICK_OPTION, 10)},
        {**FOCUS, "initial_options": list_of(TICK_OPTION, 10)},
        _initial_is_offered,
    ),
    "radio_buttons": of_type(
        "radio_buttons",
        {"options": list_of(TICK_OPTION, 10)},
        {**FOCUS, "initial_option": TICK_OPTION},
        _initial_is_offered,
    ),
}
TYPED: dict[str, Check] = {
    "action_id": ID,
    "focus_on_load": boolean,
    "placeholder": PLACEHOLDER,
    "dispatch_action_config": record(
        {"trigger_actions_on": list_of(one_of("on_enter_pressed", "on_character_entered"), 2)}, {}
    ),
}
NUMBER = matching(r"-?\d+(\.\d+)?", "a number in a string")
TEXT_INPUTS: dict[str, Check] = {
    "plain_text_input": of_type(
        "plain_text_input",
        {},
        {
            **TYPED,
            "initial_value": string(3000, least=0),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
    ),
    "email_text_input": of_type("email_text_input", {}, {**TYPED, "initial_value": string(3000)}),
    "url_text_input": of_type("url_text_input", {}, {**TYPED, "initial_value": url()}),
    "number_input": of_type(
        "number_input",
        {"is_decimal_allowed": boolean},
        {**TYPED, "initial_value": NUMBER, "min_value": NUMBER, "max_value": NUMBER},
    ),
}
MODAL_ONLY_INPUTS = {"email_text_input", "url_text_input", "number_input"}

IN_ACTIONS: dict[str, Check] = {"button": BUTTON, "overflow": OVERFLOW, **SINGLE_MENUS, **PICKERS}
IN_SECTION: dict[str, Check] = {**IN_ACTIONS, **MULTI_MENUS, "image": IMAGE}
IN_INPUT: dict[str, Check] = {**TEXT_INPUTS, **SINGLE_MENUS, **MULTI_MENUS, **PICKERS}
IN_CONTEXT: dict[str, Check] = {"image": IMAGE, "plain_text": plain(3000), "mrkdwn": mrkdwn(3000)}
