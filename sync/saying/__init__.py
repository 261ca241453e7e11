"""What comments say: templates, samples of them, and how one talks to a client."""
