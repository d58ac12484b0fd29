"""Placeholder until the real edge is here."""


class QueryEdge:
    def __init__(self, env): ...
    async def answer(self, request): raise NotImplementedError
    def broken(self, request): raise NotImplementedError
