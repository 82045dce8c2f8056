"""The places in which secrets are stored, as the vault binds them: what is sealed for one does not open in another."""

from uuid import UUID


def of_team(team_id: UUID, token: str = "bot_token") -> str:
    return f"team:{team_id}:{token}"


def of_connection(connection_id: UUID, token: str) -> str:
    """`token`: access_token or refresh_token; the refresh token before keeps the place that it was sealed for."""
    return f"connection:{connection_id}:{token}"


def of_attempt(attempt_id: UUID, what: str) -> str:
    return f"attempt:{attempt_id}:{what}"


def of_pay_link(workspace_id: UUID, invoice_id: UUID) -> str:
    return f"workspace:{workspace_id}:invoice:{invoice_id}:pay_link"
