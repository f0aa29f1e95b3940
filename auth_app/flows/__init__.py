"""One way to sign in, or out, a file: what is checked, in which order, and what is stored."""
