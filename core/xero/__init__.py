"""Xero's side: log-in, calls, and answers read without I/O."""
