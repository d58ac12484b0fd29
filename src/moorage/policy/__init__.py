"""IAM documents: parse, match, decide with reasons. Pure."""
