"""What Solido decides and does. Knows Xero; has never heard of Slack."""
