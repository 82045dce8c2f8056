"""What a person sees: Slack and the web."""
