"""The whole product on this machine, beside an emulated Slack and an emulated Xero.

Imports the product, never the reverse.
"""
