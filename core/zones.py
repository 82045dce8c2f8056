"""An organisation's time zone: Xero tells Windows' name, in capitals and without blanks and dots."""

from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

UTC = "UTC"


def as_xero_spells_it(name: str) -> str:
    """`W. Europe Standard Time` is WEUROPESTANDARDTIME."""
    return name.replace(" ", "").replace(".", "").upper()


IANA = {as_xero_spells_it(name): zone for name, zone in win_tz.items()}


def iana_name(xero_name: str) -> str:
    """Return the IANA name of a zone as Xero spells it; UTC for one that is not known."""
    return IANA.get(as_xero_spells_it(xero_name), UTC)


def zone(iana: str) -> ZoneInfo:
    return ZoneInfo(iana or UTC)
