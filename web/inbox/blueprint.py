"""The blueprint that the modules of the inbox hang their pages on."""

from flask import Blueprint

pages = Blueprint("inbox", __name__, template_folder="templates")
