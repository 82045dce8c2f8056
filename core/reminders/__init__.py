"""Reminders: who is written to when, and above all who is not."""

from core.notices import Held
from core.reminders.outlook import ReminderPlan, held

__all__ = ["Held", "ReminderPlan", "held"]
