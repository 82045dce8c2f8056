"""Each error: what a person reads, and what they can do about it. No codes, no blame.

`said` is what happened; `do` is what to do now. A test sees that none is missing.
"""

from dataclasses import dataclass

from core import errors


@dataclass(frozen=True)
class Advice:
    """`reconnect` offers the button that leads through Xero again."""

    said: str
    do: str = ""
    reconnect: bool = False

    @property
    def typed(self) -> str:
        """What to do where the buttons of an alert are not at hand."""
        return self.do.replace("Press *Reconnect*", "Type `/solido connect`").replace(
            "when you press *Try again*", "when you type `/solido sync full`"
        )


TRIES_AGAIN = "There is nothing you need to do: I keep trying, and tell you here when it works again."

ADVICE: dict[str, Advice] = {
    errors.NotConnected.__name__: Advice(
        "This channel is not connected to Xero.", "Type `/solido connect` to connect it."
    ),
    errors.NoWorkspace.__name__: Advice(
        "No channel is connected to Xero yet.", "Type `/solido connect` in the channel that should hear about invoices."
    ),
    errors.WhichWorkspace.__name__: Advice(
        "Several channels are connected to Xero, and this is not one of them.", "Choose the one you mean."
    ),
    errors.NotYours.__name__: Advice(
        "That is not available to you here: please ask a member of the team that uses Solido in this channel."
    ),
    errors.NotAllowed.__name__: Advice(
        "Only admins can do that: the person who connected Xero, the admins and owners of this Slack workspace, "
        "and whom they have added."
    ),
    errors.NotAMember.__name__: Advice(
        "Only full members of this Slack workspace who are in the channel can do that; please ask one of them."
    ),
    errors.NotInChannel.__name__: Advice(
        "Only people in the channel that keeps these books can see or do that; please ask one of them to invite you."
    ),
    errors.UnknownPerson.__name__: Advice(
        "Slack does not tell me right now who you are, and only full members can do that: please try again in a moment."
    ),
    errors.BadArgument.__name__: Advice("I did not understand that.", "Type `/solido help` to see what I can do."),
    errors.AttemptInvalid.__name__: Advice(
        "This link has been used already, or is too old.",
        "Type `/solido connect` in Slack to get a new one. A link works once, for 15 minutes, in one browser.",
    ),
    errors.ConsentDenied.__name__: Advice(
        "Nothing was connected, because access was not allowed in Xero.",
        "If that was not meant, type `/solido connect` and choose *Allow access* in Xero.",
    ),
    errors.CodeRefused.__name__: Advice(
        "Nothing was connected: Xero did not confirm the log-in, which happens when it takes too long.",
        "Type `/solido connect` to try again.",
    ),
    errors.NoOrganisation.__name__: Advice(
        "Nothing was connected: no organisation was chosen in Xero, or you may not connect apps to it.",
        "Type `/solido connect` to try again, or ask somebody who manages connected apps in Xero.",
    ),
    errors.OrganisationTaken.__name__: Advice(
        "Nothing was connected: this organisation is already connected to Solido elsewhere.",
        "It has to be disconnected there first; the people who look after your Xero can tell you where.",
    ),
    errors.OtherOrganisation.__name__: Advice(
        "Nothing was connected: this channel keeps the books of another organisation, and books never mix.",
        "To connect a different organisation, type `/solido connect` in a channel of its own.",
    ),
    errors.PermissionEnded.__name__: Advice(
        "Xero no longer accepts the permission that was given to Solido.",
        "Press *Reconnect* and log in to Xero again.",
        reconnect=True,
    ),
    errors.DisconnectedInXero.__name__: Advice(
        "Solido was disconnected in Xero, or the person who connected it lost access.",
        "Press *Reconnect* and log in to Xero again.",
        reconnect=True,
    ),
    errors.PermissionMissing.__name__: Advice(
        "Solido lacks a permission in Xero that it needs for invoices and contacts.",
        "Press *Reconnect* and allow all the permissions that Xero lists.",
        reconnect=True,
    ),
    errors.ChangedInXero.__name__: Advice(
        "Xero refuses access to the organisation: its plan may have ended, or a role may have changed.",
        "Ask the person who manages your Xero subscription to have a look. I keep trying meanwhile.",
        reconnect=True,
    ),
    errors.XeroUnavailable.__name__: Advice("Xero could not be reached.", TRIES_AGAIN),
    errors.XeroUnreadable.__name__: Advice("Xero's answer could not be read.", TRIES_AGAIN),
    errors.OrganisationOffline.__name__: Advice("Xero has taken this organisation offline for a moment.", TRIES_AGAIN),
    errors.RateLimited.__name__: Advice("Xero asked us to slow down.", TRIES_AGAIN),
    errors.DailyLimitReached.__name__: Advice(
        "Today's calls to Xero for this organisation are used up.",
        "There is nothing you need to do: syncs go on by themselves when Xero allows it again.",
    ),
    errors.XeroRejected.__name__: Advice(
        "Xero did not understand what Solido asked, which is a mistake of ours.",
        "I keep trying. If it stays like this, type `/solido support`.",
    ),
    errors.Misconfigured.__name__: Advice(
        "This installation of Solido is not set up correctly at Xero.",
        "Please tell the people who run Solido for you: its Xero client id, secret or redirect address is wrong.",
    ),
    errors.Unexpected.__name__: Advice(
        "Something went wrong inside Solido.",
        "I keep trying. If it stays like this, type `/solido support`.",
    ),
    errors.NotRunning.__name__: Advice(
        "The automatic syncs have stopped without a word, which is a mistake of ours.",
        "Please tell the people who run Solido for you: `/solido support` has what they need to know.",
    ),
    errors.BooksDiffer.__name__: Advice(
        "The outstanding invoices here are not the same as in Xero, even after reading all of them once more.",
        "`/solido status` tells what differs. I compare again every night, and at once "
        "when you press *Try again*. If it stays like this, please type `/solido support`.",
    ),
    errors.Superseded.__name__: Advice("It was stopped because Xero was disconnected.", "Nothing needs to be done."),
}


def advice(code: str | None) -> Advice:
    """Advice for an error's code, as stored in a run; the general one for a code of another version."""
    return ADVICE.get(code or "", ADVICE[errors.Unexpected.__name__])
