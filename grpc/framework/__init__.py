"""The layers of the RPC stack that know nothing of sockets: contracts, and what fulfils them.

From the bottom up:

- `common`: the enums that all layers share: how many messages a method takes, how it is served.
- `foundation`: tools without any notion of RPC: futures, streams, pools, abandonment.
- `interfaces.links`: what travels, a `Ticket`, and what it travels over, a `Link`.
- `interfaces.base`: operations: two sides exchange metadata, payloads and a completion, and
  both learn of one outcome. `core` implements it over links.
- `interfaces.face`: RPCs as people think of them: requests and responses, unary or streaming,
  blocking, as futures or event-driven. `crust` implements it over Base.

Arrows point down only: a layer imports the contract right beneath it, `foundation` and
`common`, and nothing else of this package. Nothing here opens a socket.
"""
