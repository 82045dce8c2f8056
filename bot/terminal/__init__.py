"""What those who run Solido see and do in a terminal: `solido status`, `connections`, `runs` and `retry`."""
