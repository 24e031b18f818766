"""The invoked applications: what this company does when a service task asks, a subject a module (design.md §1)."""
