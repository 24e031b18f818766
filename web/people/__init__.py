"""What a person sees of themselves: notices, settings, absence."""
