"""Reminders: who is written to when, and above all who is not."""

from core.reminders.outlook import RemindersOnHold

__all__ = ["RemindersOnHold"]
