"""Reminders: who is written to when, and above all who is not."""

from core.reminders.outlook import Held, held

__all__ = ["Held", "held"]
