"""People are named in what is posted, and not called."""

from bot.naming import with_names
from bot.people import name_of
from bot.views.blocks import Message, context, header, section
from sandbox.slack.pings import called_by
from sandbox.slack.records import Message as Posted
from tests.builders import NOW


def said(text: str, names: dict[str, str]) -> str:
    message = with_names(Message(text, [section(text), context(text)]), names)
    assert message.blocks == [section(message.text), context(message.text)]
    return message.text


def test_a_name_stands_where_a_mention_would():
    assert (
        said("Connected by <@U1>, says <@U2>.", {"U1": "Ada Byron", "U2": "Bo"}) == "Connected by Ada Byron, says Bo."
    )


def test_whom_slack_does_not_name_is_somebody():
    assert said("Snoozed by <@U1>.", {}) == "Snoozed by somebody."
    assert (
        said(":raising_hand: <@U1> is on it. <@W2> is not.", {"U1": " "})
        == ":raising_hand: Somebody is on it. Somebody is not."
    )
    assert said("<@U1>, it is over", {}) == "Somebody, it is over"


def test_an_edit_calls_nobody_so_that_there_a_mention_may_stay():
    message = with_names(Message("<@U1> and <@U2>"), {"U1": "Ada"}, edits=True)
    assert message.text == "Ada and <@U2>"


def test_a_name_is_text_like_any_other():
    assert said("by <@U1>", {"U1": "<!channel> & <@U2>"}) == "by &lt;!channel&gt; &amp; &lt;@U2&gt;"
    assert said("by <@U1>", {"U1": "x" * 300}) == "by " + "x" * 79 + "…"
    assert "\n" not in said("by <@U1>", {"U1": "one\ntwo"})


def test_what_slack_shows_as_it_stands_is_left_so():
    assert with_names(Message("", [header("<@U1>")]), {"U1": "Ada"}).blocks == [header("<@U1>")]


def test_the_name_is_the_one_people_see():
    assert (
        name_of({"profile": {"display_name": "Ada", "real_name": "Ada Byron"}, "real_name": "A", "name": "ada"})
        == "Ada"
    )
    assert name_of({"profile": {"display_name": "", "real_name": "Ada Byron"}}) == "Ada Byron"
    assert name_of({"profile": None, "real_name": 7, "name": "ada"}) == "ada"
    assert name_of({}) == ""


def test_the_emulated_slack_sees_who_is_called():
    blocks = [section("<@U1> and <@U2|two>"), header("<@U3>"), context("<!subteam^S1|@finance> <!here>")]
    message = Posted("C1", "1.1", NOW, "<@U1>", blocks, "U0SOLIDO", "post")
    assert called_by(message) == ["U1", "U2", "S1", "here"]
