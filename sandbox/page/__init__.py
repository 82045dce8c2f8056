"""The sandbox's one page: a Slack channel, a Xero desk and a clock to turn. See README.md."""

from .app import page

__all__ = ["page"]
