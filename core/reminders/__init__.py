"""Reminders: who is written to when, and above all who is not."""

from core.reminders.outlook import ReminderPlan

__all__ = ["ReminderPlan"]
