"""What a person sees: progress, tables and plain words. Everything shown is made harmless first."""
