"""The permissions Solido asks of Slack, and what each is for. No more than these."""

SCOPES = {
    "commands": "to answer `/solido`",
    "chat:write": "to post and edit its own messages in channels it was invited to, and to write to people",
    "chat:write.public": "to post in a public channel without being invited first",
    "files:write": "to send an admin the file of `/solido export`",
    "users:read": "to see who is a full member, a guest or an admin, so that only the right people may do things",
    "channels:read": "to see whether a public channel is archived or shared with another company, and who is in it",
    "groups:read": "the same for a private channel that Solido was invited to",
}
MAY_BE_LEFT_OUT = {"chat:write.public", "files:write", "groups:read"}
"""Without these Solido works where it was invited, and in public channels; only `/solido export` needs files:write."""
EVENTS = {
    "app_home_opened": "to show the app's Home to whoever opens it",
    "app_uninstalled": "to stop everything when the app is removed",
    "tokens_revoked": "the same when its permission is taken back",
    "team_access_revoked": "the same when an organisation takes the app away from one of its workspaces",
    "team_access_granted": "to serve such a workspace again",
}
