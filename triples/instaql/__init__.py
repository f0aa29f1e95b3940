"""InstaQL: from the client's JSON to one SQL statement, and from its row to the wire."""
