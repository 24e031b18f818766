"""What administrators do: deploy, settle incidents, read the mail."""
