"""The enactment service: it runs process definitions and knows neither Flask nor the company.

A lower line may import only from lines above it; pyproject.toml has the exact order (`make lint` holds it).

| room | what lives there |
| --- | --- |
| `errors`, `notice_words`, `migration_words` | what can go wrong, as facts · the sentences of notices and of migration |
| `canonical`, `ids`, `durations`, `xml` | one JSON, one form of id, ISO 8601, the one safe XML parser |
| `v8` < `expressions` < `calendar`, `decisions`, `forms` | V8 · FEEL · working time · DMN tables · form values. Pure |
| `diagram/` | safe parse, deploy rules. Pure |
| `spiff/` | the only importer of SpiffWorkflow: tokens in, one step, tokens out. Pure |
| `variables` < `evaluation` < `step` | variables by scope · what a step asks of its case · the step. Pure |
| `buttons` | the answers of a decision, read from the diagram. Pure |
| `settings`, `tables`, `migrations/`, `migrate` | one frozen dataclass, the only reader of the environment · the schema |
| `unit_of_work` | `ProcessEngine`, `UnitOfWork`, `Actor`; the only `commit` |
| `bundles`, `calendars`, `history`, `standstill` | what versions a case keeps · working calendars · the chained record |
| `duties` < `identity`, `passwords`, `search`, `job_rows`, `replies`, `worklist_changes` | every `may_…`, search, jobs, replies |
| `settings_of_people` < `notices` < `substitutions`, `reminders` | what a person chose, should know, is away · what fell due |
| `organization` < `offices`, `user_import` | what administrators change, each change on the record |
| `plain_entries` | what is typed for a variable without a form (pure) |
| `drafts`, `due_dates` | what was typed and not sent · moving a due date with its timer |
| `calendar_changes` < `calendar_import` | days and hours an administrator changes, a revision each · from a file |
| `uploads`, `document_store` | a received file made fit to keep (pure) · the object store, where there is one |
| `change` < `timers` < `waiting`, `activities` < `execution` | `advance`: load, apply one step, write the rows that mirror it |
| `notes` < `comments`, `documents` | what people add to the record of a case without moving it |
| `smtp` | mails are handed over |
| `recounting` | deadlines that wait follow a changed calendar |
| `migration_rows` < `migration_tasks` < `migration` | one open case goes to another version |
| `migration_rehearsal` < `migration_plans` | all cases of a version: the dry run · the plan, its progress, its undo |
| `erasing` < `destruction` | what a case holds goes · what two people decided is destroyed, one by one |
| `timer_starts` < `deployments` < `instances`, `actions` < `interventions` < `tasks` < `jobs` | the verbs |
| `modeling/` | drafts of definitions, their check and approval, the library; stands below `jobs`, which makes one effective |
| `watching` | who is told of a case |
| `worklist/` < `filters`, `case_list`, `cases`, `entries`, `queries/` | the read side: tasks, filters, cases, REST |
| `sandbox/` | definitions tried on a scratch company with a clock of its own; scenarios, also of finished cases |
| `directory`, `incidents`, `forecast` | the administrator's read side: people · what failed · what will fire |
| `audit/` | above `sandbox/`: verification, mirrors, recomputation, checkpoints, dossiers; find, replay, measure, sample |
| `chores` < `scheduler` | what recurs · the tick |
"""
