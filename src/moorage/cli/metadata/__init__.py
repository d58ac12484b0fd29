"""What a machine's own programs ask for role credentials: instance metadata, and the container credentials endpoint."""
