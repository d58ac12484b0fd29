"""The request path shared by all edges: ids, limits, errors, streaming, and the HTTP server itself."""
