"""The pages of the emulated login: plain HTML, no scripts, everything that comes from outside escaped."""

import secrets
from collections.abc import Sequence
from html import escape

from starlette.responses import HTMLResponse

STYLE = """
body{margin:0;background:#f2f4f7;color:#1d2b3a;font:16px/1.5 system-ui,sans-serif}
.mark{background:#13b5ea;color:#04202b;padding:.6rem 1rem;font-weight:600;text-align:center}
main{max-width:30rem;margin:2.5rem auto;padding:1.75rem 2rem;background:#fff;border-radius:12px;
box-shadow:0 1px 3px #0002,0 8px 24px #0001}
h1{font-size:1.3rem;margin:0 0 .5rem}h2{font-size:1rem;margin:1.4rem 0 .4rem}
ul{margin:0;padding-left:1.2rem}label{display:block;padding:.45rem .6rem;border:1px solid #d5dbe1;border-radius:8px;
margin:.35rem 0}label:hover{border-color:#0078c8}small{color:#5b6b7b}
.row{display:flex;gap:.6rem;margin-top:1.5rem}
button{font:inherit;padding:.6rem 1.1rem;border-radius:8px;border:1px solid #0078c8;background:#0078c8;color:#fff;
cursor:pointer}button.plain{background:#fff;color:#0078c8}button:focus-visible,input:focus-visible{outline:3px solid
#7cc4f5;outline-offset:2px}form.wide button{width:100%;text-align:left;margin:.3rem 0}
"""


def login(flow: str, users: Sequence[tuple[str, str]], app: str) -> HTMLResponse:
    """`users` are (id, name)."""
    buttons = "".join(
        f'<button name="user" value="{escape(id)}">Continue as {escape(name)}</button>' for id, name in users
    )
    return _page(
        "Log in",
        f"<h1>Log in to Xero</h1><p>{escape(app)} asks for access. Who are you?</p>"
        f'<form class="wide" method="post" action="authorize">{_hidden("flow", flow)}{buttons}</form>',
    )


def consent(
    flow: str,
    user: tuple[str, str],
    app: str,
    permissions: Sequence[str],
    organisations: Sequence[tuple[str, str, bool]],
    *,
    several: bool,
) -> HTMLResponse:
    """`organisations` are (tenant id, name, already connected)."""
    kind = "checkbox" if several else "radio"
    first = next((id for id, _, connected in organisations if not connected), None)
    choices = "".join(
        f'<label><input type="{kind}" name="tenant" value="{escape(id)}"{" checked" if id == first else ""}> '
        f"{escape(name)}{' <small>already connected</small>' if connected else ''}</label>"
        for id, name, connected in organisations
    )
    asked = "".join(f"<li>{escape(words)}</li>" for words in permissions)
    nothing = "<p>This user has no organisation.</p>"
    return _page(
        "Allow access",
        f"<h1>{escape(app)} wants access to your organisation</h1><p><small>Logged in as {escape(user[1])}</small></p>"
        f"<h2>It would be able to</h2><ul>{asked}</ul>"
        f'<form method="post" action="authorize">{_hidden("flow", flow)}{_hidden("user", user[0])}'
        f"<h2>Organisation{'s' if several else ''}</h2>{choices or nothing}"
        '<div class="row"><button name="answer" value="allow">Allow access</button>'
        '<button class="plain" name="answer" value="cancel">Cancel</button></div></form>',
    )


def error(said: str, error_id: str) -> HTMLResponse:
    """The page a user stays on: Xero never sends a browser back from here."""
    return _page(
        "Error",
        "<h1>Sorry, something went wrong</h1>"
        f"<p>Error code: 500</p><p><b>{escape(said)}</b></p><p><small>Error id {escape(error_id)}</small></p>",
        status=400,
    )


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def _page(title: str, body: str, *, status: int = 200) -> HTMLResponse:
    """No form-action in the policy: browsers apply it to the redirect back to the app as well."""
    nonce = secrets.token_urlsafe(16)
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'"
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} | Emulated Xero</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style nonce="{nonce}">{STYLE}</style></head><body>'
        '<div class="mark">Emulated Xero: nothing here reaches the real one</div>'
        f"<main>{body}</main></body></html>"
    )
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(html, status, headers=headers)
