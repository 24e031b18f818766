"""Deployments: what is deployed, and a place to send more."""

from typing import Any

from flask import request

from engine import deployments
from engine.diagram.check import File
from engine.errors import DeploymentRefused, EngineError, InvalidValue, Problem
from web.access import needs, unit_of_work
from web.admin.room import field, pages, show, status


@pages.get("/deploy")
@needs("admin")
def deploy_page() -> str:
    """What is deployed, and a place to send more."""
    return _page()


@pages.post("/deploy")
@needs("admin", takes_files=True)
def deploy() -> str | tuple[str, int]:
    """Deploy the files, or say everything that stands in the way. They are received before the transaction begins."""
    files = [File(upload.filename.replace("\\", "/").rsplit("/", 1)[-1], upload.read())
             for upload in request.files.getlist("files") if upload.filename]
    name = field("name", 200) or ", ".join(file.name for file in files)[:200]
    try:
        if not files:
            raise InvalidValue("no_file", field="files", value="")
        with unit_of_work(writes=True) as uow:
            deployed = deployments.deploy(uow, files, name=name, source="web")
    except DeploymentRefused as error:
        return _page(problems=error.problems, error=error), status(error)
    except InvalidValue as error:
        return _page(error=error), status(error)
    return _page(problems=deployed.problems, deployed=deployed)


def _page(*, problems: tuple[Problem, ...] = (), error: EngineError | None = None, deployed: Any = None) -> str:
    with unit_of_work(writes=False) as uow:
        return show(uow, "deploy", "deploy", error, rows=deployments.listing(uow), problems=problems, deployed=deployed)
