"""Who may do what: the whole table, each cell tried, and the doors at which it is asked."""

import json

import pytest

from bot.actions import ACTIONS
from bot.commands import COMMANDS
from bot.commands.call import Call
from bot.installs import KnownTeam
from bot.modals import MODALS
from bot.people import REMEMBERED
from bot.permissions import BUTTONS, DIALOGS, About, Permission, Right, checked
from bot.permissions import COMMANDS as RIGHTS
from core.errors import NotAllowed, NotAMember, NotInChannel, NotYours, Refusal, UnknownPerson
from sandbox.slack import Person
from tests.stories.play import HARBOUR, Play, link_in, shown, workspace_of

TEAM = "T0SOLIDO"
NOBODY = "no such person"
AS_DECIDED = {
    Right.ANYBODY: {"command help"},
    Right.READ: {
        *("command status", "command why", "command history", "command support", "command reminders"),
        *("button help", "button cancel", "button reminders_more", "dialog support"),
    },
    Right.ACT: {
        *("command sync", "command hold", "button retry", "button snooze", "button take", "dialog support_send"),
        *("button reminders_hold", "button hold_invoice", "button hold_release", "button hold_release_customer"),
        *("button letter_went", "button letter_did_not", "dialog reminders_hold"),
        *("button credit_send", "button credit_hold", "button credit_ask", "dialog credit_ask"),
    },
    Right.ADMINISTER: {
        *("command connect", "command disconnect", "command hold everything", "command settings", "command export"),
        *(
            "button reconnect",
            "button disconnect",
            "button subscribe",
            "button settings",
            "dialog settings",
            "command forget",
            "dialog forget",
            "button data",
        ),
        *("button reminders_start", "button reminders_start_anyway", "button reminders_pause"),
        *("button reminders_resume", "button reminders_rules", "button reminders_letters", "button reminders_letter"),
        *("dialog reminders_pause", "dialog reminders_rules", "dialog reminders_letter"),
    },
}
WHO: dict[str, tuple[Right, type[Refusal]]] = {
    "admin": (Right.ADMINISTER, Refusal),
    "owner elsewhere": (Right.ADMINISTER, Refusal),
    "connector": (Right.ADMINISTER, Refusal),
    "added": (Right.ADMINISTER, Refusal),
    "member": (Right.ACT, NotAllowed),
    "member elsewhere": (Right.ANYBODY, NotInChannel),
    "guest": (Right.ANYBODY, NotAMember),
    "outsider": (Right.ANYBODY, NotAMember),
    "deactivated": (Right.ANYBODY, NotAMember),
    "bot": (Right.ANYBODY, NotAMember),
    NOBODY: (Right.ANYBODY, UnknownPerson),
}
"""Each person's highest right, and how anything above it is refused. Who is elsewhere types in another channel."""
ENTRIES = [
    *(("command", name, permission) for name, permission in RIGHTS.items()),
    *(("button", name, permission) for name, permission in BUTTONS.items()),
    *(("dialog", name, permission) for name, permission in DIALOGS.items()),
]


async def connected(play: Play) -> None:
    """A workspace that `connector` connected and to whose admins `added` was added, with everybody about."""
    await play.connect()
    slack = play.slack
    for name, about in {
        "connector": {},
        "added": {},
        "deactivated": {"deleted": True},
        "bot": {"is_bot": True},
        "member elsewhere": {},
        "owner elsewhere": {"is_admin": True},
    }.items():
        slack.add_person(Person(name, f"U0{name.upper().replace(' ', '')}", name, TEAM, f"D0{name.upper()}", **about))
    async with play.database.workspace(await workspace_of(play)) as store:
        connection = await store.connections.latest()
        connection.connected_by = slack.person("connector").id
        await store.admins.replace({slack.person("added").id}, by="U0ADMIN", now=play.now)


