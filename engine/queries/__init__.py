"""Queries over definitions, process instances, user tasks and the record, by the filters of Camunda 7's query API.

The read side for programs (`web/rest/`); `worklist` and `cases` are the one for people. A field of a query class is the
filter of the same name in camelCase. A called process is a process instance here, with the id `<instance>.<token>`.
"""
