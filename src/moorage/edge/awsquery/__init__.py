"""IAM and STS: form in, XML out."""
