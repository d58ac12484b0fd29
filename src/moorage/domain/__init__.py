"""The nouns and their rules: pure, no clock, no disk, no network, no logging."""
