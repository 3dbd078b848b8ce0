"""The demo's believable data: pure, seeded generators that know nothing of any database."""
