"""Where an app's sign-in may lead back to, and which pages may finish it (http-api.md §5.6).

Any row that matches is enough. Schemes that mean something to every browser are never an app's own:
neither when a row is made, nor when one is matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from triples.sql.pool import Connection
from wire.errors import ValidationFailed

SERVICES: Final = ("generic", "netlify", "vercel", "custom-scheme")

# Registered with IANA, or known to some browser.
_COMMON: Final = """
  about acct afp android-app aaa aaas acap adiumxtra aim apt barion bb beshare bitcoin blob bolo
  callto cap chrome chrome-extension cid coap coaps content crid data dav dict dns ed2k facetime
  fax feed file filesystem finger fish ftp geo gg git go gopher h323 hcp http https iax icap icon
  im imap info intent ipp ipps irc irc6 ircs iris itms jabber jar javascript jms keyparc lastfm
  ldap ldaps magnet mailserver mailto maps market message mid mms modem msrp msrps mtqp mumble
  mupdate mvn news nfs ni nih nntp notes opaquelocktoken pack palm paparazzi pkcs11 platform pop
  pres prospero proxy psyc query reload resource rmi rsync rtmfp rtmp rtsp secondlife service
  session sftp sgn shttp sieve sip sips skype smb sms snmp soldat spotify ssh steam stun stuns
  submit svn tag teamspeak tel telnet tftp things tip tn3270 turn turns tv udp unreal urn ut2004
  vbscript vemmi ventrilo view-source wais webcal ws wss wyciwyg xcon xfire xmlrpc xmpp xri ymsgr
  z39.50 z39.50r z39.50s
"""
COMMON_SCHEMES: Final = frozenset(_COMMON.split())

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*\Z", re.IGNORECASE)
_MISREAD: Final = re.compile(r"[\x00-\x20\x7f\\]")
_HOST: Final = re.compile(r"[^\s\0/?#@\\]+\Z")

_ORIGINS: Final = """
select id::text, service, params, created_at from app_redirect_origins
where app_id = %s::uuid
order by created_at, id
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """One row: a kind of place, and which one of that kind."""

    service: str
    params: tuple[str, ...]

    def matches(self, url: str) -> bool:
        """Whether the URL is at this place."""
        parts = _parts(url)
        if parts is None:
            return False
        is_web = parts.scheme in {"http", "https"}
        match self.service, self.params:
            case "generic", (host,):
                return is_web and _host(parts) == host.lower()
            case "netlify", (site,):
                return is_web and _is_netlify(_host(parts), site.lower())
            case "vercel", (suffix, project):
                host = _host(parts)
                ours = host.endswith(f".{suffix.lower()}") and host.startswith(project.lower())
                return is_web and ours
            case "custom-scheme", (scheme,):
                return parts.scheme == scheme.lower() and parts.scheme not in COMMON_SCHEMES
            case _:
                return False


def is_authorized(origins: Iterable[Origin], url: str) -> bool:
    """Whether any of the places is where the URL is."""
    return any(origin.matches(url) for origin in origins)


def new_origin(service: Any, params: Any) -> Origin:
    """A row as a developer asks for it; raises `ValidationFailed`."""
    given = params if isinstance(params, list) else [params]
    match service:
        case "generic" if len(given) != 1:
            problem = "Host should be the only parameter."
        case "generic" if not isinstance(given[0], str) or not _HOST.match(given[0]):
            problem = "Host should be a string."
        case "netlify" if len(given) != 1 or not _is_name(given[0]):
            problem = "Netlify should have only the site name param."
        case "vercel" if len(given) != 2 or not all(_is_name(name) for name in given):
            problem = "Vercel should have deployment suffix and project name params."
        case "custom-scheme" if len(given) != 1 or not _is_name(given[0]):
            problem = "Custom scheme should have only one parameter."
        case "custom-scheme" if not _SCHEME.match(given[0]) or given[0].lower() in COMMON_SCHEMES:
            problem = f"The scheme `{given[0]}` is not allowed."
        case "generic" | "netlify" | "vercel" | "custom-scheme":
            return Origin(service, tuple(given))
        case _:
            problem = f"Unrecognized service {service}"
    raise ValidationFailed.one("origin", {"service": service, "params": params}, problem)


async def stored_origins(conn: Connection, app_id: str) -> list[Origin]:
    """The app's places."""
    cursor = await conn.execute(_ORIGINS, (app_id,))
    return [Origin(row[1], tuple(row[2])) for row in await cursor.fetchall()]


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    # Browsers take a backslash for a slash and skip blanks; a name before an @ passes for a host.
    if _MISREAD.search(url) or parts.username is not None or not parts.scheme:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    return parts.netloc.lower()


def _is_netlify(host: str, site: str) -> bool:
    deploys = (f"--{site}.netlify.app", f"--{site}.netlify.live")
    return host == f"{site}.netlify.app" or host.endswith(deploys)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(_HOST.match(value))
