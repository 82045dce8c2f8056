"""An organisation's time zone: Xero tells Windows' name, in capitals and without blanks."""

from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

IANA = {name.replace(" ", "").upper(): zone for name, zone in win_tz.items()}
UTC = "UTC"


def iana_name(xero_name: str) -> str:
    """Return the IANA name of a zone as Xero spells it; UTC for one that is not known."""
    return IANA.get(xero_name.upper(), UTC)


def zone(iana: str) -> ZoneInfo:
    return ZoneInfo(iana or UTC)
