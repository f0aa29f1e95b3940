"""Sign-in as the operator configured it."""

from __future__ import annotations

from django.conf import settings

from auth_app.configuration import SignIn
from auth_app.mail import Mailer
from auth_app.oauth.discovery import ProviderDocuments
from auth_app.oauth.web import Web
from auth_app.sealing import Sealer


def configured_sign_in() -> SignIn:
    """From Django's settings."""
    chosen = settings.ENVIRONMENT
    web = Web(allows_private=chosen.oauth_private_hosts)
    return SignIn(
        sealer=Sealer(settings.SECRET_KEY),
        mailer=Mailer(chosen.email_sender, chosen.email_sender_name, chosen.email_reply_to),
        web=web,
        documents=ProviderDocuments(web),
        public_url=chosen.backend_url,
        requests_per_hour=chosen.sign_ins_per_hour,
        trusted_proxies=chosen.trusted_proxies,
    )
