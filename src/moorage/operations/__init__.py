"""One public function per thing anyone can ask: authorise, decide, write, record."""
