"""What makes a case a case: the few functions that the CRM's list definitions name. Importing registers them."""

from . import cases, events, links, names, ownership, people, products, relations

__all__ = ["cases", "events", "links", "names", "ownership", "people", "products", "relations"]