async def call_of(play: Play, who: str, argument: str = "") -> Call:
    async with play.database.unscoped() as unscoped:
        team = await unscoped.team(enterprise_id="", slack_team_id=TEAM)
    known = KnownTeam(team.id, TEAM, "", team.url)
    user_id = "U0NOBODY" if who == NOBODY else play.slack.person(who).id
    channel = "C0GENERAL" if "elsewhere" in who else "C0FINANCE"
    return Call(play.world.solido.services, known, user_id, channel, argument, play.now)


def test_every_command_button_and_dialog_has_an_entry():
    assert {name.split()[0] for name in RIGHTS} == set(COMMANDS)
    assert set(BUTTONS) == set(ACTIONS)
    assert set(DIALOGS) == set(MODALS)


def test_the_rights_are_those_that_were_decided():
    found: dict[Right, set[str]] = {right: set() for right in Right}
    for kind, name, permission in ENTRIES:
        found[permission.right].add(f"{kind} {name}")
    assert found == AS_DECIDED


@pytest.mark.parametrize("who", WHO)
async def test_every_cell_of_the_table(play: Play, who: str):
    await connected(play)
    highest, refusal = WHO[who]
    for kind, name, permission in ENTRIES:
        if who == "owner elsewhere" and permission.about is About.CHANNEL:
            continue  # theirs is a channel new to Solido: tried below
        call = await call_of(play, who, str(await workspace_of(play)) if permission.about is About.NAMED else "")
        expected = None if permission.right <= highest else refusal
        if refusal is NotInChannel and permission.right is Right.ADMINISTER:
            expected = NotAllowed
        assert await outcome(call, permission) is expected, (kind, name)


async def outcome(call: Call, permission: Permission) -> type[Refusal] | None:
    """How the check ended; None where the person may."""
    try:
        await checked(call, permission)
    except Refusal as error:
        return type(error)
    return None


async def test_what_has_no_entry_is_refused_even_to_admins(play: Play):
    await connected(play)
    with pytest.raises(NotYours):
        await checked(await call_of(play, "admin"), None)


@pytest.mark.parametrize("who", ["member", "guest", "outsider"])
async def test_a_channel_new_to_solido_is_connected_by_admins_of_the_team(play: Play, who: str):
    reply = await play.say("connect", user=who)
    if who == "outsider":
        assert reply.error == "unknown_command"
        return
    assert reply.text in {
        "Only admins can do that: the person who connected Xero, the admins and owners of this Slack workspace, "
        "and whom they have added.",
        "Only full members of this Slack workspace who are in the channel can do that; please ask one of them.",
    }
    async with play.database.unscoped() as unscoped:
        team = await unscoped.team(enterprise_id="", slack_team_id=TEAM)
        assert await unscoped.places(team.id) == []


@pytest.mark.parametrize("who", ["guest", "deactivated", "bot"])
async def test_every_command_of_somebody_who_may_nothing_says_who_can(play: Play, who: str):
    await connected(play)
    play.slack.channel("finance").members.add(play.slack.person(who).id)
    before = await facts(play)
    for command in sorted(set(COMMANDS) - {"help"}):
        reply = await play.command(command, user=who)
        assert reply.text == (
            "Only full members of this Slack workspace who are in the channel can do that; please ask one of them."
        ), command
    await play.settle()
    assert await facts(play) == before


@pytest.mark.parametrize("who", ["member", "guest", "outsider"])
async def test_every_press_by_somebody_who_may_not_changes_nothing(play: Play, who: str):
    await connected(play)
    person, before = play.slack.person(who), await facts(play)
    for name in sorted(ACTIONS):
        if BUTTONS[name].right > WHO[who][0]:
            await play.slack.interaction(pressed(name, str(await workspace_of(play)), person))
    await play.settle()
    assert await facts(play) == before


async def test_while_slack_does_not_say_who_somebody_is_nothing_is_done_for_them(play: Play):
    await connected(play)
    before = await facts(play)
    play.slack.break_next("down", method="users.info", times=None)
    play.world.clock.forward(REMEMBERED)
    reply = await play.say("disconnect")
    assert reply.text.startswith("Slack does not tell me right now who you are")
    assert await facts(play) == before
    play.slack.heal()
    assert HARBOUR in (await play.say("disconnect")).text


