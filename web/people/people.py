"""The pages of this room, hung on one blueprint."""

from web.people import absence, bell, me, notices
from web.people.room import pages

__all__ = ["absence", "bell", "me", "notices", "pages"]  # the modules hang their pages on the blueprint
