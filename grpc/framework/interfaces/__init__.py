"""The contracts between the layers: one package each for links, Base and Face.

Each package holds the contract in the module of its own name and a few ready-made values and
small adapters in `utilities`:

- `links.links`: `Ticket`, `Link`; implemented by every transport and, from above, by the core.
- `base.base`: `End`, `Operator`, `Servicer`; implemented by the core, used by the crust.
- `face.face`: stubs, multi-callables, contexts; implemented by the crust, used by the public APIs.

The contracts do not import one another: an implementation joins the two that it stands between.
"""
