"""Enums that every layer shares: the `cardinality` of a method and the `style` of serving it."""