async def test_somebody_who_is_not_in_the_channel_does_not_hear_of_its_books(play: Play):
    await connected(play)
    for command in ("status", "sync"):
        reply = await play.say(command, user="member elsewhere", channel="dm-member elsewhere")
        assert HARBOUR not in shown(reply)
        assert reply.text.startswith("Only people in the channel that keeps these books")
    play.slack.channel("finance").members.add(play.slack.person("member elsewhere").id)
    assert HARBOUR in (await play.say("status", user="member elsewhere", channel="dm-member elsewhere")).text


async def test_of_several_workspaces_only_those_are_offered_that_the_person_may_read(play: Play):
    await connected(play)
    await play.connect("Southern Star Traders", channel="finance-nz")
    play.slack.channel("general").members.add("U0MEMBER")
    play.slack.channel("finance-nz").members.discard("U0MEMBER")
    reply = await play.say("status", user="member", channel="general")
    assert HARBOUR in reply.text
    assert "Southern" not in shown(reply)
    both = await play.say("status", user="admin", channel="general")
    assert "Southern Star Traders" in json.dumps(both.blocks)


async def test_a_link_is_no_good_once_its_person_may_not_connect_any_more(play: Play):
    reply = await play.command("connect")
    [link] = [e["url"] for block in reply.blocks for e in block.get("elements", []) if e.get("url")]
    play.slack.person("admin").is_admin = False
    play.world.clock.forward(REMEMBERED)
    page = await play.browser.get(link)
    assert page.status_code == 400
    assert "Only admins can do that" in page.text


async def test_who_may_not_connect_any_more_cannot_come_back_from_xero_either(play: Play):
    page = await play.walk_through_xero(link_in(await play.command("connect")), play.organisation())
    play.slack.person("admin").deleted = True
    play.world.clock.forward(REMEMBERED)
    answer = await play.confirm(page, play.organisation())
    assert answer.status_code == 400
    assert play.slack.posts == []
    play.slack.person("admin").deleted = False
    play.world.clock.forward(REMEMBERED)
    assert (await play.confirm(page, play.organisation())).status_code == 200, "the attempt was not used up by it"


async def test_for_what_cannot_be_taken_back_slack_is_asked_anew_who_somebody_is(play: Play):
    await play.connect()
    question = (await play.say("disconnect")).message
    await play.command("forget")
    await play.slack.until(lambda: play.slack.modal("admin"))
    play.slack.person("admin").is_admin = False
    async with play.database.workspace(await workspace_of(play)) as store:
        (await store.connections.latest()).connected_by = "U0MEMBER"
    submitted = await play.slack.submit(play.slack.modal("admin"), {"name": HARBOUR}, user="admin")
    assert "Only admins can do that" in json.dumps(play.slack.modal("admin").blocks), submitted
    assert "Only admins can do that" in (await play.press(question, "Disconnect")).text
    assert "Only admins can do that" in (await play.say("export")).text
    assert HARBOUR in (await play.say("status")).text


def pressed(name: str, value: str, person: Person) -> dict[str, object]:
    """A press as Slack sends it, of a button this person may never have seen."""
    return {
        "type": "block_actions",
        "user": {"id": person.id, "team_id": person.team_id},
        "team": {"id": TEAM, "domain": "harbour-lane"},
        "channel": {"id": "C0FINANCE"},
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "C0FINANCE"},
        "response_url": "",
        "trigger_id": "1.2.3",
        "api_app_id": "A0SOLIDO",
        "actions": [{"type": "button", "action_id": name, "block_id": "b", "value": value}],
    }


async def facts(play: Play) -> tuple[object, ...]:
    """What only those who may can change."""
    async with play.database.reading(await workspace_of(play)) as store:
        connection = await store.connections.latest()
        runs = await store.runs.latest(50)
        return connection.state, connection.token_version, len(runs), len(play.slack.posts)
