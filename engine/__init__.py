"""The enactment service: it runs process definitions and knows neither Flask nor the company.

A lower line may import only from lines above it (`import-linter` and `tests/unit/test_architecture.py` hold this).

| room | what lives there |
| --- | --- |
| `errors`, `settings` | what can go wrong, as facts · one frozen dataclass, the only reader of the environment |
| `tables`, `migrations/` | the schema |
| `unit_of_work` | `ProcessEngine`, `UnitOfWork`, `Actor`; the only `commit` |
| `xml` | the one safe XML parser |
| `expressions` < `calendar`, `decisions`, `forms` | FEEL in V8 · working time · DMN tables · form values. Pure |
| `diagram/` | safe parse, deploy rules. Pure |
| `spiff/` | the only importer of SpiffWorkflow: tokens in, one step, tokens out. Pure |
| `variables`, `evaluation` | variables by scope · what a step asks of its case, answered by FEEL, DMN and forms. Pure |
| `history` < `identity` | the chained record · users, groups, offices and every `may_…` question |
| `bundles` | the definition versions a case keeps, compiled once a process |
| `execution` | `advance`: load, apply one step, write back |
| `deployments` < `instances` < `tasks` < `jobs` | the verbs |
| `worklist`, `cases` | the read side |
| `audit/` | verification and recomputation |
| `scheduler` | the tick |
"""
