"""The only room that imports SpiffWorkflow: tokens in, one step, tokens out. Pure; see `docs/tokens.md`.

| module | what it has |
| --- | --- |
| `steps` | `Start`, `Complete`, `Trigger` …: what can be asked; `Outcome`, `Trace`, `Subscription`: what comes back |
| `environment` | `Environment`: what a step asks about variables, conditions, instances |
| `elements`, `joins`, `scopes` | our subclasses of SpiffWorkflow's specifications: one for each BPMN element type |
| `compile` | the diagram's rows → `Spec`, shared by all cases of a bundle, never changed |
| `node` | the base of all elements, and the token that runs through them |
| `events` | who listens: boundary events, event sub-processes; the way of errors and escalations |
| `tree` < `instance` | the few SpiffWorkflow tasks of one case · how they run, come and go during one step |
| `place`, `tokens` | state → instance, instance → state, and what the case waits for |
| `run` | `run(spec, state, step, environment) -> Outcome` |
"""
