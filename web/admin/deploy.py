"""What is deployed, and bringing files in: as a draft, which takes effect when somebody else has approved it."""

from engine import deployments
from web.access import needs, unit_of_work
from web.admin.room import pages, show


@pages.get("/deploy")
@needs("admin")
def deploy_page() -> str:
    """What is deployed, and a form that begins a draft of files (`modeler.create_draft`)."""
    with unit_of_work(writes=False) as uow:
        return show(uow, "deploy", "deploy", rows=deployments.listing(uow))
