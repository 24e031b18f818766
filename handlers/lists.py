"""The lists of the server that a form's `valuesKey` names: `(uow, office) -> options`."""

from engine.unit_of_work import ListProvider

LISTS: dict[str, ListProvider] = {
    # repair

    # customer information, complaint, return
}
