"""How things look: pure functions from plain data to a Message."""
