"""Hands mails to the SMTP server."""

import smtplib
import urllib.parse
from email.message import EmailMessage
from typing import Any

import sqlalchemy as sa

from engine.settings import Settings


def send(settings: Settings, letter: sa.Row[Any]) -> bool:
    """Hand a mail to the SMTP server (False: none set); the job's id is its Message-ID, so that a repeated one can be told."""
    if not settings.smtp_url:
        return False
    url = urllib.parse.urlsplit(settings.smtp_url)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, letter.recipient, letter.subject
    message["Message-ID"] = f"<{letter.id}@fuwuflow>"
    message.set_content(letter.body)
    with smtplib.SMTP(url.hostname or "localhost", url.port or 25, timeout=30) as server:
        if url.scheme == "smtps" or "starttls" in url.query:
            server.starttls()
        if url.username:
            server.login(urllib.parse.unquote(url.username), urllib.parse.unquote(url.password or ""))
        server.send_message(message)
    return True
