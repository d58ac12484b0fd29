"""Moorage: Amazon ECR that anyone can run."""
