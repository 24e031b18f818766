"""`/deployment`: several files at once, checked whole or refused whole."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request

from engine import deployments, identity
from engine.diagram.check import File
from engine.errors import Forbidden
from engine.queries import definitions
from engine.unit_of_work import UnitOfWork
from web.rest import parameters
from web.rest.basic import unit_of_work
from web.rest.definitions import as_json as definition_as_json
from web.rest.operation import operation
from web.rest.refusals import RestRefusal
from web.rest.replies import link, moment, reply

pages = Blueprint("deployments", __name__)
FIELDS = frozenset({"deployment-name", "deployment-source", "enable-duplicate-filtering", "deploy-changed-only",
                    "deployment-activation-time", "tenant-id"})


@operation(pages, "POST", "/deployment/create", body="Deployment", reply="DeploymentCreated", takes_files=True)
def create() -> Response:
    """Deploy the files of a multipart form; what equals the latest version is not a new one."""
    with unit_of_work(writes=False) as uow:  # before a large upload is read
        _must_be_allowed(uow)
    files = _files()
    with unit_of_work(writes=True) as uow:
        _must_be_allowed(uow)
        form = request.form
        done = deployments.deploy(uow, files, name=form.get("deployment-name", ""), source=form.get("deployment-source"))
        told = _as_json(definitions.deployment_page(uow, done.id)[0])
        mine = [row for row in done.definitions if row.deployment_id == done.id]
        return reply({
            **told, "deployedProcessDefinitions": {r.id: definition_as_json(uow, r) for r in mine if r.kind == "process"} or None,
            "deployedCaseDefinitions": None,
            "deployedDecisionDefinitions": {r.id: _decision(r) for r in mine if r.kind == "decision"} or None,
            "deployedDecisionRequirementsDefinitions": None, "links": link(f"/deployment/{done.id}"),
        })


@operation(pages, "GET", "/deployment", reply=["DeploymentListed"], parameters=("firstResult", "maxResults"))
def listing() -> Response:
    """Deployments, newest first."""
    paging = parameters.paging_only()
    with unit_of_work(writes=False) as uow:
        return reply([{**_as_json(row), "links": []} for row in definitions.deployment_page(uow, paging=paging)])


@operation(pages, "GET", "/deployment/<deployment_id>", reply="DeploymentListed")
def one(deployment_id: str) -> Response:
    """One deployment."""
    with unit_of_work(writes=False) as uow:
        found = definitions.deployment_page(uow, deployment_id)
    if not found:
        raise RestRefusal(404, f"Deployment with id '{deployment_id}' does not exist")
    return reply({**_as_json(found[0]), "links": []})


def _must_be_allowed(uow: UnitOfWork) -> None:
    if not identity.may_deploy(uow.actor):
        raise Forbidden("may_not_deploy")


def _files() -> list[File]:
    if request.mimetype != "multipart/form-data":
        raise RestRefusal(415, "HTTP 415 Unsupported Media Type: multipart/form-data is taken", "NotSupportedException")
    nameless = sorted(name for name in request.form if name not in FIELDS)
    if nameless:
        raise RestRefusal(400, f"No file name found in the deployment resource described by form parameter '{nameless[0]}'.")
    refused = next((name for name in ("deployment-activation-time", "tenant-id") if request.form.get(name)), None)
    if refused:
        raise RestRefusal(400, f"The form parameter '{refused}' is not supported")
    files = [File(each.filename or name, each.read()) for name, each in request.files.items(multi=True)]
    if not files:
        raise RestRefusal(400, "No deployment resources contained in the form upload.")
    return files


def _as_json(row: sa.Row[Any]) -> dict[str, Any]:
    return {"id": row.id, "name": row.name or None, "source": row.source, "deploymentTime": moment(row.deployed_at),
            "tenantId": None}


def _decision(row: sa.Row[Any]) -> Mapping[str, Any]:
    return {"id": row.id, "key": row.key, "category": None, "name": row.name, "version": row.version,
            "resource": row.resource_name, "deploymentId": row.deployment_id, "tenantId": None,
            "decisionRequirementsDefinitionId": None, "decisionRequirementsDefinitionKey": None, "historyTimeToLive": None,
            "versionTag": None}
