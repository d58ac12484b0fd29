"""ECR AWS-JSON 1.1: server, codec, shapes (generated), one handler file per family."""
