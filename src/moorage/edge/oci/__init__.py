"""Docker/OCI distribution: routes, blobs, uploads, manifests, tags."""
